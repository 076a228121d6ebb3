#include <oldphoto/losses/kl.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/gradients.hpp"
#include "../support/random.hpp"
#include <cmath>

using namespace oldphoto;
using test::random_variable;

TEST_CASE("kl_unit_variance is the mean square", "[losses][forward]") {
    CHECK(kl_unit_variance(test::parameter({1, -2, 0, 3})).item() == 3.5);
}

TEMPLATE_TEST_CASE("kl_unit_variance equals PyTorch, value and gradient", "[losses][parity]", float,
                   double) {
    OLDPHOTO_NEEDS_FIXTURE("ops/losses.npz");
    using T = TestType;
    const auto fixture = test::op_case("ops/losses.npz", "mean_square");
    const auto x = fixture.template input<T, 2>("x");
    test::check_op<T>(fixture, {{"x", x}}, [&] { return kl_unit_variance(x); });
}

TEMPLATE_TEST_CASE("kl_unit_variance of the published latent is the published term",
                   "[losses][parity]", float, double) {
    OLDPHOTO_NEEDS_FIXTURE("train/stage1_A.npz");
    const auto arrays = test::read_npz(test::fixture_path("train/stage1_A.npz"));
    const Variable<TestType, 4> latent(test::tensor_of<TestType, 4>(arrays.at("latent")));
    const double expected = arrays.at("loss.G_KL").template values<float>().front();
    CHECK(std::abs(kl_unit_variance(latent).item() - expected) < 1e-5 * expected);
}

TEST_CASE("kl_to_unit_normal sums over a sample and averages over samples", "[losses][forward]") {
    const auto zero = Variable<double, 2>(Tensor<double, 2>::zeros({2, 3}), true);
    CHECK(kl_to_unit_normal(zero, zero).item() == 0);
    // (4 - 1 - log 4) / 2 for the variance of 4, 9 / 2 for the mean of 3; over 2 samples.
    const Variable<double, 2> mu(Tensor<double, 2>::from_values({2, 3}, {3, 0, 0, 0, 0, 0}), true);
    const auto log_var = Tensor<double, 2>::from_values({2, 3}, {0, 0, 0, 0, std::log(4.0), 0});
    CHECK(kl_to_unit_normal(mu, log_var).item() ==
          Approx((9 + 4 - 1 - std::log(4.0)) / 2 / 2).epsilon(1e-12));
}

TEST_CASE("kl terms' gradients match central differences", "[losses][gradient]") {
    const auto mu = random_variable(Shape<4>{2, 3, 2, 2}, 1);
    const auto log_var = random_variable(Shape<4>{2, 3, 2, 2}, 2);
    CHECK(testing::gradcheck([&] { return kl_unit_variance(mu); }, {mu}) < 1e-7);
    CHECK(testing::gradcheck([&] { return kl_to_unit_normal(mu, log_var); }, {mu, log_var}) < 1e-7);
}

TEST_CASE("kl_to_unit_normal refuses operands of different shapes", "[losses][errors]") {
    const auto mu = random_variable(Shape<2>{2, 3}, 1);
    const auto log_var = random_variable(Shape<2>{2, 1}, 2);
    CHECK_THROWS_WITH(kl_to_unit_normal(mu, log_var),
                      "kl_to_unit_normal: both operands must have the same shape\n"
                      "  mu (N, ...) = (2, 3)\n"
                      "  log_var (N, ...) = (2, 1)");
    CHECK_THROWS_AS(kl_to_unit_normal(mu, log_var), ShapeError);
}
