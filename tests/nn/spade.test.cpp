#include <oldphoto/nn/spade.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"
#include "../support/state.hpp"
#include <cmath>

using namespace oldphoto;
using test::Lines;

TEST_CASE("Spade has the state of the published one", "[nn][state]") {
    const Spade<> norm({.channels = 2, .condition_channels = 3, .hidden_channels = 4},
                       Init::zeros());
    CHECK(test::state_lines<float>(norm) ==
          Lines{"param_free_norm.running_mean 2", "param_free_norm.running_var 2",
                "param_free_norm.num_batches_tracked ", "mlp_shared.0.weight 4x3x3x3",
                "mlp_shared.0.bias 4", "mlp_gamma.weight 2x4x3x3", "mlp_gamma.bias 2",
                "mlp_beta.weight 2x4x3x3", "mlp_beta.bias 2"});
    CHECK(count_parameters<float>(norm) == 4 * 27 + 4 + 2 * (2 * 36 + 2));
}

TEST_CASE("Spade scales and shifts each pixel by what the condition gives there", "[nn][forward]") {
    const Spade<double> norm({.channels = 1, .condition_channels = 1, .hidden_channels = 1},
                             Init::zeros());
    const auto parameters = parameters_of<double>(norm);
    REQUIRE(parameters.size() == 6);
    parameters[0].value()[4] = 1;   // shared: the condition itself
    parameters[2].value()[4] = 2;   // gamma
    parameters[4].value()[4] = -1;  // beta
    parameters[5].value()[0] = 7;
    const auto row = [](double left, double right) {
        return Variable<double, 4>(Tensor<double, 4>::from_values({1, 1, 1, 2}, {left, right}));
    };
    // Running mean 0 and variance 1; relu(3) = 3 and relu(-5) = 0.
    const auto y = norm(row(4, 4), row(3, -5)).value();
    const double n = 4 / std::sqrt(1 + 1e-5);
    CHECK(y[0] == Approx(n * (1 + 2 * 3) - 3 + 7));
    CHECK(y[1] == Approx(n + 7));
}

TEST_CASE("Spade normalises by the batch in training alone", "[nn][forward]") {
    Spade<double> norm({.channels = 1, .condition_channels = 1, .hidden_channels = 1},
                       Init::zeros());
    norm.set_training(true);
    const auto x = Variable<double, 4>(Tensor<double, 4>::from_values({1, 1, 1, 2}, {1, 3}));
    const auto y = norm(x, x).value();
    CHECK(y[0] == Approx(-1).margin(1e-5));
    CHECK(y[1] == Approx(1).margin(1e-5));
    norm.set_training(false);
    CHECK(norm(x, x).value()[1] == Approx((3 - 0.2) / std::sqrt(0.9 + 0.1 * 2 + 1e-5)));
}

TEST_CASE("the gradients of Spade match central differences", "[nn][gradient]") {
    for (const bool training : {false, true}) {
        Rng rng(1);
        Spade<double> norm({.channels = 2, .condition_channels = 3, .hidden_channels = 2}, rng);
        norm.set_training(training);
        const auto x = test::random_variable(Shape<4>{2, 2, 3, 4}, 2);
        const auto condition = test::random_variable(Shape<4>{2, 3, 3, 4}, 3);
        auto inputs = parameters_of<double>(norm);
        inputs.push_back(x);
        inputs.push_back(condition);
        CHECK(testing::gradcheck([&] { return norm(x, condition); }, inputs) < 1e-7);
    }
}

TEST_CASE("Spade refuses a condition of other channels or another size", "[nn][error]") {
    const Spade<> norm({.channels = 1, .condition_channels = 2, .hidden_channels = 1},
                       Init::zeros());
    const auto ones = [](const Shape<4>& shape) {
        return Variable<float, 4>(Tensor<float, 4>::ones(shape));
    };
    CHECK_THROWS_AS(norm(ones({1, 1, 4, 4}), ones({1, 1, 4, 4})), ShapeError);
    CHECK_THROWS_AS(norm(ones({1, 1, 4, 4}), ones({1, 2, 2, 2})), ShapeError);
    CHECK_THROWS_AS(norm(ones({1, 2, 4, 4}), ones({1, 2, 4, 4})), ShapeError);
}
