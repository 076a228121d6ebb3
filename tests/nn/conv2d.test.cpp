#include <oldphoto/nn/conv2d.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"
#include "../support/state.hpp"

using namespace oldphoto;
using test::Lines;

TEST_CASE("Conv2d holds a weight (O, C / groups, kh, kw) and a bias unless told not to",
          "[nn][state]") {
    Rng rng;
    const Conv2dLayerOptions options{
        .in_channels = 4, .out_channels = 6, .kernel = {3, 2}, .groups = 2};
    CHECK(test::state_lines<float>(Conv2d<>(options, rng)) == Lines{"weight 6x2x3x2", "bias 6"});
    auto bare = options;
    bare.bias = false;
    CHECK(test::state_lines<float>(Conv2d<>(bare, rng)) == Lines{"weight 6x2x3x2"});
}

TEST_CASE("ConvTranspose2d holds a weight (C, O / groups, kh, kw)", "[nn][state]") {
    Rng rng;
    const ConvTranspose2d<> layer(
        {.in_channels = 4, .out_channels = 6, .kernel = {3, 2}, .groups = 2}, rng);
    CHECK(test::state_lines<float>(layer) == Lines{"weight 4x3x3x2", "bias 6"});
}

TEST_CASE("convolution layers compute what their ops do with all their options", "[nn][forward]") {
    Rng rng(1);
    const Variable<float, 4> x(test::random_tensor<float>(Shape<4>{2, 4, 9, 8}, 2));
    const auto values = [](const Variable<float, 4>& y) { return y.value().to_values(); };
    const auto parameters_and_none = [](const auto& layer) {
        const auto state = state_of<float>(layer);
        REQUIRE(state.size() == 1);
        const auto dims = state[0].variable.dims();
        return std::pair{Variable<float, 4>(state[0].variable.value().reshape(
                             Shape<4>{dims[0], dims[1], dims[2], dims[3]})),
                         Variable<float, 1>(Tensor<float, 1>::zeros({0}))};
    };

    const Conv2d<> conv({.in_channels = 4,
                         .out_channels = 6,
                         .kernel = 3,
                         .stride = {1, 2},
                         .padding = {2, 1},
                         .dilation = 2,
                         .groups = 2,
                         .bias = false},
                        rng);
    const auto [w, none] = parameters_and_none(conv);
    CHECK(values(conv(x)) == values(conv2d(x, w, none, {{1, 2}, {2, 1}, 2, 2})));

    const ConvTranspose2d<> transposed({.in_channels = 4,
                                        .out_channels = 6,
                                        .kernel = 3,
                                        .stride = 2,
                                        .padding = 1,
                                        .output_padding = {1, 0},
                                        .dilation = 2,
                                        .groups = 2,
                                        .bias = false},
                                       rng);
    const auto [v, nothing] = parameters_and_none(transposed);
    CHECK(values(transposed(x)) == values(conv_transpose2d(x, v, nothing, {2, 1, {1, 0}, 2, 2})));
}

TEST_CASE("convolution layers refuse what cannot be built", "[nn][error]") {
    const auto conv = [](const Conv2dLayerOptions& o) { return Conv2d<>(o, Init::zeros()); };
    CHECK_THROWS_WITH(conv({.in_channels = 5, .out_channels = 4, .kernel = 3, .groups = 2}),
                      "conv2d: channels must be positive multiples of groups, got 5 -> 4 in 2 "
                      "groups");
    CHECK_THROWS_AS(conv({.in_channels = 4, .out_channels = 5, .kernel = 3, .groups = 2}),
                    OptionError);
    CHECK_THROWS_AS(conv({.in_channels = 0, .out_channels = 5, .kernel = 3}), OptionError);
    CHECK_THROWS_WITH(conv({.in_channels = 4, .out_channels = 4, .kernel = 3, .groups = 0}),
                      "conv2d: groups must be positive, got (0, 0)");
    CHECK_THROWS_WITH(conv({.in_channels = 4, .out_channels = 4, .kernel = {3, 0}}),
                      "conv2d: kernel must be positive, got (3, 0)");
    CHECK_THROWS_WITH(
        ConvTranspose2d<>({.in_channels = 4, .out_channels = -1, .kernel = 3}, Init::zeros()),
        "conv_transpose2d: channels must be positive multiples of groups, got 4 -> -1 in 1 groups");
}
