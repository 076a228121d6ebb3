#include <oldphoto/core/numerics.hpp>
#include <oldphoto/ops/conv2d.hpp>
#include <oldphoto/pipeline/official_networks.hpp>
#include <oldphoto/tensor/random.hpp>

#include <catch2/catch.hpp>

#include "../support/bfloat16.hpp"
#include "../support/formula_weights.hpp"
#include "../support/instruction_sets.hpp"
#include <algorithm>
#include <cmath>

// How far kernels in single precision are from double precision: the figures of
// docs/performance.md, which a run with -s prints.

using namespace oldphoto;

namespace {

template <class T>
using Picture = Tensor<T, 4>;

Picture<double> in_double(const Picture<float>& x) {
    const auto y = Picture<double>::uninitialized(x.shape());
    for (Index k = 0; k < x.size(); ++k) y[k] = static_cast<double>(x[k]);
    return y;
}

struct Errors {
    double largest;
    double rms;
};

Errors error_of(const Picture<float>& actual, const Picture<double>& expected) {
    REQUIRE(actual.shape() == expected.shape());
    Errors error{0, 0};
    for (Index k = 0; k < actual.size(); ++k) {
        const double difference = std::abs(static_cast<double>(actual[k]) - expected[k]);
        error.largest = difference <= error.largest ? error.largest : difference;
        error.rms += difference * difference;
    }
    error.rms = std::sqrt(error.rms / static_cast<double>(actual.size()));
    return error;
}

/// compute() by every instruction set within a scope of `numerics`.
template <class Compute>
void check_errors(Numerics numerics, const Picture<double>& expected, const Errors& bound,
                  const Errors& bound_with_amx, Compute compute) {
    test::for_each_instruction_set([&] {
        const NumericsScope scope(numerics);
        const Errors error = error_of(compute(), expected);
        const Errors& most = instruction_set() == InstructionSet::amx ? bound_with_amx : bound;
        CHECK(error.largest < most.largest);
        CHECK(error.rms < most.rms);
    });
}
template <class Compute>
void check_errors(Numerics numerics, const Picture<double>& expected, const Errors& bound,
                  Compute compute) {
    check_errors(numerics, expected, bound, bound, compute);
}

template <class T>
Picture<T> convolution(const Picture<T>& x, const Picture<T>& w) {
    const Variable<T, 1> no_bias(Tensor<T, 1>::zeros({0}));
    return conv2d(Variable<T, 4>(x), Variable<T, 4>(w), no_bias, {.padding = 1}).value();
}

template <class T>
auto quality_by_formula() {
    const auto networks = official_quality<T>();
    test::fill_by_formula<T>(networks.vae_a(), "vae_a");
    test::fill_by_formula<T>(networks.mapping(), "mapping_quality");
    test::fill_by_formula<T>(networks.vae_b(), "vae_b_quality");
    return networks;
}

}  // namespace

TEST_CASE("a convolution of 512 channels errs as the documents say", "[pipeline][numerics][slow]") {
    Rng rng(1);
    const auto x = normal<float, 4>({1, 512, 32, 32}, rng);
    const auto w =
        normal<float, 4>({512, 512, 3, 3}, rng, 0.0F, static_cast<float>(std::sqrt(2.0 / 4608)));
    const Picture<double> expected = convolution(in_double(x), in_double(w));
    const auto compute = [&] { return convolution(x, w); };
    const auto sum_plainly = [&] {
        const auto y = Picture<float>::uninitialized(expected.shape());
        const TensorRows<float> rows(x.view());
        const float* no_bias = nullptr;
        cpu::columns_conv2d({3, 1, 1, 1, 1}, RowSource<float>(rows), w.view(), no_bias, y.view(),
                            nullptr);
        return y;
    };
    check_errors(Numerics::accurate, expected, {5e-6, 6e-7}, sum_plainly);
    check_errors(Numerics::accurate, expected, {1e-5, 1.5e-6}, compute);
    const Errors as_fast{1e-4, 6e-6};
    check_errors(Numerics::fast, expected, as_fast, compute);
    // What AMX makes of bf16x3, and what is computed where there is none.
    const auto in_parts = [&] {
        const NumericsScope rounded(Numerics::bf16);
        const auto less = [](const Picture<float>& a) {
            return Picture<float>(a - test::as_bfloat16(a));
        };
        return Picture<float>(convolution(x, w) + convolution(x, less(w)) +
                              convolution(less(x), w));
    };
    const Errors as_parts{1e-4, 1e-5};
    check_errors(Numerics::bf16x3, expected, as_parts, in_parts);
    check_errors(Numerics::bf16x3, expected, as_fast, as_parts, compute);
    check_errors(Numerics::bf16, expected, {3e-2, 5e-3}, compute);
}

TEST_CASE("a picture of the published quality networks errs as the documents say",
          "[pipeline][numerics][slow]") {
    Rng rng(2);
    const auto x = uniform<float, 4>({1, 3, 64, 64}, rng, -1.0F, 1.0F);
    const Picture<double> expected = quality_by_formula<double>()(in_double(x));
    const auto networks = quality_by_formula<float>();
    const auto compute = [&] { return networks(x); };
    check_errors(Numerics::accurate, expected, {1e-4, 1.5e-5}, compute);
    const Errors as_fast{4e-4, 5e-5};
    check_errors(Numerics::fast, expected, as_fast, compute);
    check_errors(Numerics::bf16x3, expected, as_fast, {1e-3, 1.5e-4}, compute);
    check_errors(Numerics::bf16, expected, {0.5, 0.1}, compute);
}
