#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"
#include <limits>

using namespace oldphoto;
using test::random_variable;

namespace {

/// x^2 whose derivative is `scale` times too large.
struct ScaledSquareFn {
    static constexpr const char* name = "scaled_square";
    double scale;
    template <class X>
    X value(X x) const {
        return x * x;
    }
    template <class X>
    X derivative(X x, X) const {
        return X(scale) * (x + x);
    }
};

}  // namespace

TEST_CASE("gradcheck passes right gradients of all inputs", "[testing][gradient]") {
    const auto x = random_variable(Shape<2>{3, 4}, 1);
    const auto y = random_variable(Shape<2>{1, 4}, 2);
    CHECK(testing::gradcheck([&] { return tanh(x) * y; }, {x, y}) < 1e-9);
    CHECK(testing::gradcheck([&] { return sum(x); }, {x}) < 1e-9);
}

TEST_CASE("gradcheck tells how wrong a gradient is", "[testing][gradient]") {
    const Variable<double, 1> x(Tensor<double, 1>::from_values({2}, {0.5, 1}), true);
    CHECK(testing::gradcheck([&] { return map(ScaledSquareFn{1}, x); }, {x}) < 1e-9);
    // A thousandth too large everywhere, so the largest error is a thousandth of the largest.
    CHECK(testing::gradcheck([&] { return map(ScaledSquareFn{1.001}, x); }, {x}) ==
          Approx(1e-3).epsilon(0.01));
    CHECK(testing::gradcheck([&] { return map(ScaledSquareFn{-1}, x); }, {x}) ==
          Approx(2).epsilon(0.01));
}

TEST_CASE("gradcheck does not take a NaN for a small error", "[testing][gradient]") {
    constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
    const Variable<double, 1> x(Tensor<double, 1>::from_values({3}, {1, 2, 3}), true);
    CHECK_FALSE(testing::gradcheck([&] { return map(ScaledSquareFn{nan_value}, x); }, {x}) < 1e-7);
    CHECK_FALSE(testing::gradcheck([&] { return sqrt(x - 5); }, {x}) < 1e-7);
}

TEST_CASE("gradcheck sees a gradient that is missing", "[testing][gradient]") {
    const auto x = random_variable(Shape<1>{3}, 3);
    CHECK(testing::gradcheck([&] { return x.detach() * 2; }, {x}) > 0.1);
}

TEST_CASE("gradcheck puts the values of its inputs back", "[testing][gradient]") {
    const auto x = random_variable(Shape<2>{2, 3}, 4);
    const auto before = x.value().to_values();
    static_cast<void>(testing::gradcheck([&] { return exp(x); }, {x}));
    CHECK(x.value().to_values() == before);
}

TEST_CASE("gradcheck weighs outputs differently", "[testing][gradient]") {
    // The sum of a softmax-like row is constant; its elements are not.
    const auto x = random_variable(Shape<1>{3}, 5);
    const auto shares = [&] { return square(x) / sum(square(x), {0}); };
    CHECK(testing::gradcheck(shares, {x}) < 1e-7);
    const auto wrong = [&] { return square(x) / sum(square(x), {0}).detach(); };
    CHECK(testing::gradcheck(wrong, {x}) > 1e-2);
}
