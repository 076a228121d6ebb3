#include <oldphoto/backend/cpu/conv_tiles.hpp>
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

using Picture = Tensor<float, 4>;

const cpu::TileConvKernels& conv_kernels_of(int parts) {
    return parts == 1 ? cpu::portable::conv_of_tiles<test::PlainTiles, 1>
                      : cpu::portable::conv_of_tiles<test::PlainTiles, 2>;
}

Picture convolve(int parts, const ConvGeometry& g, const Picture& x, const Picture& w,
                 const float* bias, std::vector<Moments>& moments) {
    const Pair size = g.output_size({x.dim(2), x.dim(3)});
    const auto y = Picture::full({x.dim(0), w.dim(0), size.h, size.w}, 1e9F);
    moments.assign(static_cast<std::size_t>(y.dim(0) * y.dim(1)), {});
    const TensorRows<float> rows(x.view());
    const PaddedRows<float> padded(RowSource<float>(rows),
                                   {g.padding.w, g.padding.w, g.padding.h, g.padding.h});
    cpu::tiles_conv2d({conv_kernels_of(parts), g, w.shape(), size.w}, RowSource<float>(padded),
                      cpu::WindowWeights::of(w.view(), w.data()), bias, y.view(), moments.data());
    return y;
}

/// As product() of matrices.
Picture convolution(int parts, const ConvGeometry& g, const Picture& x, const Picture& w,
                    const float* bias, const Shape<4>& shape) {
    const auto y = Picture::uninitialized(shape);
    const Picture x_high = test::as_bfloat16(x);
    const Picture w_high = test::as_bfloat16(w);
    naive::conv2d(g, x_high.view(), w_high.view(), bias, y.view());
    if (parts == 1) return y;
    const Picture x_low = test::as_bfloat16(Picture(x - x_high));
    const Picture w_low = test::as_bfloat16(Picture(w - w_high));
    const auto rest = Picture::uninitialized(shape);
    const float* none = nullptr;
    naive::conv2d(g, x_high.view(), w_low.view(), none, rest.view());
    Picture sum = y + rest;
    naive::conv2d(g, x_low.view(), w_high.view(), none, rest.view());
    return sum + rest;
}

}  // namespace

TEST_CASE("convolutions of tiles equal those of the rounded factors at any size",
          "[backend][parity]") {
    for (std::uint64_t seed = 1; seed <= 16; ++seed) {
        Rng rng(seed);
        const auto any = [&](Index most) { return 1 + rng.integer(most); };
        ConvGeometry g;
        g.kernel = {any(4), any(4)};
        g.dilation = {any(2), any(3)};
        g.padding = {rng.integer(3), rng.integer(3)};
        const Index channels = any(70);
        const Index outputs = any(70);
        const Shape<4> size{any(2), channels, g.reach().h + rng.integer(20),
                            g.reach().w + rng.integer(70)};
        const auto x = normal<float, 4>(size, rng);
        const auto w = normal<float, 4>({outputs, channels, g.kernel.h, g.kernel.w}, rng);
        const auto bias = normal<float, 1>({outputs}, rng);
        for (const int parts : {1, 2}) {
            CAPTURE(seed, parts);
            std::vector<Moments> moments;
            const float* const biases[]{nullptr, bias.data()};
            for (const float* b : biases) {
                const Picture y = convolve(parts, g, x, w, b, moments);
                const Picture expected = convolution(parts, g, x, w, b, y.shape());
                const double terms = static_cast<double>(w.size() / outputs);
                CHECK(test::largest_difference(y, expected) < 4e-6 * std::sqrt(terms));
                std::vector<Moments> again(moments.size());
                cpu::moments_of_planes(y.view(), again.data());
                for (std::size_t k = 0; k < again.size(); ++k) {
                    CHECK(moments[k].mean == again[k].mean);
                    CHECK(moments[k].m2 == again[k].m2);
                }
            }
        }
    }
}

TEST_CASE("a pixel of a convolution of tiles has the same bits in every band",
          "[backend][determinism]") {
    const auto x = test::random_tensor<float>(Shape<4>{1, 40, 40, 37}, 6);
    const auto w = test::random_tensor<float>(Shape<4>{33, 40, 3, 3}, 7);
    ConvGeometry g;
    g.kernel = 3;
    std::vector<Moments> moments;
    for (const int parts : {1, 2}) {
        const Picture whole = convolve(parts, g, x, w, nullptr, moments);
        const Picture band = convolve(parts, g, x.slice(2, 5, 32).clone(), w, nullptr, moments);
        CHECK(band.to_values() == whole.slice(2, 5, 30).to_values());
    }
}

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
