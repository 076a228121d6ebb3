#include <oldphoto/backend/cpu/gemm.hpp>
#include <oldphoto/backend/naive.hpp>
#include <oldphoto/tensor/tensor.hpp>

#include <catch2/catch.hpp>

#include "../../support/instruction_sets.hpp"
#include "../../support/random.hpp"
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

using namespace oldphoto;

namespace {

struct Sizes {
    Index m;
    Index n;
    Index k;
};

/// Around the borders of tiles, of blocks and of the depth.
template <class T>
std::vector<Sizes> sizes() {
    const Index rows = cpu::gemm_kernels<T>().tile_rows;
    const Index columns = cpu::gemm_kernels<T>().tile_columns;
    return {
        {1, 1, 1},
        {rows, columns, 3},
        {rows + 1, columns - 1, 7},
        {5, 40, cpu::gemm_depth},
        {7, 33, cpu::gemm_depth + 1},
        {cpu::gemm_block_rows + 5, 30, 2 * cpu::gemm_depth + 9},
        {3, cpu::gemm_block_columns + 17, 20},
        {2 * cpu::gemm_block_rows, 2 * cpu::gemm_block_columns, 5},
    };
}

template <class T>
double largest_difference(const Tensor<T, 2>& a, const Tensor<T, 2>& b) {
    double worst = 0;
    const auto x = a.to_values();
    const auto y = b.to_values();
    for (std::size_t k = 0; k < x.size(); ++k) {
        worst = std::max(worst, std::abs(double(x[k]) - double(y[k])));
    }
    return worst;
}

/// Rounded to bfloat16 by dividing, as no kernel does it.
float as_bfloat16(float x) {
    int exponent = 0;
    const double mantissa = std::frexp(static_cast<double>(x), &exponent);  // 8 bits of it are kept
    return static_cast<float>(std::ldexp(std::nearbyint(std::ldexp(mantissa, 8)), exponent - 8));
}

Tensor<float, 2> as_bfloat16(const Tensor<float, 2>& x) {
    const auto rounded = Tensor<float, 2>::uninitialized(x.shape());
    for (Index k = 0; k < x.size(); ++k) rounded[k] = as_bfloat16(x[k]);
    return rounded;
}

template <class T>
void check_product(const Sizes& size) {
    const auto [m, n, k] = size;
    const auto a = test::random_tensor<T>(Shape<2>{m, k}, 1);
    const auto b = test::random_tensor<T>(Shape<2>{k, n}, 2);
    const auto before = test::random_tensor<T>(Shape<2>{m, n}, 3);
    // Rounding grows with the square root of the number of terms.
    const double tolerance =
        (sizeof(T) == 4 ? 1e-6 : 2e-15) * std::max(1.0, std::sqrt(static_cast<double>(k))) * 4;
    for (const bool accumulate : {false, true}) {
        const Tensor<T, 2> expected = before.clone();
        naive::gemm(expected.view(), a.view(), b.view(), accumulate);
        const Tensor<T, 2> c = before.clone();
        cpu::gemm_serial(c.view(), a.view(), b.view(), accumulate);
        CAPTURE(m, n, k, accumulate);
        CHECK(largest_difference(c, expected) < tolerance);
    }
}

}  // namespace

TEMPLATE_TEST_CASE("products across all borders equal the plain sums", "[backend][gemm]", float,
                   double) {
    test::for_each_instruction_set([] {
        for (const Sizes& size : sizes<TestType>()) check_product<TestType>(size);
    });
}

TEST_CASE("an element of a product has the same bits in every part of a matrix",
          "[backend][gemm]") {
    const auto a = test::random_tensor<float>(Shape<2>{131, 300}, 4);
    const auto b = test::random_tensor<float>(Shape<2>{300, 700}, 5);
    const auto whole = Tensor<float, 2>::uninitialized({131, 700});
    cpu::gemm_serial(whole.view(), a.view(), b.view(), false);
    for (const auto& [i, rows, j, columns] : {std::tuple<Index, Index, Index, Index>{0, 1, 0, 1},
                                              {2, 7, 5, 40},
                                              {130, 1, 699, 1},
                                              {50, 81, 300, 400}}) {
        const auto part = Tensor<float, 2>::uninitialized({rows, columns});
        cpu::gemm_serial(part.view(), a.slice(0, i, i + rows).view(),
                         b.slice(1, j, j + columns).view(), false);
        CAPTURE(i, rows, j, columns);
        CHECK(part.to_values() == whole.slice(0, i, i + rows).slice(1, j, j + columns).to_values());
    }
}

TEST_CASE("a product writes nothing beside its matrix", "[backend][gemm]") {
    const auto a = test::random_tensor<float>(Shape<2>{9, 11}, 6);
    const auto b = test::random_tensor<float>(Shape<2>{11, 21}, 7);
    const auto frame = Tensor<float, 2>::full({11, 23}, 5.0F);
    cpu::gemm_serial(frame.slice(0, 1, 10).slice(1, 1, 22).view(), a.view(), b.view(), false);
    for (const Index row : {0, 10}) {
        for (Index k = 0; k < 23; ++k) REQUIRE(frame(row, k) == 5.0F);
    }
    for (Index row = 0; row < 11; ++row) {
        REQUIRE(frame(row, 0) == 5.0F);
        REQUIRE(frame(row, 22) == 5.0F);
    }
}

TEST_CASE("a product of bf16 is that of its factors rounded, its sums are not", "[backend][gemm]") {
    test::for_each_instruction_set([] {
        for (const auto& [m, n, k] : sizes<float>()) {
            const auto a = test::random_tensor<float>(Shape<2>{m, k}, 8);
            const auto b = test::random_tensor<float>(Shape<2>{k, n}, 9);
            const auto expected = Tensor<float, 2>::uninitialized({m, n});
            naive::gemm(expected.view(), as_bfloat16(a).view(), as_bfloat16(b).view(), false);
            const auto c = Tensor<float, 2>::uninitialized({m, n});
            const auto c_packed = Tensor<float, 2>::uninitialized({m, n});
            const NumericsScope scope(Numerics::bf16);
            cpu::gemm_serial(c.view(), a.view(), b.view(), false);
            const double tolerance = 4e-6 * std::max(1.0, std::sqrt(static_cast<double>(k)));
            CAPTURE(m, n, k);
            CHECK(largest_difference(c, expected) < tolerance);
            if (n > cpu::gemm_block_columns) continue;
            std::vector<float> memory(
                static_cast<std::size_t>(cpu::PackedColumns<float>::size(k, n)));
            const cpu::PackedColumns<float> packed(b.view(), memory.data());
            packed.multiply(c_packed.view(), a.view());
            CHECK(c_packed.to_values() == c.to_values());
        }
    });
}

TEST_CASE("factors are rounded to the nearest bfloat16, of two to the even one",
          "[backend][gemm]") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const std::vector<std::pair<float, float>> numbers{
        {0.0F, 0.0F},
        {-1.0F, -1.0F},
        {1 + 0x1p-8F, 1},            // between 1 and 1 + 2^-7
        {1 + 0x3p-8F, 1 + 0x1p-6F},  // between 1 + 2^-7 and 1 + 2^-6
        {-1 - 0x3p-8F, -1 - 0x1p-6F},
        {1 + 0x1p-8F + 0x1p-20F, 1 + 0x1p-7F},
        {1 + 0x1p-8F - 0x1p-20F, 1},
        {2 - 0x1p-23F, 2},
        {std::numeric_limits<float>::max(), infinity},
        {-infinity, -infinity},
    };
    const NumericsScope scope(Numerics::bf16);
    test::for_each_instruction_set([&] {
        for (const auto& [exact, rounded] : numbers) {
            CAPTURE(exact);
            for (const bool first : {true, false}) {
                const auto a = Tensor<float, 2>::full({1, 1}, first ? exact : 1.0F);
                const auto b = Tensor<float, 2>::full({1, 1}, first ? 1.0F : exact);
                const auto c = Tensor<float, 2>::uninitialized({1, 1});
                cpu::gemm_serial(c.view(), a.view(), b.view(), false);
                CHECK(c(0, 0) == rounded);
            }
        }
        // Only the lowest bit tells the first from infinity; the second would carry into the sign.
        for (const std::uint32_t bits : {0x7f800001U, 0x7fffffffU}) {
            const auto a = Tensor<float, 2>::full({1, 1}, std::bit_cast<float>(bits));
            const auto c = Tensor<float, 2>::zeros({1, 1});
            cpu::gemm_serial(c.view(), a.view(), Tensor<float, 2>::full({1, 1}, 1.0F).view(),
                             false);
            CHECK(std::isnan(c(0, 0)));
        }
    });
}
