#include <oldphoto/optim/adam.hpp>
#include <oldphoto/optim/sgd.hpp>

#include <catch2/catch.hpp>

#include "../support/gradients.hpp"

using namespace oldphoto;

static_assert(Optimizer<Adam<>>);
static_assert(Optimizer<AdamW<double>>);
static_assert(Optimizer<Sgd<>>);
static_assert(!Optimizer<Variable<float, 1>>);

TEMPLATE_TEST_CASE("an optimiser finds the bottom of a long bowl", "[optim][training]",
                   Adam<double>, AdamW<double>, Sgd<double>) {
    const auto x = test::parameter({3, -2});
    const auto bottom = Tensor<double, 1>::from_values({2}, {1, 0.5});
    const auto steepness = Tensor<double, 1>::from_values({2}, {1, 0.05});
    TestType optimizer({x});
    optimizer.set_learning_rate(0.05);
    for (int t = 0; t < 3000; ++t) {
        Program program;
        Variable<double, 0> loss;
        {
            const auto recording = program.record();
            loss = sum(steepness * square(x - bottom));
        }
        program.backward(loss, optimizer.parameters());
        optimizer.step();
    }
    CHECK(norm_l2(x.value() - bottom) < 1e-5);
}
