#include <oldphoto/backend/cpu/gemm.hpp>
#include <oldphoto/backend/naive.hpp>
#include <oldphoto/tensor/tensor.hpp>

#include <catch2/catch.hpp>

#include "../../support/bfloat16.hpp"
#include "../../support/differences.hpp"
#include "../../support/plain_tiles.hpp"
#include "../../support/random.hpp"
#include <cmath>
#include <vector>

// The kernels of AMX with plain loops in place of its instructions.

using namespace oldphoto;

namespace {

using Matrix = Tensor<float, 2>;
using Kernels = cpu::GemmKernels<float>;

const Kernels& kernels_of(int parts) {
    return parts == 1 ? cpu::portable::gemm_of_tiles<test::PlainTiles, 1>
                      : cpu::portable::gemm_of_tiles<test::PlainTiles, 2>;
}

void multiply(const Kernels& kernels, const Matrix& c, const Matrix& a, const Matrix& b,
              bool accumulate) {
    std::vector<float> packed(static_cast<std::size_t>(cpu::gemm_block_columns * cpu::gemm_depth),
                              1e9F);
    const auto x = b.view();
    kernels.pack_columns(x.data, x.strides[1], x.strides[0], x.shape[1], x.shape[0], packed.data());
    cpu::multiply_packed(kernels, c.view(), a.view(), packed.data(), accumulate);
}

/// The product as it is meant: of the first parts alone, or also of each with the other's rest.
Matrix product(int parts, const Matrix& a, const Matrix& b, const Matrix& before, bool accumulate) {
    const Matrix c = before.clone();
    const Matrix a_high = test::as_bfloat16(a);
    const Matrix b_high = test::as_bfloat16(b);
    naive::gemm(c.view(), a_high.view(), b_high.view(), accumulate);
    if (parts == 2) {
        const Matrix a_low = test::as_bfloat16(Matrix(a - a_high));
        const Matrix b_low = test::as_bfloat16(Matrix(b - b_high));
        naive::gemm(c.view(), a_high.view(), b_low.view(), true);
        naive::gemm(c.view(), a_low.view(), b_high.view(), true);
    }
    return c;
}

void check_product(std::uint64_t seed, Index m, Index n, Index k) {
    Rng rng(seed);
    const auto a = normal<float, 2>({m, k}, rng);
    const auto b = normal<float, 2>({k, n}, rng);
    const auto a_turned = normal<float, 2>({k, m}, rng).transpose(0, 1);
    const auto b_turned = normal<float, 2>({n, k}, rng).transpose(0, 1);
    const auto before = normal<float, 2>({m, n}, rng);
    for (const int parts : {1, 2}) {
        for (const bool accumulate : {false, true}) {
            CAPTURE(seed, m, n, k, parts, accumulate);
            const auto check = [&](const Matrix& left, const Matrix& right) {
                const Matrix c = before.clone();
                multiply(kernels_of(parts), c, left, right, accumulate);
                const Matrix expected = product(parts, left, right, before, accumulate);
                CHECK(test::largest_difference(c, expected) <
                      4e-6 * std::sqrt(static_cast<double>(k)));
            };
            check(a, b);
            check(a_turned, b_turned);
        }
    }
}

}  // namespace

TEST_CASE("products of tiles equal those of the rounded factors at any size", "[backend][gemm]") {
    check_product(1, 1, 1, 1);
    check_product(2, 32, 32, 32);
    check_product(3, 33, 31, cpu::gemm_depth);
    for (std::uint64_t seed = 4; seed < 16; ++seed) {
        Rng rng(seed);
        const auto any = [&](Index most) { return 1 + rng.integer(most); };
        const Index m = any(100);
        const Index n = any(80);
        check_product(seed, m, n, any(100));
    }
}

TEST_CASE("an element of a product of tiles has the same bits in every part of a matrix",
          "[backend][gemm]") {
    const auto a = test::random_tensor<float>(Shape<2>{70, 200}, 4);
    const auto b = test::random_tensor<float>(Shape<2>{200, 90}, 5);
    for (const int parts : {1, 2}) {
        const auto whole = Matrix::full({70, 90}, 1.0F);
        multiply(kernels_of(parts), whole, a, b, true);
        const auto part = Matrix::full({31, 41}, 1.0F);
        multiply(kernels_of(parts), part, a.slice(0, 3, 34), b.slice(1, 40, 81), true);
        CHECK(part.to_values() == whole.slice(0, 3, 34).slice(1, 40, 81).to_values());
    }
}
