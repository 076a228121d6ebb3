#include <oldphoto/backend/cpu/pack.hpp>
#include <oldphoto/core/functors.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

using namespace oldphoto;
using cpu::Pack;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr float denormal = std::numeric_limits<float>::denorm_min();

/// f of each number, computed pack by pack; the last pack is filled up with its first number.
template <class T, class F>
std::vector<T> by_packs(const std::vector<T>& numbers, F f) {
    constexpr auto width = static_cast<std::size_t>(Pack<T>::width);
    std::vector<T> results;
    for (std::size_t k = 0; k < numbers.size(); k += width) {
        const std::size_t count = std::min(width, numbers.size() - k);
        T lanes[width];
        std::fill_n(lanes, width, numbers[k]);
        std::copy_n(&numbers[k], count, lanes);
        f(Pack<T>::load(lanes)).store(lanes);
        results.insert(results.end(), lanes, lanes + count);
    }
    return results;
}

/// One in 3001 of all floats with |x| <= limit, both signs.
std::vector<float> sweep(float limit) {
    std::vector<float> numbers;
    for (std::uint32_t bits = 0; bits <= std::bit_cast<std::uint32_t>(limit); bits += 3001) {
        numbers.push_back(std::bit_cast<float>(bits));
        numbers.push_back(-std::bit_cast<float>(bits));
    }
    return numbers;
}

/// The largest error of `actual` in units of the last place that the exact value has as a float.
template <class F>
double worst_ulp(const std::vector<float>& numbers, const std::vector<float>& actual, F exact) {
    double worst = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const double expected = exact(double(numbers[i]));
        const auto rounded = std::abs(static_cast<float>(expected));
        const double ulp = double(std::nextafter(rounded, infinity)) - double(rounded);
        const double error = std::abs(double(actual[i]) - expected) / ulp;
        worst = error <= worst ? worst : std::isnan(error) ? HUGE_VAL : error;
    }
    return worst;
}

/// Same value, same sign of zero, or both NaN.
bool alike(float a, float b) {
    return std::isnan(a) ? std::isnan(b)
                         : std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

const std::vector<float> edges{0.0F,
                               -0.0F,
                               1.0F,
                               -1.0F,
                               0.5F,
                               -2.5F,
                               denormal,
                               -denormal,
                               std::numeric_limits<float>::min(),
                               std::numeric_limits<float>::max(),
                               std::numeric_limits<float>::lowest(),
                               infinity,
                               -infinity,
                               nan_value};

}  // namespace

TEST_CASE("exp of packs is within 2 units in the last place", "[backend][accuracy]") {
    auto numbers = sweep(87.3F);
    const auto more = sweep(1.0F);
    numbers.insert(numbers.end(), more.begin(), more.end());
    const auto results = by_packs(numbers, [](auto x) { return exp(x); });
    CHECK(worst_ulp(numbers, results, [](double x) { return std::exp(x); }) < 2);
}

TEST_CASE("exp of packs keeps to its documented ends", "[backend][edges]") {
    const std::vector<float> numbers{0.0F,  -0.0F, denormal, 88.0F,     -87.34F,
                                     -1e9F, 1e9F,  infinity, -infinity, nan_value};
    const auto y = by_packs(numbers, [](auto x) { return exp(x); });
    CHECK(y[0] == 1);
    CHECK(y[1] == 1);
    CHECK(y[2] == 1);
    CHECK(y[3] == Approx(std::exp(88.0)).epsilon(1e-6));
    CHECK(y[4] == 0);
    CHECK(y[5] == 0);
    // Clamped to e^88.72283, the largest float, so that what follows does not become NaN.
    CHECK(y[6] == Approx(3.4028e38).epsilon(1e-4));
    CHECK(y[7] == y[6]);
    CHECK(y[8] == 0);
    CHECK(std::isnan(y[9]));
}

TEST_CASE("tanh of packs is within 2.5 units in the last place", "[backend][accuracy]") {
    const auto numbers = sweep(20.0F);
    const auto results = by_packs(numbers, [](auto x) { return tanh(x); });
    CHECK(worst_ulp(numbers, results, [](double x) { return std::tanh(x); }) < 2.5);
}

TEST_CASE("tanh of packs saturates and keeps small numbers and NaN", "[backend][edges]") {
    const std::vector<float> numbers{0.0F,  -0.0F,  denormal, -denormal, 1e-20F,
                                     20.0F, -20.0F, infinity, -infinity, nan_value};
    const auto y = by_packs(numbers, [](auto x) { return tanh(x); });
    for (std::size_t i = 0; i < 5; ++i) CHECK(y[i] == numbers[i]);
    CHECK(y[5] == 1);
    CHECK(y[6] == -1);
    CHECK(y[7] == 1);
    CHECK(y[8] == -1);
    CHECK(std::isnan(y[9]));
}

TEST_CASE("exact functions of packs equal the scalar ones at all edges", "[backend][edges]") {
    const auto check = [](auto f, const char* name) {
        INFO(name);
        const auto packs = by_packs(edges, f);
        for (std::size_t i = 0; i < edges.size(); ++i) {
            INFO(edges[i]);
            CHECK(alike(packs[i], f(edges[i])));
        }
    };
    check([](auto x) { return fn::NegateFn{}.value(x); }, "negate");
    check([](auto x) { return fn::AbsFn{}.value(x); }, "abs");
    check([](auto x) { return fn::SignFn{}.value(x); }, "sign");
    check([](auto x) { return fn::SqrtFn{}.value(x); }, "sqrt");
    check([](auto x) { return fn::LogFn{}.value(x); }, "log");
    check([](auto x) { return fn::SquareFn{}.value(x); }, "square");
    check([](auto x) { return fn::ReluFn{}.value(x); }, "relu");
    check([](auto x) { return fn::ReluFn{}.derivative(x, x); }, "relu'");
    check([](auto x) { return fn::LeakyReluFn{}.value(x); }, "leaky_relu");
    check([](auto x) { return fn::ClampFn{-1, 1}.value(x); }, "clamp");
    check([](auto x) { return fn::ClampFn{-1, 1}.derivative(x, x); }, "clamp'");
    for (const float other : edges) {
        INFO("and " << other);
        const auto with_other = [&](auto f) {
            return [&other, f](auto x) { return f.value(x, decltype(x)(other)); };
        };
        check(with_other(fn::AddFn{}), "add");
        check(with_other(fn::SubtractFn{}), "subtract");
        check(with_other(fn::MultiplyFn{}), "multiply");
        check(with_other(fn::DivideFn{}), "divide");
        check(with_other(fn::MaximumFn{}), "maximum");
        check(with_other(fn::MinimumFn{}), "minimum");
    }
}

TEST_CASE("functions of double packs are the library's", "[backend][accuracy]") {
    const std::vector<double> numbers{-700, -1.5, 0, 1e-9, 0.3, 2, 700};
    const auto exps = by_packs(numbers, [](auto x) { return exp(x); });
    const auto tanhs = by_packs(numbers, [](auto x) { return tanh(x); });
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        CHECK(exps[i] == std::exp(numbers[i]));
        CHECK(tanhs[i] == std::tanh(numbers[i]));
    }
}
