#include <oldphoto/models/patch_discriminator.hpp>
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

using Features = std::vector<DiscriminatorFeatures<float>>;

PatchDiscriminator<> published_discriminator(const std::string& checkpoint) {
    return test::load_discriminator<PatchDiscriminator<>>(checkpoint);
}

test::Archive discriminator_arrays(const std::string& name) {
    return test::read_npz(test::fixture_path("disc/" + name + ".npz"));
}

Variable<float, 4> input_of(const test::Archive& arrays) {
    return Variable<float, 4>(test::tensor_of<float, 4>(arrays.at("input")));
}

/// Compares every feature with "MODE.scale{i}.layer{j}" and returns how many there were.
std::size_t check_features(const Features& scales, const test::Archive& arrays,
                           const std::string& mode) {
    std::size_t checked = 0;
    for (std::size_t i = 0; i < scales.size(); ++i) {
        for (std::size_t j = 0; j < scales[i].size(); ++j) {
            const auto name = mode + ".scale" + std::to_string(i) + ".layer" + std::to_string(j);
            INFO(name);
            const auto& expected = arrays.at(name);
            REQUIRE(to_vector(scales[i][j].shape()) == expected.dims);
            CHECK(test::absolute_error(scales[i][j].value().to_values(), expected.values<float>()) <
                  2e-4);
            ++checked;
        }
    }
    return checked;
}

}  // namespace

TEST_CASE("every layer of every scale gives what the published discriminator gives",
          "[models][parity]") {
    for (const std::string name : {"image", "image3"}) {
        INFO(name);
        const auto checkpoint = "disc_" + name + ".zip.pth";
        OLDPHOTO_NEEDS_FIXTURE("ckpt/" + checkpoint);
        const auto arrays = discriminator_arrays(name);
        const auto features = published_discriminator(checkpoint)(input_of(arrays));
        CHECK(check_features(features, arrays, "eval") + 1 == arrays.size());
    }
}

TEST_CASE("a discriminator with spectral norm iterates as the published one, from any container",
          "[models][parity]") {
    for (const std::string container : {"zip", "legacy"}) {
        INFO(container);
        const auto checkpoint = "disc_image_sn." + container + ".pth";
        OLDPHOTO_NEEDS_FIXTURE("ckpt/" + checkpoint);
        const auto arrays = discriminator_arrays("image_sn");
        const auto x = input_of(arrays);
        auto net = published_discriminator(checkpoint);
        CHECK(net.options().spectral_norm);
        std::size_t checked = check_features(net(x), arrays, "eval");
        net.set_training(true);
        checked += check_features(net(x), arrays, "train0");
        checked += check_features(net(x), arrays, "train1");
        for (const auto& [name, variable] : state_of<float>(net)) {
            const auto after = arrays.find("after_train1/" + name);
            if (after == arrays.end()) continue;
            INFO(name);
            CHECK(test::absolute_error(variable.value().to_values(),
                                       after->second.values<float>()) < 2e-4);
            ++checked;
        }
        CHECK(checked + 1 == arrays.size());
    }
}

TEST_CASE("the discriminators of published options have the published states", "[models][state]") {
    const auto lines = [](const PatchDiscriminatorOptions& options) {
        return test::state_lines<float>(PatchDiscriminator<>(options, Init::zeros()));
    };
    CHECK(lines({}) == test::published_lines("disc_image_3ch"));
    CHECK(lines({.in_channels = 6}) == test::published_lines("disc_mapping_6ch"));
    CHECK(lines({.in_channels = 6, .spectral_norm = true}) ==
          test::published_lines("disc_mapping_6ch_sn"));
    CHECK(count_parameters<float>(PatchDiscriminator<>({}, Init::zeros())) == 5529474);
}

TEST_CASE("sizes grow by the padding, and each scale halves the picture", "[models][forward]") {
    const PatchDiscriminator<> net({.width = 1, .max_width = 3, .scales = 2}, Init::zeros());
    const auto features = net(Variable<float, 4>(Tensor<float, 4>::ones({1, 3, 256, 5})));
    REQUIRE(features.size() == 2);
    const auto shapes = [](const DiscriminatorFeatures<float>& scale) {
        std::vector<std::vector<Index>> list;
        for (const auto& feature : scale) list.push_back(to_vector(feature.shape()));
        return list;
    };
    using Shapes = std::vector<std::vector<Index>>;
    CHECK(shapes(features[0]) ==
          Shapes{{1, 1, 129, 3}, {1, 2, 65, 2}, {1, 3, 33, 2}, {1, 3, 34, 3}, {1, 1, 35, 4}});
    CHECK(shapes(features[1]) ==
          Shapes{{1, 1, 65, 2}, {1, 2, 33, 2}, {1, 3, 17, 2}, {1, 3, 18, 3}, {1, 1, 19, 4}});
    const auto maps = score_maps(features);
    REQUIRE(maps.size() == 2);
    CHECK(maps[0].shape() == Shape<4>{1, 1, 35, 4});
    CHECK(maps[1].shape() == Shape<4>{1, 1, 19, 4});
}

TEST_CASE("the gradients of all features match central differences", "[models][gradient]") {
    for (const bool spectral_norm : {false, true}) {
        INFO("spectral norm: " << spectral_norm);
        Rng rng(1);
        const PatchDiscriminator<double> net({.in_channels = 1,
                                              .width = 1,
                                              .max_width = 2,
                                              .layers = 2,
                                              .scales = 2,
                                              .spectral_norm = spectral_norm},
                                             rng);
        const auto x = test::random_variable(Shape<4>{1, 1, 7, 6}, 2);
        auto inputs = parameters_of<double>(net);
        inputs.push_back(x);
        const auto loss = [&] {
            Variable<double, 0> total;
            for (const auto& scale : net(x)) {
                for (const auto& feature : scale) {
                    const auto term = mean(square(feature));
                    total = total.empty() ? term : Variable<double, 0>(total + term);
                }
            }
            return total;
        };
        // Norms of so few pixels bend much within larger steps.
        CHECK(testing::gradcheck(loss, inputs, {.step = 1e-6}) < 1e-7);
    }
}

TEST_CASE("a discriminator refuses options that it cannot have", "[models][error]") {
    const auto message = [](const PatchDiscriminatorOptions& options) {
        return test::message_of<OptionError>([&] { options.check(); });
    };
    const std::string name = "patch_discriminator: ";
    CHECK(message({}).empty());
    CHECK(message({.in_channels = 0}) == name + "in_channels must be positive, got 0");
    CHECK(message({.width = 0}) == name + "width must be positive, got 0");
    CHECK(message({.max_width = 63}) == name + "max_width must be at least width, got 63");
    CHECK(message({.layers = 0}) == name + "layers must lie in 1..15, got 0");
    CHECK(message({.scales = 16}) == name + "scales must lie in 1..15, got 16");
    CHECK_THROWS_AS(PatchDiscriminator<>({.layers = 16}, Init::zeros()), OptionError);
}

TEST_CASE("a discriminator refuses pictures of other channels", "[models][error]") {
    const PatchDiscriminator<> net({.width = 1}, Init::zeros());
    CHECK_THROWS_AS(net(Variable<float, 4>(Tensor<float, 4>::ones({1, 6, 8, 8}))), ShapeError);
}
