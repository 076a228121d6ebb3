#include <oldphoto/nn/patch_attention.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/random.hpp"
#include "../support/state.hpp"

using namespace oldphoto;
using test::Lines;

TEMPLATE_TEST_CASE("patch attention equals the published layer, value and all gradients",
                   "[nn][parity]", float, double) {
    using T = TestType;
    OLDPHOTO_NEEDS_FIXTURE("ops/patch_attention.npz");
    const auto fixture = test::read_npz(test::fixture_path("ops/patch_attention.npz"));
    PatchAttention<T> layer({.channels = 4, .patch = 2}, Init::zeros());
    layer.set_training(true);
    const auto state = state_of<T>(layer);
    REQUIRE(state.size() == 6);
    for (const auto& [name, variable] : state) {
        const auto stored = fixture.at("param/" + name).template values<float>();
        variable.value().assign(Tensor<T, 1>::from_values(
            {variable.size()}, std::vector<T>(stored.begin(), stored.end())));
    }
    const auto mask = test::tensor_of<T, 4>(fixture.at("mask"));
    const Variable<T, 4> x(test::tensor_of<T, 4>(fixture.at("x")), true);

    const auto holes = hole_map(mask, {8, 6});
    const auto sources = patch_sources(layer.res_block()(x).value(), holes, layer.options());
    const auto index = fixture.at("index").template values<std::int64_t>();
    for (std::size_t n = 0; n < 2; ++n) {
        for (std::size_t k = 0; k < 12; ++k) CHECK(sources[n][k] == index[12 * n + k]);
    }

    auto parameters = parameters_of<T>(layer);
    parameters.push_back(x);
    Program program;
    Variable<T, 4> y;
    Variable<T, 0> loss;
    {
        const auto recording = program.record();
        y = layer(x, mask);
        loss = sum(y * test::tensor_of<T, 4>(fixture.at("gy")));
    }
    program.backward(loss, parameters);

    const auto expected = [&](const std::string& name) {
        return fixture.at(name).template values<float>();
    };
    CHECK(test::relative_error(y.value().to_values(), expected("y")) < 1e-4);
    CHECK(test::relative_error(x.gradient().to_values(), expected("gx")) < 1e-4);
    for (const auto& [name, variable] : state) {
        INFO(name);
        const auto gradient = variable.gradient().to_values();
        if (name.starts_with("res_block") && name.ends_with("bias")) {
            // A norm follows: zero but for rounding.
            CHECK(test::absolute_error(gradient, expected("grad/" + name)) < 1e-5);
        } else {
            CHECK(test::relative_error(gradient, expected("grad/" + name)) < 1e-4);
        }
    }
}

TEST_CASE("patch attention names its layers as the published one does", "[nn][state]") {
    CHECK(test::state_lines<float>(PatchAttention<>({.channels = 2, .patch = 4}, Init::zeros())) ==
          Lines{"F_Combine.weight 2x5x3x3", "F_Combine.bias 2",
                "res_block.0.conv_block.1.weight 2x2x3x3", "res_block.0.conv_block.1.bias 2",
                "res_block.0.conv_block.5.weight 2x2x3x3", "res_block.0.conv_block.5.bias 2"});
}

TEST_CASE("patch attention combines the latent, its patches and the holes, in this order",
          "[nn][forward]") {
    // With zero weights the residual block hands its input on; F_Combine adds up 100 z + 10 patches
    // + holes.
    const PatchAttention<double> layer({.channels = 1, .patch = 1}, Init::zeros());
    const auto weight = parameters_of<double>(layer).front().value();
    weight[4] = 100;
    weight[9 + 4] = 10;
    weight[18 + 4] = 1;
    const Variable<double, 4> z(Tensor<double, 4>::from_values({1, 1, 2, 2}, {3, 2, -4, 5}));
    const auto mask = Tensor<double, 4>::from_values({1, 1, 2, 2}, {0, 1, 0, 0});
    CHECK(layer(z, mask).value().to_values() == std::vector<double>{330, 231, -440, 550});
}

TEST_CASE("training decides which path patch attention takes", "[nn][forward]") {
    PatchAttention<float> layer({.channels = 1, .patch = 2, .hole_share = 0.25}, Init::zeros());
    CHECK(layer.options().path == PatchPath::inference);
    CHECK(layer.options().hole_share == 0.25);
    const Variable<float, 4> ragged(Tensor<float, 4>::ones({1, 1, 2, 3}));
    const auto mask = Tensor<float, 4>::zeros({1, 1, 8, 12});
    CHECK(layer(ragged, mask).shape() == ragged.shape());
    layer.set_training(true);
    CHECK(layer.options().path == PatchPath::training);
    CHECK_THROWS_AS(layer(ragged, mask), ShapeError);
}

TEST_CASE("the gradients of patch attention match central differences", "[nn][gradient]") {
    for (const bool training : {false, true}) {
        Rng rng(1);
        PatchAttention<double> layer({.channels = 2, .patch = 2}, rng);
        layer.set_training(training);
        const auto z = test::random_variable(Shape<4>{2, 2, 4, 6}, 2);
        const auto mask = Tensor<double, 4>::zeros({2, 1, 16, 24});
        mask.slice(3, 8, 16).fill(1);
        auto inputs = parameters_of<double>(layer);
        inputs.push_back(z);
        CHECK(testing::gradcheck([&] { return layer(z, mask); }, inputs) < 1e-7);
    }
}

TEST_CASE("patch attention refuses a patch without pixels and masks of other batches",
          "[nn][error]") {
    CHECK_THROWS_WITH(PatchAttention<>({.channels = 2, .patch = 0}, Init::zeros()),
                      "patch_attention: patch must be positive, got 0");
    const PatchAttention<> layer({.channels = 1, .patch = 2}, Init::zeros());
    const Variable<float, 4> z(Tensor<float, 4>::ones({2, 1, 2, 2}));
    CHECK_THROWS_AS(layer(z, Tensor<float, 4>::ones({1, 1, 8, 8})), ShapeError);
    CHECK_THROWS_AS(layer(z, Tensor<float, 4>::ones({2, 3, 8, 8})), ShapeError);
}
