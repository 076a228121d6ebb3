#include <oldphoto/backend/cpu/gemm.hpp>
#include <oldphoto/backend/naive.hpp>
#include <oldphoto/tensor/tensor.hpp>

#include <catch2/catch.hpp>

#include "../../support/bfloat16.hpp"
#include "../../support/differences.hpp"
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
        CHECK(test::largest_difference(c, expected) < tolerance);
    }
}

}  // namespace

TEMPLATE_TEST_CASE("products across all borders equal the plain sums", "[backend][gemm]", float,
                   double) {
    test::for_each_instruction_set([] {
        for (const Sizes& size : sizes<TestType>()) check_product<TestType>(size);
    });
}

TEMPLATE_TEST_CASE("products of random sizes and strides equal the plain sums", "[backend][gemm]",
                   float, double) {
    using T = TestType;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        Rng rng(seed);
        const auto size = [&](Index most) {
            return 1 + rng.integer(rng.integer(3) == 0 ? Index{4} : most);
        };
        const Index samples = size(3);
        const Index m = size(120);
        const Index n = size(120);
        const Index k = size(300);
        const bool accumulate = rng.integer(2) == 0;
        // A part of a larger batch, whose rows may be columns.
        const auto batch = [&](Index rows, Index columns) {
            const bool turned = rng.integer(2) == 0;
            if (turned) std::swap(rows, columns);
            const auto whole = normal<T, 3>({samples, rows + 2, columns + 3}, rng);
            const auto part = whole.slice(1, 1, rows + 1).slice(2, 2, columns + 2);
            return turned ? part.transpose(1, 2) : part;
        };
        const auto a = batch(m, k);
        const auto b = batch(k, n);
        const auto before = normal<T, 3>({samples, m, n}, rng);
        const auto expected = before.clone();
        for (Index s = 0; s < samples; ++s) {
            const auto of_sample = [s](const Tensor<T, 3>& x) {
                const auto v = x.view();
                return View<T, 2>{v.data + s * v.strides[0],
                                  {v.shape[1], v.shape[2]},
                                  {v.strides[1], v.strides[2]}};
            };
            naive::gemm(of_sample(expected), of_sample(a), of_sample(b), accumulate);
        }
        const double tolerance =
            (sizeof(T) == 4 ? 4e-6 : 8e-15) * std::sqrt(static_cast<double>(k));
        test::for_each_instruction_set([&] {
            CAPTURE(seed, samples, m, n, k, accumulate, a.view().strides, b.view().strides);
            const auto c = before.clone();
            cpu::batched_gemm(c.view(), a.view(), b.view(), accumulate);
            CHECK(test::largest_difference(c, expected) < tolerance);
        });
    }
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
            naive::gemm(expected.view(), test::as_bfloat16(a).view(), test::as_bfloat16(b).view(),
                        false);
            const auto c = Tensor<float, 2>::uninitialized({m, n});
            const auto c_packed = Tensor<float, 2>::uninitialized({m, n});
            const NumericsScope scope(Numerics::bf16);
            cpu::gemm_serial(c.view(), a.view(), b.view(), false);
            const double tolerance = 4e-6 * std::max(1.0, std::sqrt(static_cast<double>(k)));
            CAPTURE(m, n, k);
            CHECK(test::largest_difference(c, expected) < tolerance);
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
