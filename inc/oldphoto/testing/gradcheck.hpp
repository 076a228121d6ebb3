#pragma once

#include <oldphoto/ops/reduce.hpp>
#include <oldphoto/tensor/random.hpp>

#include <algorithm>
#include <cmath>

/// Checks of gradients, public so that users check their own ops with them.
namespace oldphoto::testing {

struct GradcheckOptions {
    double step = 1e-5;      ///< of the central difference
    std::uint64_t seed = 1;  ///< of the random weights that make one loss of all outputs
};

/// The largest difference between the gradients that backward gives and central differences, over
/// all elements of all inputs, relative to the largest gradient (or 1 where that is smaller).
///
///     Rng rng;
///     const Variable<double, 2> x(normal<double, 2>({4, 5}, rng), true);
///     CHECK(testing::gradcheck([&] { return leaky_relu(x); }, {x}) < 1e-7);
///
/// @param f       computes a variable or an expression of the inputs, anew at every call.
/// @param inputs  what to differentiate by; their values are put back after the check.
template <class F>
[[nodiscard]] double gradcheck(F f, const ParameterList<double>& inputs,
                               const GradcheckOptions& options = {}) {
    const auto loss_of = [&] {
        const auto y = as_variable(f());
        Rng rng(options.seed);
        const auto weights = uniform<double, decltype(y)::rank>(y.shape(), rng, 0.5, 1.5);
        return sum(y * weights);
    };
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = loss_of();
    }
    program.backward(loss, inputs);

    double largest = 1;
    double worst = 0;
    for (const auto& input : inputs) {
        const auto value = input.value();
        const auto gradient = input.gradient();
        for (Index i = 0; i < value.size(); ++i) {
            const double before = value[i];
            value[i] = before + options.step;
            const double above = loss_of().item();
            value[i] = before - options.step;
            const double below = loss_of().item();
            value[i] = before;
            const double expected = (above - below) / (2 * options.step);
            // Written so that a NaN counts as a failure.
            const double error = std::abs(expected - gradient[i]);
            worst = error <= worst ? worst : error;
            largest = std::max(largest, std::abs(expected));
        }
    }
    return worst / largest;
}

}  // namespace oldphoto::testing
