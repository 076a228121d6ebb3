#include <oldphoto/models/latent_discriminator.hpp>

#include <catch2/catch.hpp>

#include "../support/checkpoints.hpp"
#include "../support/fixtures.hpp"
#include "../support/networks.hpp"
#include "../support/state.hpp"

using namespace oldphoto;

TEST_CASE("every layer of a latent discriminator gives what the published one gives",
          "[models][parity]") {
    const auto net = test::load_discriminator<LatentDiscriminator<>>("disc_feat.zip.pth");
    const auto arrays = test::read_npz(test::fixture_path("disc/feat.npz"));
    const auto features = net(Variable<float, 4>(test::tensor_of<float, 4>(arrays.at("input"))));
    REQUIRE(features.size() + 1 == arrays.size());
    for (std::size_t j = 0; j < features.size(); ++j) {
        const auto name = "eval.scale0.layer" + std::to_string(j);
        INFO(name);
        const auto& expected = arrays.at(name);
        REQUIRE(to_vector(features[j].shape()) == expected.dims);
        CHECK(test::absolute_error(features[j].value().to_values(), expected.values<float>()) <
              2e-4);
    }
}

TEST_CASE("the latent discriminator of default options is the published one", "[models][state]") {
    const LatentDiscriminator<> net(latent_discriminator_options(), Init::zeros());
    CHECK(test::state_lines<float>(net) == test::published_lines("disc_latent_64ch"));
    CHECK(latent_discriminator_options(12).in_channels == 12);
}

TEST_CASE("a latent discriminator has one scale", "[models][error]") {
    CHECK_THROWS_WITH(LatentDiscriminator<>({.width = 1, .scales = 2}, Init::zeros()),
                      "latent_discriminator: expected one scale, got 2");
}
