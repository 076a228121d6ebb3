#include <oldphoto/losses/bce.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/gradients.hpp"
#include "../support/random.hpp"
#include <cmath>

using namespace oldphoto;
using test::parameter;
using test::random_variable;

namespace {

template <class T>
Tensor<T, 1> numbers(const std::vector<T>& values) {
    return Tensor<T, 1>::from_values({static_cast<Index>(values.size())}, values);
}

}  // namespace

TEST_CASE("bce_with_logits_loss is the cross entropy of the sigmoid", "[losses][forward]") {
    // sigmoid(log 3) = 3/4: -log(3/4) for a positive, -log(1/4) for a negative.
    const auto x = parameter({std::log(3.0), std::log(3.0)});
    const auto target = numbers<double>({1, 0});
    CHECK(bce_with_logits_loss(x, target).item() ==
          Approx((std::log(4.0 / 3) + std::log(4.0)) / 2));
    CHECK(bce_with_logits_loss(x, target, 5).item() ==
          Approx((5 * std::log(4.0 / 3) + std::log(4.0)) / 2));
    CHECK(bce_with_logits_loss(parameter({0}), numbers<double>({0.25})).item() ==
          Approx(std::log(2.0)));
}

TEST_CASE("bce_with_logits_loss of large logits is finite and exact", "[losses][forward]") {
    const auto x = parameter<float>({200, -200});
    // Both wrong: each costs 200. Both right: nothing.
    CHECK(bce_with_logits_loss(x, numbers<float>({0, 1})).item() == 200);
    CHECK(bce_with_logits_loss(x, numbers<float>({1, 0})).item() == 0);
    Program program;
    Variable<float, 0> loss;
    {
        const auto recording = program.record();
        loss = bce_with_logits_loss(x, numbers<float>({0, 1}));
    }
    program.backward(loss, ParameterList<float>{x});
    CHECK(x.gradient().to_values() == std::vector<float>{0.5F, -0.5F});
}

TEMPLATE_TEST_CASE("bce_with_logits_loss equals PyTorch, value and gradient", "[losses][parity]",
                   float, double) {
    OLDPHOTO_NEEDS_FIXTURE("ops/losses.npz");
    using T = TestType;
    const auto check = [](const char* name, double positive_weight) {
        const auto fixture = test::op_case("ops/losses.npz", name);
        const auto x = fixture.template input<T, 2>("x");
        const auto labels = fixture.numbers("target");
        const auto target =
            Tensor<T, 2>::from_values(x.shape(), std::vector<T>(labels.begin(), labels.end()));
        test::check_op<T>(fixture, {{"x", x}},
                          [&] { return bce_with_logits_loss(x, target, positive_weight); });
    };
    check("bce_logits", 1);
    check("bce_logits_posw", 3);
}

TEST_CASE("bce_with_logits_loss's gradients match central differences", "[losses][gradient]") {
    const auto x = random_variable(Shape<4>{2, 1, 3, 4}, 1);
    const auto t = random_variable(Shape<4>{2, 1, 3, 4}, 2);
    CHECK(testing::gradcheck([&] { return bce_with_logits_loss(x, t); }, {x, t}) < 1e-7);
    CHECK(testing::gradcheck([&] { return bce_with_logits_loss(2 * x, t, 3); }, {x, t}) < 1e-7);
}

TEST_CASE("bce_with_logits_loss refuses operands that do not fit", "[losses][errors]") {
    const auto x = random_variable(Shape<2>{2, 3}, 1);
    const auto other = random_variable(Shape<2>{3, 2}, 2);
    CHECK_THROWS_WITH(bce_with_logits_loss(x, other),
                      "bce_with_logits_loss: both operands must have the same shape\n"
                      "  logits = (2, 3)\n"
                      "  target = (3, 2)");
    CHECK_THROWS_AS(bce_with_logits_loss(x, other), ShapeError);
    CHECK_THROWS_WITH(bce_with_logits_loss(x, x, -1),
                      "bce_with_logits_loss: positive_weight must be finite and positive, got "
                      "-1.000000");
    CHECK_THROWS_AS(bce_with_logits_loss(x, x, 0), OptionError);
}
