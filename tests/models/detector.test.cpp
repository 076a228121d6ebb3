#include <oldphoto/models/detector.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/checkpoints.hpp"
#include "../support/files.hpp"
#include "../support/fixtures.hpp"
#include "../support/networks.hpp"
#include "../support/random.hpp"
#include "../support/state.hpp"
#include <cmath>

using namespace oldphoto;

namespace {

constexpr const char* detector_checkpoint = "ckpt/detection.safetensors";

ScratchDetector<> published_detector() {
    return test::load_detector("detection.safetensors");
}

Variable<float, 4> detector_array(const std::string& name) {
    return Variable<float, 4>(
        test::tensor_of<float, 4>(test::read_npy(test::fixture_path("unet/" + name + ".npy"))));
}

}  // namespace

TEST_CASE("a detector finds what the published one finds", "[models][parity]") {
    OLDPHOTO_NEEDS_FIXTURE(detector_checkpoint);
    const auto detector = published_detector();
    const auto logits = detector_array("logits").value();
    const auto x = detector_array("input");
    CHECK(test::absolute_error(detector(x).value().to_values(), logits.to_values()) < 1e-4);
    const auto probability = detector.probability(x).value();
    for (Index i = 0; i < logits.size(); ++i) {
        CHECK(probability[i] == Approx(1 / (1 + std::exp(-logits[i]))).margin(1e-4));
    }
}

TEST_CASE("every stage of a detector gives what the published one gives", "[models][parity]") {
    OLDPHOTO_NEEDS_FIXTURE(detector_checkpoint);
    const auto detector = published_detector();
    const auto taps = test::read_npz(test::fixture_path("unet/taps.npz"));
    std::size_t checked = 0;
    const auto check = [&](const std::string& name, const Variable<float, 4>& y) {
        INFO(name);
        CHECK(test::absolute_error(y, taps.at(name)) < 1e-4);
        ++checked;
    };
    auto y = detector.first()(detector_array("input"));
    check("first", y);
    std::vector<Variable<float, 4>> skips;
    for (std::size_t d = 0; d < detector.down_path().size(); ++d) {
        skips.push_back(y);
        const auto half = detector.down_sample()[d](y);
        check("down_sample." + std::to_string(d), half);
        y = detector.down_path()[d](half);
        check("down_path." + std::to_string(d), y);
    }
    for (std::size_t j = 0; j < detector.up_path().size(); ++j) {
        y = detector.up_path()[j](y, skips[skips.size() - 1 - j]);
        check("up_path." + std::to_string(j), y);
    }
    CHECK(checked == taps.size());
}

TEST_CASE("a detector in training takes and keeps the batch's statistics as the published one",
          "[models][parity]") {
    OLDPHOTO_NEEDS_FIXTURE(detector_checkpoint);
    auto detector = published_detector();
    detector.set_training(true);
    const auto arrays = test::read_npz(test::fixture_path("unet/train_mode.npz"));
    const Variable<float, 4> x(test::tensor_of<float, 4>(arrays.at("input")));
    CHECK(test::absolute_error(detector(x), arrays.at("logits")) < 1e-4);
    std::size_t checked = 0;
    for (const auto& [name, variable] : state_of<float>(detector)) {
        const auto after = arrays.find("after/" + name);
        if (after == arrays.end()) continue;
        INFO(name);
        ++checked;
        if (name.ends_with("num_batches_tracked")) {
            CHECK(variable.value().item() ==
                  static_cast<float>(after->second.values<std::int64_t>().front()));
        } else {
            const auto expected = after->second.values<float>();
            CHECK(test::absolute_error(variable.value().to_values(), expected) < 1e-4);
        }
    }
    CHECK(checked + 2 == arrays.size());
}

TEST_CASE("the detector of default options is the published one", "[models][state]") {
    const ScratchDetector<> detector({}, Init::zeros());
    CHECK(test::state_lines<float>(detector) == test::published_lines("detection_model_state"));
    CHECK(count_parameters<float>(detector) == 37626177);
    CHECK(detector.options().size_multiple() == 16);
    CHECK(detector.options().smallest_side() == 32);
}

TEST_CASE("a detector keeps a picture's size down to the smallest", "[models][forward]") {
    for (Index depth = 1; depth <= 3; ++depth) {
        const DetectorOptions options{
            .in_channels = 2, .out_channels = 3, .width = 1, .depth = depth};
        const ScratchDetector<> detector(options, Init::zeros());
        const Index side = options.smallest_side();
        const Index longer = side + options.size_multiple();
        const Variable<float, 4> x(Tensor<float, 4>::ones({2, 2, side, longer}));
        CHECK(detector(x).shape() == Shape<4>{2, 3, side, longer});
    }
}

TEST_CASE("the gradients of a whole detector match central differences", "[models][gradient]") {
    for (const bool training : {false, true}) {
        INFO("training: " << training);
        Rng rng(1);
        ScratchDetector<double> detector({.width = 1, .depth = 1}, rng);
        detector.set_training(training);
        const auto x = test::random_variable(Shape<4>{2, 1, 4, 6}, 2);
        auto inputs = parameters_of<double>(detector);
        inputs.push_back(x);
        // Norms of so few pixels bend much within larger steps.
        CHECK(testing::gradcheck([&] { return detector(x); }, inputs, {.step = 1e-6}) < 1e-7);
    }
}

TEST_CASE("a detector names the sides and channels that it needs", "[models][error]") {
    const ScratchDetector<> detector({.width = 1}, Init::zeros());
    const auto run = [&](const Shape<4>& shape) {
        return detector(Variable<float, 4>(Tensor<float, 4>::ones(shape)));
    };
    CHECK_THROWS_WITH(run({1, 1, 40, 64}),
                      "detector: expected (N, 1, H, W) with sides that are multiples of 16 from 32 "
                      "on\n  x (N, C, H, W) = (1, 1, 40, 64)");
    CHECK_THROWS_AS(run({1, 1, 64, 16}), ShapeError);
    CHECK_THROWS_AS(run({1, 3, 64, 64}), ShapeError);
}

TEST_CASE("a detector refuses options that it cannot have", "[models][error]") {
    const auto message = [](const DetectorOptions& options) {
        return test::message_of<OptionError>([&] { options.check(); });
    };
    CHECK(message({}).empty());
    CHECK(message({.in_channels = 0}) == "detector: in_channels must be positive, got 0");
    CHECK(message({.out_channels = 0}) == "detector: out_channels must be positive, got 0");
    CHECK(message({.width = -1}) == "detector: width must be positive, got -1");
    CHECK(message({.depth = 0}) == "detector: depth must lie in 1..15, got 0");
    CHECK(message({.depth = 16}) == "detector: depth must lie in 1..15, got 16");
    CHECK_THROWS_AS(ScratchDetector<>({.depth = 16}, Init::zeros()), OptionError);
}

TEST_CASE("a detector refuses the weights of another network", "[models][error]") {
    const ScratchDetector<> detector({.width = 1, .depth = 1}, Init::zeros());
    NamedArrays arrays;
    save_state<float>(detector, arrays, "");
    const auto message = [&](const NamedArrays& others) {
        return test::message_of<WeightsError>([&] { load_state<float>(detector, others, "f"); });
    };
    CHECK(message(arrays).empty());
    NamedArrays wrapped;
    save_state<float>(detector, wrapped, "module.");
    CHECK(message(wrapped) ==
          "f: \"first.1.weight\" is missing; the network has it as (1, 1, 7, 7)\n"
          "  \"module.first.1.weight\" (1, 1, 7, 7) is not a part of the network");
    arrays.insert("up_path.1.up.2.bias", Array(DType::f32, {1}));
    CHECK(message(arrays) == "f: \"up_path.1.up.2.bias\" (1) is not a part of the network");
}
