#include <oldphoto/optim/clip.hpp>

#include <catch2/catch.hpp>

#include "../support/gradients.hpp"
#include <limits>

using namespace oldphoto;
using test::give_gradient;
using test::parameter;

namespace {

using Numbers = std::vector<double>;

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("gradients are scaled together to the largest norm allowed", "[optim][forward]") {
    const auto x = parameter({0});
    const Variable<double, 2> w(Tensor<double, 2>::zeros({1, 2}), true);
    const auto unused = parameter({0});
    const ParameterList<double> parameters{x, unused, w};
    give_gradient(x, {3});
    give_gradient(w, {0, -4});

    CHECK(clip_gradient_norm(parameters, infinity) == 5);
    CHECK(clip_gradient_norm(parameters, 5) == 5);
    CHECK(x.gradient().to_values() == Numbers{3});
    CHECK(w.gradient().to_values() == Numbers{0, -4});

    CHECK(clip_gradient_norm(parameters, 2.5) == 5);
    CHECK(x.gradient().to_values() == Numbers{1.5});
    CHECK(w.gradient().to_values() == Numbers{0, -2});
    CHECK(clip_gradient_norm(parameters, 100) == 2.5);
    CHECK(unused.gradient().empty());
    CHECK(clip_gradient_norm(ParameterList<double>{}, 1) == 0);
}

TEST_CASE("a gradient that is one stretched number is scaled once", "[optim][forward]") {
    const Variable<float, 2> w(Tensor<float, 2>::zeros({2, 8}), true);
    Program program;
    Variable<float, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(w);
    }
    program.backward(loss, ParameterList<float>{w});
    CHECK(clip_gradient_norm(ParameterList<float>{w}, 1) == 4);
    CHECK(w.gradient().to_values() == std::vector<float>(16, 0.25F));
}

TEST_CASE("a norm without bounds and a limit without sense are refused", "[optim][errors]") {
    const auto x = parameter({0, 0});
    const ParameterList<double> parameters{x};
    give_gradient(x, {3, 4});
    CHECK_THROWS_WITH(clip_gradient_norm(parameters, 0),
                      "clip_gradient_norm: max_norm must be positive, got 0.000000");
    CHECK_THROWS_AS(clip_gradient_norm(parameters, std::numeric_limits<double>::quiet_NaN()),
                    OptionError);
    x.gradient()(1) = -infinity;
    CHECK_THROWS_WITH(clip_gradient_norm(parameters, 1),
                      "clip_gradient_norm: the norm of the gradients must be finite, got inf");
    x.gradient()(1) = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_AS(clip_gradient_norm(parameters, 1), OptionError);
    CHECK(x.gradient()(0) == 3);
}
