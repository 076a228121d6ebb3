#include <oldphoto/losses/mse.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/gradients.hpp"
#include "../support/random.hpp"

using namespace oldphoto;
using test::random_variable;

TEST_CASE("mse_loss is the mean of the squared differences", "[losses][forward]") {
    const auto x = test::parameter({4, 1, 3});
    const auto target = Tensor<double, 1>::from_values({3}, {1, 2, 3});
    CHECK(mse_loss(x, target).item() == Approx(10.0 / 3));
}

TEMPLATE_TEST_CASE("mse_loss equals PyTorch, value and gradients", "[losses][parity]", float,
                   double) {
    OLDPHOTO_NEEDS_FIXTURE("ops/losses.npz");
    using T = TestType;
    const auto fixture = test::op_case("ops/losses.npz", "mse");
    const auto x = fixture.template input<T, 2>("x");
    const auto t = fixture.template input<T, 2>("t");
    test::check_op<T>(fixture, {{"x", x}, {"t", t}}, [&] { return mse_loss(x, t); });
}

TEST_CASE("mse_loss's gradients match central differences", "[losses][gradient]") {
    const auto x = random_variable(Shape<3>{2, 3, 4}, 1);
    const auto y = random_variable(Shape<3>{2, 3, 4}, 2);
    CHECK(testing::gradcheck([&] { return mse_loss(x, y); }, {x, y}) < 1e-7);
    CHECK(testing::gradcheck([&] { return mse_loss(sigmoid(x), y.value()); }, {x}) < 1e-7);
}

TEST_CASE("mse_loss refuses operands of different shapes", "[losses][errors]") {
    const auto x = random_variable(Shape<2>{2, 3}, 1);
    const auto column = random_variable(Shape<2>{2, 1}, 2);
    CHECK_THROWS_WITH(mse_loss(x, column),
                      "mse_loss: both operands must have the same shape\n"
                      "  x = (2, 3)\n"
                      "  target = (2, 1)");
    CHECK_THROWS_AS(mse_loss(x, column), ShapeError);
}
