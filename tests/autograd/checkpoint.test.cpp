#include <oldphoto/autograd/checkpoint.hpp>
#include <oldphoto/nn/checkpointed.hpp>
#include <oldphoto/nn/conv2d.hpp>
#include <oldphoto/nn/dropout.hpp>
#include <oldphoto/nn/norm.hpp>
#include <oldphoto/ops/reduce.hpp>
#include <oldphoto/tensor/random.hpp>

#include <catch2/catch.hpp>

#include "../support/gradients.hpp"

using namespace oldphoto;

namespace {

struct Walked {
    std::vector<double> gradients;
    std::size_t steps;
};

/// Walked of sum(f(x) * x) for x and w, and how many steps were recorded.
template <class F>
Walked walked(const F& f, const Variable<double, 1>& x, const Variable<double, 1>& w) {
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(f(x) * x);
    }
    program.backward(loss, ParameterList<double>{x, w});
    return {{x.gradient()[0], x.gradient()[1], w.gradient()[0]}, program.steps().size()};
}

Variable<double, 4> picture(Rng& rng) {
    return Variable<double, 4>(normal<double, 4>({2, 3, 6, 6}, rng), true);
}

}  // namespace

TEST_CASE("a checkpoint records one step and gives the gradients of all", "[autograd][gradient]") {
    const auto x = test::parameter({1.5, -0.5});
    const auto w = test::parameter({0.25});
    const auto f = [w](const Variable<double, 1>& v) {
        Variable<double, 1> y = tanh(v * w);
        y = exp(y);
        return Variable<double, 1>(y * v);
    };
    const auto plain = walked(f, x, w);
    const auto kept = walked(
        [&](const Variable<double, 1>& v) { return checkpoint(f, v, ParameterList<double>{w}); }, x,
        w);
    CHECK(plain.gradients == kept.gradients);
    CHECK(plain.steps == kept.steps + 2);
}

TEST_CASE("checkpoints within checkpoints, and of nothing, give the same gradients",
          "[autograd][gradient]") {
    const auto x = test::parameter({1.5, -0.5});
    const auto w = test::parameter({0.25});
    const ParameterList<double> parameters{w};
    const auto inner = [w](const Variable<double, 1>& v) {
        return Variable<double, 1>(exp(v * w));
    };
    const auto outer = [inner, parameters](const Variable<double, 1>& v) {
        return Variable<double, 1>(checkpoint(inner, v, parameters) * v);
    };
    const auto plain =
        walked([&](const auto& v) { return Variable<double, 1>(inner(v) * v); }, x, w);
    const auto nested =
        walked([&](const auto& v) { return checkpoint(outer, v, parameters); }, x, w);
    CHECK(plain.gradients == nested.gradients);
    const auto identity = [](const Variable<double, 1>& v) { return v; };
    CHECK(walked([&](const auto& v) { return checkpoint(identity, v, {}); }, x, w).gradients ==
          walked(identity, x, w).gradients);
}

TEST_CASE("outside a recording a checkpoint is its function", "[autograd][forward]") {
    const auto x = test::parameter({1.5, -0.5});
    const auto twice = [](const Variable<double, 1>& v) { return Variable<double, 1>(v + v); };
    CHECK(checkpoint(twice, x, {}).value()[1] == -1);
}

TEST_CASE("running statistics move once, however often a checkpoint runs", "[nn][state]") {
    const auto statistics = [](std::size_t every) {
        Rng rng(1);
        Sequential<double> layers{
            Conv2d<double>({.in_channels = 3, .out_channels = 3, .kernel = 3}, rng),
            BatchNorm2d<double>(3)};
        layers.set_training(true);
        const auto x = picture(rng);
        Program program;
        Variable<double, 0> loss;
        {
            const auto recording = program.record();
            loss = sum(run_checkpointed(layers, x, every));
        }
        program.backward(loss, parameters_of<double>(layers));
        std::vector<double> numbers;
        for (const auto& [name, variable] : state_of<double>(layers)) {
            const auto values = variable.value().to_values();
            numbers.insert(numbers.end(), values.begin(), values.end());
        }
        return numbers;
    };
    CHECK(statistics(1) == statistics(0));
    CHECK(statistics(2) == statistics(0));
}

TEST_CASE("dropout refuses to be run again", "[nn][errors]") {
    Rng rng(1);
    Sequential<double> layers{Dropout(0.5, rng)};
    layers.set_training(true);
    const auto x = picture(rng);
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(run_checkpointed(layers, x, 1));
    }
    CHECK_THROWS_WITH(program.backward(loss, ParameterList<double>{x}),
                      "dropout: cannot be a part of what checkpoint() runs again");
}
