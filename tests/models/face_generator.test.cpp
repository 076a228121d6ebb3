#include <oldphoto/models/face_generator.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/checkpoints.hpp"
#include "../support/files.hpp"
#include "../support/fixtures.hpp"
#include "../support/networks.hpp"
#include "../support/random.hpp"
#include "../support/state.hpp"

using namespace oldphoto;

namespace {

using Generator = FaceGenerator<float>;

Variable<float, 4> ones(const Shape<4>& shape) {
    return Variable<float, 4>(Tensor<float, 4>::ones(shape));
}

Generator small_generator(Index labels) {
    return Generator({.size = 32, .width = 1, .hidden = 1, .labels = labels}, Init::zeros());
}

}  // namespace

TEST_CASE("a face generator paints what the published one paints, block by block",
          "[models][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("ckpt/face_spade.zip.pth");
    const auto generator = test::load_face_generator("face_spade.zip.pth", 64);
    const auto stored = [](const std::string& name) {
        return test::read_npy(test::fixture_path("face/" + name + ".npy"));
    };
    const Variable<float, 4> face(test::tensor_of<float, 4>(stored("input")));
    CHECK(test::absolute_error(generator(face), stored("output")) < 2e-4);

    const auto taps = test::read_npz(test::fixture_path("face/taps.npz"));
    std::size_t checked = 0;
    const auto check = [&](const std::string& name, const Variable<float, 4>& y) {
        INFO(name);
        CHECK(test::absolute_error(y, taps.at(name)) < 2e-4);
        ++checked;
    };
    auto x = generator.begin(face);
    check("fc", x);
    for (std::size_t k = 0; k < generator.blocks().size(); ++k) {
        const auto& block = generator.blocks()[k];
        const auto condition = generator.condition(face, {}, k);
        x = generator.enlarged(x, k);
        if (k == 0) check("head_0.norm_0", block.norm_0()(x, condition));
        x = block(x, condition);
        check(Generator::stages[k].name, x);
    }
    CHECK(checked == taps.size());
}

TEST_CASE("a face generator with a parsing map paints what the published one paints",
          "[models][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("ckpt/face_spade_parsing.zip.pth");
    const auto generator = test::load_face_generator("face_spade_parsing.zip.pth", 96);
    CHECK(generator.options().labels == 18);
    const auto arrays = test::read_npz(test::fixture_path("face/parsing.npz"));
    const Variable<float, 4> face(test::tensor_of<float, 4>(arrays.at("input")));
    const auto labels = arrays.at("seg").values<std::uint8_t>();
    const Variable<float, 4> parsing(Tensor<float, 4>::from_values(
        {1, 18, 96, 96}, std::vector<float>(labels.begin(), labels.end())));
    CHECK(test::absolute_error(generator(face, parsing), arrays.at("output")) < 2e-4);
}

TEST_CASE("the face generator of default options is the published one", "[models][state]") {
    const Generator generator({}, Init::zeros());
    CHECK(test::state_lines<float>(generator) == test::published_lines("face_spade_256"));
    CHECK(count_parameters<float>(generator) == 92059587);
}

TEST_CASE("a parsing map takes the face's place in the first layer and joins it in the others",
          "[models][state]") {
    const auto lines = test::state_lines<float>(small_generator(18));
    CHECK(lines.front() == "fc.weight 16x18x3x3");
    for (const auto& line : lines) {
        if (line.find("mlp_shared.0.weight") == std::string::npos) continue;
        CHECK(line.ends_with(" 1x21x3x3"));
    }
}

TEST_CASE("a face generator keeps the size of faces", "[models][forward]") {
    for (const Index size : {32, 64}) {
        const Generator generator({.size = size, .channels = 1, .width = 1, .hidden = 2},
                                  Init::zeros());
        CHECK(generator(ones({2, 1, size, size})).shape() == Shape<4>{2, 1, size, size});
    }
    const auto parsed = small_generator(2)(ones({1, 3, 32, 32}), ones({1, 2, 32, 32}));
    CHECK(parsed.shape() == Shape<4>{1, 3, 32, 32});
}

TEST_CASE("gradients come through all of a face generator", "[models][gradient]") {
    Rng rng(1);
    const FaceGenerator<double> generator(
        {.size = 32, .channels = 1, .width = 1, .hidden = 1, .labels = 1}, rng);
    const auto face = test::random_variable(Shape<4>{1, 1, 32, 32}, 2);
    const auto parsing = test::random_variable(Shape<4>{1, 1, 32, 32}, 3);
    // The first and the last layer, and what lies between for a sample.
    ParameterList<double> inputs;
    for (const auto& [name, variable] : state_of<double>(generator)) {
        if (name.starts_with("fc.") || name.starts_with("conv_img.") ||
            name == "head_0.norm_0.mlp_shared.0.weight" || name == "up_2.conv_s.weight_orig") {
            inputs.push_back(variable);
        }
    }
    REQUIRE(inputs.size() == 6);
    CHECK(testing::gradcheck([&] { return generator(face, parsing); }, inputs, {.step = 1e-6}) <
          1e-6);
}

TEST_CASE("a face generator refuses options that it cannot have", "[models][error]") {
    const auto message = [](const FaceGeneratorOptions& options) {
        return test::message_of<OptionError>([&] { options.check(); });
    };
    const std::string name = "face_generator: ";
    CHECK(message({}).empty());
    CHECK(message({.size = 512}).empty());
    CHECK(message({.size = 0}) == name + "size must be a positive multiple of 32, got 0");
    CHECK(message({.size = 100}) == name + "size must be a positive multiple of 32, got 100");
    CHECK(message({.channels = 0}) == name + "channels must be positive, got 0");
    CHECK(message({.width = 0}) == name + "width must be positive, got 0");
    CHECK(message({.hidden = 0}) == name + "hidden must be positive, got 0");
    CHECK(message({.labels = -1}) == name + "labels must not be negative, got -1");
    CHECK_THROWS_AS(Generator({.size = 33}, Init::zeros()), OptionError);
}

TEST_CASE("a face generator says what it expects", "[models][error]") {
    const auto plain = small_generator(0);
    const auto parsed = small_generator(2);
    const auto face = ones({2, 3, 32, 32});
    CHECK_THROWS_WITH(plain(ones({2, 3, 32, 64})),
                      "face_generator: the face has another size or other channels\n"
                      "  face (N, C, H, W) = (2, 3, 32, 64)\n"
                      "  expected (C, H, W) = (3, 32, 32)");
    CHECK_THROWS_WITH(plain(face, ones({2, 2, 32, 32})),
                      "face_generator: this network takes no parsing map");
    CHECK_THROWS_WITH(parsed(face), "face_generator: this network needs a parsing map");
    CHECK_THROWS_WITH(parsed(face, ones({1, 2, 32, 32})),
                      "face_generator: the parsing map does not fit the face\n"
                      "  parsing (N, C, H, W) = (1, 2, 32, 32)\n"
                      "  expected = (2, 2, 32, 32)");
}
