#include <oldphoto/losses/l1.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/gradients.hpp"
#include "../support/random.hpp"
#include <cmath>

using namespace oldphoto;
using test::parameter;
using test::random_tensor;
using test::random_variable;

namespace {

using Numbers = std::vector<double>;

// Differences from the targets: 3, -0.25, 0, 0.5.
Tensor<double, 1> target() {
    return Tensor<double, 1>::from_values({4}, {1, 2, 3, 4});
}
Variable<double, 1> guess() {
    return parameter({4, 1.75, 3, 4.5});
}

Numbers gradient_of(const Variable<double, 1>& x, const auto& loss) {
    Program program;
    Variable<double, 0> value;
    {
        const auto recording = program.record();
        value = loss();
    }
    program.backward(value, ParameterList<double>{x});
    return x.gradient().to_values();
}

}  // namespace

TEST_CASE("l1_loss is the mean of the absolute differences", "[losses][forward]") {
    const auto x = guess();
    CHECK(l1_loss(x, target()).item() == (3 + 0.25 + 0 + 0.5) / 4);
    CHECK(gradient_of(x, [&] { return l1_loss(x, target()); }) == Numbers{0.25, -0.25, 0, 0.25});
}

TEST_CASE("smooth_l1_loss is a parabola where the differences are small", "[losses][forward]") {
    const auto x = guess();
    CHECK(smooth_l1_loss(x, target()).item() == (2.5 + 0.03125 + 0 + 0.125) / 4);
    CHECK(gradient_of(x, [&] { return smooth_l1_loss(x, target()); }) ==
          Numbers{0.25, -0.0625, 0, 0.125});
    // With beta = 1/2 the last one lies on the seam: 1/4 from both sides.
    CHECK(smooth_l1_loss(x, target(), 0.5).item() == (2.75 + 0.0625 + 0 + 0.25) / 4);
    CHECK(gradient_of(x, [&] { return smooth_l1_loss(x, target(), 0.5); }) ==
          Numbers{0.25, -0.125, 0, 0.25});
}

TEMPLATE_TEST_CASE("l1 losses equal PyTorch, values and gradients", "[losses][parity]", float,
                   double) {
    OLDPHOTO_NEEDS_FIXTURE("ops/losses.npz");
    using T = TestType;
    const auto check = [](const char* name, auto loss) {
        const auto fixture = test::op_case("ops/losses.npz", name);
        const auto x = fixture.template input<T, 2>("x");
        const auto t = fixture.template input<T, 2>("t");
        test::check_op<T>(fixture, {{"x", x}, {"t", t}}, [&] { return loss(x, t); });
    };
    check("l1", [](const auto& x, const auto& t) { return l1_loss(x, t); });
    check("smooth_l1_beta1", [](const auto& x, const auto& t) { return smooth_l1_loss(x, t); });
}

TEST_CASE("l1 losses' gradients match central differences", "[losses][gradient]") {
    const auto x = random_variable(Shape<4>{2, 3, 2, 4}, 1);
    const auto y = random_variable(Shape<4>{2, 3, 2, 4}, 2);
    const auto constant = random_tensor(Shape<4>{2, 3, 2, 4}, 3);
    CHECK(testing::gradcheck([&] { return l1_loss(x, y); }, {x, y}) < 1e-7);
    CHECK(testing::gradcheck([&] { return l1_loss(tanh(x), constant); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return smooth_l1_loss(x, y, 0.75); }, {x, y}) < 1e-7);
    CHECK(testing::gradcheck([&] { return smooth_l1_loss(2 * x, constant); }, {x}) < 1e-7);
}

TEST_CASE("a loss is one tree and a mean", "[losses][program]") {
    const auto x = guess();
    Program program;
    {
        const auto recording = program.record();
        static_cast<void>(smooth_l1_loss(3 * x, target()));
    }
    REQUIRE(program.steps().size() == 2);
    CHECK(program.steps()[0].name == "smooth_l1");
    CHECK(program.steps()[1].name == "mean");
}

TEST_CASE("l1 losses refuse operands that do not fit", "[losses][errors]") {
    const auto x = random_variable(Shape<2>{2, 3}, 1);
    const auto row = random_tensor(Shape<2>{1, 3}, 2);
    CHECK_THROWS_WITH(l1_loss(x, row),
                      "l1_loss: both operands must have the same shape\n"
                      "  x = (2, 3)\n"
                      "  target = (1, 3)");
    CHECK_THROWS_WITH(smooth_l1_loss(x, row),
                      "smooth_l1_loss: both operands must have the same shape\n"
                      "  x = (2, 3)\n"
                      "  target = (1, 3)");
    CHECK_THROWS_AS(l1_loss(x, row), ShapeError);
    CHECK_THROWS_WITH(smooth_l1_loss(x, x, 0),
                      "smooth_l1_loss: beta must be finite and positive, got 0.000000");
    CHECK_THROWS_AS(smooth_l1_loss(x, x, INFINITY), OptionError);
}
