#include <oldphoto/nn/activation.hpp>
#include <oldphoto/nn/linear.hpp>

#include <catch2/catch.hpp>

#include "../support/state.hpp"

using namespace oldphoto;
using test::Lines;

TEST_CASE("Linear multiplies by its weight's rows and adds its bias", "[nn][forward]") {
    const Linear<double> layer({.in_features = 2, .out_features = 3}, Init::zeros());
    const auto state = state_of<double>(layer);
    CHECK(test::state_lines<double>(layer) == Lines{"weight 3x2", "bias 3"});
    state[0].variable.value().assign(Tensor<double, 1>::from_values({6}, {1, 2, 3, 4, 5, 6}));
    state[1].variable.value().assign(Tensor<double, 1>::from_values({3}, {0.5, 0, -60}));
    // (10, 1): 12.5, 34, 56 - 60 = -4, which relu drops.
    const Variable<double, 2> x(Tensor<double, 2>::from_values({1, 2}, {10, 1}));
    CHECK(Relu{}(layer(x)).value().to_values() == std::vector<double>{12.5, 34, 0});
}

TEST_CASE("Linear has no bias when told so, and needs features", "[nn][error]") {
    Rng rng;
    const Linear<> layer({.in_features = 2, .out_features = 3, .bias = false}, rng);
    CHECK(test::state_lines<float>(layer) == Lines{"weight 3x2"});
    CHECK(layer(Variable<float, 2>(Tensor<float, 2>::ones({4, 2}))).shape() == Shape<2>{4, 3});
    CHECK_THROWS_WITH(Linear<>({.in_features = 0, .out_features = 3}, rng),
                      "linear: features must be positive, got 0 -> 3");
}
