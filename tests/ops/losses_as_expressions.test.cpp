#include <oldphoto/ops/reduce.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"

// Losses need no ops of their own: each is one elementwise tree and a mean.

using namespace oldphoto;

namespace {

auto l1(const auto& x, const auto& t) {
    return mean(abs(x - t));
}
auto mse(const auto& x, const auto& t) {
    return mean(square(x - t));
}
/// d^2 / 2 where |d| < 1, |d| - 1/2 elsewhere: with m = min(|d|, 1) both are m * (|d| - m / 2).
auto smooth_l1(const auto& x, const auto& t) {
    const auto d = abs(x - t);
    const auto m = minimum(d, 1);
    return mean(m * (d - 0.5 * m));
}
/// -w t log(s) - (1 - t) log(1 - s) with s = sigmoid(x). With softplus(-x) = log(1 + e^-x)
/// = max(-x, 0) + log(1 + e^-|x|), which cannot overflow, it is
/// (1 - t) x + (1 + (w - 1) t) softplus(-x).
template <class T>
auto bce_with_logits(const Variable<T, 2>& x, const Tensor<T, 2>& t, double pos_weight) {
    const auto softplus = relu(-x) + log(1 + exp(-abs(x)));
    return mean((1 - t) * x + (1 + (pos_weight - 1) * t) * softplus);
}

template <class T>
Tensor<T, 2> target_of(const test::OpCase& fixture) {
    const auto numbers = fixture.numbers("target");
    return Tensor<T, 2>::from_values({3, 4}, std::vector<T>(numbers.begin(), numbers.end()));
}

}  // namespace

TEMPLATE_TEST_CASE("losses written as expressions equal PyTorch, values and gradients",
                   "[ops][parity]", float, double) {
    OLDPHOTO_NEEDS_FIXTURE("ops/losses.npz");
    using T = TestType;
    const auto cases = test::op_cases("ops/losses.npz");
    CHECK(cases.size() == 6);
    for (const auto& fixture : cases) {
        const auto x = fixture.input<T, 2>("x");
        const auto between = [&](auto loss) {
            const auto t = fixture.input<T, 2>("t");
            test::check_op<T>(fixture, {{"x", x}, {"t", t}}, [&] { return loss(x, t); });
        };
        const auto with_logits = [&](double pos_weight) {
            const auto t = target_of<T>(fixture);
            test::check_op<T>(fixture, {{"x", x}},
                              [&] { return bce_with_logits(x, t, pos_weight); });
        };
        if (fixture.name == "l1") between([](auto& a, auto& b) { return l1(a, b); });
        if (fixture.name == "mse") between([](auto& a, auto& b) { return mse(a, b); });
        if (fixture.name == "smooth_l1_beta1") {
            between([](auto& a, auto& b) { return smooth_l1(a, b); });
        }
        if (fixture.name == "bce_logits") with_logits(1);
        if (fixture.name == "bce_logits_posw") {
            with_logits(double(fixture.template tensor<T, 0>("@pos_weight").item()));
        }
        if (fixture.name == "mean_square") {
            test::check_op<T>(fixture, {{"x", x}}, [&] { return mean(square(x)); });
        }
    }
}

TEST_CASE("binary cross entropy of large logits is finite and exact", "[ops][forward]") {
    const Variable<float, 2> x(Tensor<float, 2>::from_values({1, 2}, {200, -200}), true);
    // Both wrong: each costs 200. Both right: nothing.
    const auto wrong = Tensor<float, 2>::from_values({1, 2}, {0, 1});
    const auto right = Tensor<float, 2>::from_values({1, 2}, {1, 0});
    CHECK(bce_with_logits(x, wrong, 1).item() == 200);
    CHECK(bce_with_logits(x, right, 1).item() == 0);
}

TEST_CASE("a loss of one tree and a mean is two steps", "[ops][program]") {
    const Variable<double, 2> x(Tensor<double, 2>::ones({3, 4}), true);
    const Variable<double, 2> t(Tensor<double, 2>::zeros({3, 4}), true);
    Program program;
    {
        const auto recording = program.record();
        static_cast<void>(smooth_l1(x, t));
    }
    REQUIRE(program.steps().size() == 2);
    CHECK(program.steps()[0].name == "multiply");
    CHECK(program.steps()[1].name == "mean");
}
