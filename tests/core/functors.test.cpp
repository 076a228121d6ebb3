#include <oldphoto/core/functors.hpp>

#include <catch2/catch.hpp>

#include <limits>

using namespace oldphoto;

namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

/// Value and derivative at x.
template <class Fn>
std::pair<double, double> at(Fn fn, double x) {
    const double y = fn.value(x);
    return {y, fn.derivative(x, y)};
}
/// Value and both derivatives at (a, b).
template <class Fn>
std::array<double, 3> at(Fn fn, double a, double b) {
    const double z = fn.value(a, b);
    return {z, fn.template partial<0>(a, b, z), fn.template partial<1>(a, b, z)};
}

using One = std::pair<double, double>;
using Two = std::array<double, 3>;

}  // namespace

TEST_CASE("functors of one operand have the values and derivatives worked by hand",
          "[core][functors]") {
    CHECK(at(fn::NegateFn{}, 3) == One{-3, -1});
    CHECK(at(fn::SquareFn{}, 3) == One{9, 6});
    CHECK(at(fn::SqrtFn{}, 16) == One{4, 0.125});
    CHECK(at(fn::AbsFn{}, -3) == One{3, -1});
    CHECK(at(fn::AbsFn{}, 0) == One{0, 0});
    CHECK(at(fn::SignFn{}, -3) == One{-1, 0});
    CHECK(at(fn::SignFn{}, 0) == One{0, 0});
    CHECK(at(fn::ExpFn{}, 0) == One{1, 1});
    CHECK(at(fn::LogFn{}, 1) == One{0, 1});
    CHECK(at(fn::TanhFn{}, 0) == One{0, 1});
    CHECK(at(fn::SigmoidFn{}, 0) == One{0.5, 0.25});
    CHECK(at(fn::ReluFn{}, -2) == One{0, 0});
    CHECK(at(fn::ReluFn{}, 2) == One{2, 1});
    CHECK(at(fn::LeakyReluFn{0.25F}, -2) == One{-0.5, 0.25});
    CHECK(at(fn::LeakyReluFn{0.25F}, 2) == One{2, 1});
    CHECK(at(fn::ClampFn{-1, 1}, -2) == One{-1, 0});
    CHECK(at(fn::ClampFn{-1, 1}, 0.5) == One{0.5, 1});
    CHECK(at(fn::ClampFn{-1, 1}, 2) == One{1, 0});
}

TEST_CASE("functors of two operands have the values and derivatives worked by hand",
          "[core][functors]") {
    CHECK(at(fn::AddFn{}, 6, 2) == Two{8, 1, 1});
    CHECK(at(fn::SubtractFn{}, 6, 2) == Two{4, 1, -1});
    CHECK(at(fn::MultiplyFn{}, 6, 2) == Two{12, 2, 6});
    CHECK(at(fn::DivideFn{}, 6, 2) == Two{3, 0.5, -1.5});
    CHECK(at(fn::MaximumFn{}, 6, 2) == Two{6, 1, 0});
    CHECK(at(fn::MaximumFn{}, 2, 2) == Two{2, 0, 1});
    CHECK(at(fn::MinimumFn{}, 6, 2) == Two{2, 0, 1});
    CHECK(at(fn::MinimumFn{}, 2, 2) == Two{2, 0, 1});
}

TEST_CASE("sigmoid saturates without overflow", "[core][functors]") {
    CHECK(fn::SigmoidFn{}.value(1000.0F) == 1);
    CHECK(fn::SigmoidFn{}.value(-1000.0F) == 0);
    CHECK(fn::SigmoidFn{}.value(-infinity) == 0);
}

TEST_CASE("a NaN passes through activations instead of turning into a number", "[core][functors]") {
    CHECK(std::isnan(fn::ReluFn{}.value(nan_value)));
    CHECK(std::isnan(fn::LeakyReluFn{}.value(nan_value)));
    CHECK(std::isnan(fn::TanhFn{}.value(nan_value)));
    CHECK(std::isnan(fn::SigmoidFn{}.value(nan_value)));
    CHECK(std::isnan(fn::ClampFn{0, 1}.value(nan_value)));
}
