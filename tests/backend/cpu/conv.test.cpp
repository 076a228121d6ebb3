#include <oldphoto/backend/cpu/conv.hpp>
#include <oldphoto/backend/naive.hpp>
#include <oldphoto/tensor/random.hpp>

#include <catch2/catch.hpp>

#include "../../support/bfloat16.hpp"
#include "../../support/instruction_sets.hpp"
#include "../../support/scratch.hpp"
#include "../../support/threads.hpp"
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

using namespace oldphoto;

namespace {

using Picture = Tensor<float, 4>;

struct ConvCase {
    std::string name;
    Shape<4> x;  // (N, C, H, W)
    Index outputs;
    ConvGeometry g;
};

const std::vector<ConvCase> conv_cases{
    {"1x1", {2, 5, 4, 3}, 2, {1, 1, 0, 1, 1}},
    {"1x1 with stride", {1, 3, 7, 6}, 4, {1, 2, 0, 1, 1}},
    {"one pixel", {1, 1, 1, 1}, 1, {1, 1, 0, 1, 1}},
    {"a window that is mostly padding", {1, 2, 1, 2}, 3, {5, 1, 2, 1, 1}},
    {"3x3", {2, 3, 7, 6}, 4, {3, 1, 1, 1, 1}},
    {"4x4 with stride", {2, 3, 9, 7}, 5, {4, 2, 2, 1, 1}},
    {"stride that leaves pixels over", {1, 2, 11, 8}, 2, {2, 3, 0, 1, 1}},
    {"dilation", {1, 2, 12, 11}, 3, {3, 1, 2, 2, 1}},
    {"dilation and stride", {1, 2, 14, 13}, 2, {3, 2, 3, 3, 1}},
    {"two numbers for everything", {1, 2, 9, 12}, 3, {{3, 5}, {2, 1}, {1, 4}, {2, 1}, 1}},
    {"groups", {2, 6, 6, 5}, 4, {3, 1, 1, 1, 2}},
    {"depthwise", {1, 4, 9, 8}, 4, {3, 2, 1, 1, 4}},
    {"more channels than a block", {1, 37, 6, 5}, 34, {3, 1, 1, 1, 1}},
    {"blocks of channels in groups", {1, 40, 5, 5}, 10, {3, 1, 1, 1, 2}},
    {"many panels of rows", {2, 3, 41, 60}, 5, {3, 1, 1, 1, 1}},
    {"a row of exactly one tile", {1, 2, 3, 512}, 3, {3, 1, 1, 1, 1}},
    {"a row longer than a tile", {1, 2, 3, 513}, 3, {3, 1, 1, 1, 1}},
    {"rows of several tiles", {2, 2, 4, 1100}, 3, {3, 1, 1, 1, 1}},
    {"3x3 of many channels", {2, 9, 13, 11}, 10, {3, 1, 1, 1, 1}},
    {"3x3 whose last windows fill no vector", {1, 11, 9, 9}, 10, {3, 1, 1, 1, 1}},
    {"3x3 without padding", {1, 17, 19, 35}, 13, {3, 1, 0, 1, 1}},
    {"3x3 with all the padding there can be", {1, 8, 9, 8}, 8, {3, 1, {2, 0}, 1, 1}},
    {"3x3 on one long row", {1, 8, 1, 1100}, 8, {3, 1, 1, 1, 1}},
    {"3x3 on many rows", {1, 16, 150, 37}, 24, {3, 1, 1, 1, 1}},
    {"3x3 with more padding than a window", {1, 8, 9, 8}, 8, {3, 1, 3, 1, 1}},
    {"4x4 two apart", {2, 9, 26, 30}, 10, {4, 2, 1, 1, 1}},
    {"4x4 two apart with pixels over", {1, 8, 21, 27}, 11, {4, 2, 1, 1, 1}},
    {"4x4 two apart without padding", {1, 8, 19, 41}, 9, {4, 2, 0, 1, 1}},
    {"4x4 two apart with padding of two", {1, 12, 15, 70}, 8, {4, 2, 2, 1, 1}},
    {"4x4 two apart with padding of three", {1, 8, 16, 19}, 8, {4, 2, 3, 1, 1}},
    {"4x4 two apart on many rows", {1, 64, 150, 18}, 64, {4, 2, 1, 1, 1}},
    {"few outputs", {2, 13, 35, 22}, 3, {7, 1, 3, 1, 1}},
    {"few outputs of dilated windows", {1, 8, 19, 21}, 2, {{3, 5}, 1, {0, 1}, {3, 2}, 1}},
    {"few outputs with more padding than a window", {1, 9, 5, 7}, 1, {3, 1, 4, 1, 1}},
    {"tiles with stride and dilation", {1, 2, 5, 1301}, 2, {3, 2, 2, 2, 1}},
};

/// Any convolution that is small enough for plain loops, every second one as networks have them.
ConvCase random_convolution(std::uint64_t seed) {
    Rng rng(seed);
    const auto from = [&](Index low, Index high) { return low + rng.integer(high - low + 1); };
    const auto pair = [&](Index low, Index high) { return Pair{from(low, high), from(low, high)}; };
    ConvGeometry g{pair(1, 5), pair(1, 3), 0, pair(1, 3), rng.integer(3) == 0 ? from(2, 4) : 1};
    if (rng.integer(2) == 0) {
        const Index apart = from(1, 2);
        g = {apart + 2, apart, 0, 1, 1};
    }
    g.padding = {from(0, g.reach().h), from(0, g.reach().w)};
    const auto side = [&](Index reach, Index padding) {
        const Index least = std::max(Index{1}, reach - 2 * padding);
        return rng.integer(4) == 0 ? least : from(least, least + 30);
    };
    const Shape<4> x{from(1, 2), g.groups * from(1, 20 / g.groups), side(g.reach().h, g.padding.h),
                     side(g.reach().w, g.padding.w)};
    const Index outputs = g.groups * from(1, 20 / g.groups);
    const auto text = [](Pair p) { return std::to_string(p.h) + " x " + std::to_string(p.w); };
    return {"seed " + std::to_string(seed) + ": x " + to_string(x) + ", outputs " +
                std::to_string(outputs) + ", kernel " + text(g.kernel) + ", stride " +
                text(g.stride) + ", padding " + text(g.padding) + ", dilation " + text(g.dilation) +
                ", groups " + std::to_string(g.groups),
            x, outputs, g};
}

/// Everything that a case computes, with a bias and without.
struct ConvResults {
    Picture y;
    Picture y_biased;
    Picture gx;
    Picture gx_biased;
    Picture gw;
    std::vector<Moments> moments;     // of y_biased
    std::vector<Moments> gx_moments;  // of gx_biased
};

struct Inputs {
    Picture x;
    Picture w;
    Picture gy;
    Tensor<float, 1> bias;     // per output channel
    Tensor<float, 1> gx_bias;  // per input channel
};

Inputs inputs_of(const ConvCase& c) {
    Rng rng(7);
    const auto& g = c.g;
    const Pair size = g.output_size({c.x[2], c.x[3]});
    return {normal<float, 4>(c.x, rng),
            normal<float, 4>({c.outputs, c.x[1] / g.groups, g.kernel.h, g.kernel.w}, rng),
            normal<float, 4>({c.x[0], c.outputs, size.h, size.w}, rng),
            normal<float, 1>({c.outputs}, rng), normal<float, 1>({c.x[1]}, rng)};
}

std::vector<Moments> places_for(const Picture& x) {
    return std::vector<Moments>(static_cast<std::size_t>(x.dim(0) * x.dim(1)));
}

/// ConvResults with storage that holds garbage, so that an element left unwritten shows.
ConvResults blank_results(const Inputs& in) {
    const auto garbage = [](const Picture& like) { return Picture::full(like.shape(), 1e9F); };
    return {garbage(in.gy), garbage(in.gy),    garbage(in.x),   garbage(in.x),
            garbage(in.w),  places_for(in.gy), places_for(in.x)};
}

enum class Way { columns, accurate, fast, bf16 };

constexpr Way ways[]{Way::columns, Way::accurate, Way::fast};

ConvResults compute(const ConvGeometry& g, const Inputs& in, Way way = Way::fast) {
    const NumericsScope scope(way == Way::fast   ? Numerics::fast
                              : way == Way::bf16 ? Numerics::bf16
                                                 : Numerics::accurate);
    const bool columns = way == Way::columns;
    const auto conv2d = columns ? &cpu::columns_conv2d<float> : &cpu::conv2d<float>;
    const auto conv2d_data = columns ? &cpu::columns_conv2d_data<float> : &cpu::conv2d_data<float>;
    const auto conv2d_weights =
        columns ? &cpu::columns_conv2d_weights<float> : &cpu::conv2d_weights<float>;
    ConvResults out = blank_results(in);
    const TensorRows<float> x_rows(in.x.view());
    const TensorRows<float> gy_rows(in.gy.view());
    const RowSource<float> x(x_rows);
    const RowSource<float> gy(gy_rows);
    const auto w = in.w.view();
    conv2d(g, x, w, nullptr, out.y.view(), nullptr);
    conv2d(g, x, w, in.bias.data(), out.y_biased.view(), out.moments.data());
    conv2d_data(g, gy, w, nullptr, out.gx.view(), nullptr);
    conv2d_data(g, gy, w, in.gx_bias.data(), out.gx_biased.view(), out.gx_moments.data());
    conv2d_weights(g, x, gy, out.gw.view());
    return out;
}

/// Whether bf16 leaves a convolution fast, as it does those that Winograd's kernels compute with
/// windows two pixels apart.
bool rounds_in_bf16(const ConvGeometry& g, const Inputs& in) {
    const NumericsScope scope(Numerics::bf16);
    return cpu::plan_winograd<float>(g, in.w.shape(), in.gy.dim(3)).kernels == nullptr;
}

ConvResults compute_naively(const ConvGeometry& g, const Inputs& in) {
    ConvResults out = blank_results(in);
    const float* none = nullptr;
    naive::conv2d(g, in.x.view(), in.w.view(), none, out.y.view());
    naive::conv2d<float>(g, in.x.view(), in.w.view(), in.bias.data(), out.y_biased.view());
    naive::conv2d_data(g, in.gy.view(), in.w.view(), none, out.gx.view());
    naive::conv2d_data<float>(g, in.gy.view(), in.w.view(), in.gx_bias.data(),
                              out.gx_biased.view());
    naive::conv2d_weights(g, in.x.view(), in.gy.view(), out.gw.view());
    return out;
}

/// @param least  size of b that the difference is at least compared with.
double relative_difference(const Picture& a, const Picture& b, double least = 0) {
    double worst = 0;
    double largest = least;
    for (Index i = 0; i < a.size(); ++i) {
        const double difference = std::abs(double(a[i]) - double(b[i]));
        worst = difference <= worst ? worst : difference;
        largest = std::max(largest, std::abs(double(b[i])));
    }
    return worst / largest;
}

/// Mean and squared deviations of a plane in the plainest way.
Moments direct_moments(const Picture& x, std::size_t plane) {
    const Index pixels = x.dim(2) * x.dim(3);
    const float* values = x.data() + static_cast<Index>(plane) * pixels;
    double sum = 0;
    for (Index i = 0; i < pixels; ++i) sum += double(values[i]);
    const double mean = sum / static_cast<double>(pixels);
    double m2 = 0;
    for (Index i = 0; i < pixels; ++i) m2 += std::pow(double(values[i]) - mean, 2);
    return {static_cast<double>(pixels), mean, m2};
}

void check_moments(const std::vector<Moments>& moments, const Picture& x) {
    for (std::size_t plane = 0; plane < moments.size(); ++plane) {
        const Moments expected = direct_moments(x, plane);
        CHECK(moments[plane].count == expected.count);
        CHECK(moments[plane].mean == Approx(expected.mean).epsilon(1e-6).margin(1e-6));
        CHECK(moments[plane].m2 == Approx(expected.m2).epsilon(1e-5).margin(1e-9));
    }
}

std::vector<double> numbers_of(const std::vector<Moments>& moments) {
    std::vector<double> numbers;
    for (const Moments& m : moments) numbers.insert(numbers.end(), {m.count, m.mean, m.m2});
    return numbers;
}

}  // namespace

TEST_CASE("naive conv2d and its adjoints give the numbers of a hand-worked example",
          "[backend][forward]") {
    // x = 1 2 3     w = 1 2    stride 1, padding 0, bias 10
    //     4 5 6         3 4
    const auto x = Picture::from_values({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6});
    const auto w = Picture::from_values({1, 1, 2, 2}, {1, 2, 3, 4});
    const ConvGeometry g{2, 1, 0, 1, 1};
    const float bias = 10;

    auto y = Picture::zeros({1, 1, 1, 2});
    naive::conv2d(g, x.view(), w.view(), &bias, y.view());
    // 1*1 + 2*2 + 3*4 + 4*5 = 37, 1*2 + 2*3 + 3*5 + 4*6 = 47
    CHECK(y.to_values() == std::vector<float>{47, 57});

    const auto gy = Picture::from_values({1, 1, 1, 2}, {1, 10});
    auto gx = Picture::zeros(x.shape());
    naive::conv2d_data<float>(g, gy.view(), w.view(), nullptr, gx.view());
    CHECK(gx.to_values() == std::vector<float>{1, 2 + 10, 20, 3, 4 + 30, 40});

    auto gw = Picture::zeros(w.shape());
    naive::conv2d_weights(g, x.view(), gy.view(), gw.view());
    CHECK(gw.to_values() == std::vector<float>{1 + 20, 2 + 30, 4 + 50, 5 + 60});
}

TEST_CASE("naive gemm adds to what is there only when asked", "[backend][forward]") {
    const auto a = Tensor<float, 2>::from_values({2, 2}, {1, 2, 3, 4});
    const auto b = Tensor<float, 2>::from_values({2, 1}, {5, 6});
    auto c = Tensor<float, 2>::full({2, 1}, 100);
    naive::gemm(c.view(), a.view(), b.view(), true);
    CHECK(c.to_values() == std::vector<float>{117, 139});
    naive::gemm(c.view(), a.transpose(0, 1).view(), b.view());
    CHECK(c.to_values() == std::vector<float>{23, 34});
}

TEST_CASE("conv2d and its adjoints equal the naive ones", "[backend][parity]") {
    for (const ConvCase& c : conv_cases) {
        const Inputs in = inputs_of(c);
        const ConvResults expected = compute_naively(c.g, in);
        test::for_each_instruction_set([&] {
            for (const Way way : ways) {
                INFO(c.name << ", way " << static_cast<int>(way));
                // Transforms with tiles of 4 lose a digit.
                const double tolerance = way == Way::fast ? 5e-6 : 1e-6;
                const ConvResults out = compute(c.g, in, way);
                CHECK(relative_difference(out.y, expected.y) < tolerance);
                CHECK(relative_difference(out.y_biased, expected.y_biased) < tolerance);
                CHECK(relative_difference(out.gx, expected.gx) < tolerance);
                CHECK(relative_difference(out.gx_biased, expected.gx_biased) < tolerance);
                CHECK(relative_difference(out.gw, expected.gw) < 2 * tolerance);
            }
        });
    }
}

TEST_CASE("conv2d and its adjoints equal the naive ones at random shapes", "[backend][parity]") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        const ConvCase c = random_convolution(seed);
        INFO(c.name);
        const Inputs in = inputs_of(c);
        const Inputs rounded{test::as_bfloat16(in.x), test::as_bfloat16(in.w),
                             test::as_bfloat16(in.gy), in.bias, in.gx_bias};
        const ConvResults expected = compute_naively(c.g, in);
        const ConvResults expected_rounded = compute_naively(c.g, rounded);
        // A few sums may cancel: they are compared with what their terms make on average.
        const auto size_of_sum = [](Index terms) { return std::sqrt(static_cast<double>(terms)); };
        const Index taps = c.g.kernel.h * c.g.kernel.w;
        const double y_size = size_of_sum(in.w.dim(1) * taps);
        const double gx_size = size_of_sum(c.outputs / c.g.groups * taps);
        const double gw_size = size_of_sum(in.gy.size() / c.outputs);
        test::for_each_instruction_set([&] {
            for (const Way way : {Way::columns, Way::accurate, Way::fast, Way::bf16}) {
                INFO("way " << static_cast<int>(way));
                const bool rounds = way == Way::bf16 && rounds_in_bf16(c.g, in);
                const bool transforms = way == Way::fast || (way == Way::bf16 && !rounds);
                const double tolerance = transforms ? 1e-5 : 2e-6;
                const ConvResults& right = rounds ? expected_rounded : expected;
                const ConvResults out = compute(c.g, in, way);
                CHECK(relative_difference(out.y, right.y, y_size) < tolerance);
                CHECK(relative_difference(out.y_biased, right.y_biased, y_size) < tolerance);
                CHECK(relative_difference(out.gx, right.gx, gx_size) < tolerance);
                CHECK(relative_difference(out.gx_biased, right.gx_biased, gx_size) < tolerance);
                CHECK(relative_difference(out.gw, right.gw, gw_size) < 2 * tolerance);
            }
        });
    }
}

TEST_CASE("conv2d and its data adjoint give the moments of their output", "[backend][forward]") {
    for (const ConvCase& c : conv_cases) {
        INFO(c.name);
        const ConvResults out = compute(c.g, inputs_of(c));
        check_moments(out.moments, out.y_biased);
        check_moments(out.gx_moments, out.gx_biased);
        // Computed from the finished picture they have the same bits.
        auto again = places_for(out.y_biased);
        cpu::moments_of_planes(out.y_biased.view(), again.data());
        CHECK(numbers_of(again) == numbers_of(out.moments));
    }
}

TEST_CASE("moments keep a small variance beside a large mean", "[backend][forward]") {
    // 1000 +- 1/16, exact in float: variance 1/256.
    std::vector<float> values(1030);
    for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = 1000.0F + (i % 2 == 0 ? 1 : -1) / 16.0F;
    const auto x = Picture::from_values({1, 1, 2, 515}, values);
    Moments moments;
    cpu::moments_of_planes(x.view(), &moments);
    CHECK(moments.count == 1030);
    CHECK(moments.mean == Approx(1000.0).epsilon(1e-12));
    CHECK(moments.biased_variance() == Approx(1.0 / 256).epsilon(1e-6));
}

TEST_CASE("convolutions have the same bits for 1, 2 and 3 threads", "[backend][determinism]") {
    for (const ConvCase& c : conv_cases) {
        INFO(c.name);
        const Inputs in = inputs_of(c);
        CHECK(test::same_for_any_threads([&] {
            const ConvResults r = compute(c.g, in);
            return std::tuple{r.y_biased.to_values(), r.gx_biased.to_values(), r.gw.to_values(),
                              numbers_of(r.moments), numbers_of(r.gx_moments)};
        }));
    }
}

TEST_CASE("constant planes stay constant, which a norm would show", "[backend][forward]") {
    Rng rng(3);
    const auto constants = normal<float, 4>({1, 11, 1, 1}, rng);
    auto x = Picture::uninitialized({1, 11, 22, 37});
    for (Index c = 0; c < 11; ++c) x.slice(1, c, c + 1).fill(constants[c]);
    const TensorRows<float> rows(x.view());
    for (const ConvGeometry& g : {ConvGeometry{3, 1, 0, 1, 1}, ConvGeometry{4, 2, 0, 1, 1}}) {
        const auto w = normal<float, 4>({9, 11, g.kernel.h, g.kernel.w}, rng);
        const Pair size = g.output_size({22, 37});
        const float bias[9] = {0.5F, -3};
        test::for_each_instruction_set([&] {
            const auto y = Picture::uninitialized({1, 9, size.h, size.w});
            cpu::conv2d<float>(g, RowSource<float>(rows), w.view(), bias, y.view(), nullptr);
            for (Index o = 0; o < 9; ++o) {
                const auto values = y.slice(1, o, o + 1).to_values();
                CHECK(values == std::vector<float>(values.size(), values.front()));
            }
        });
    }
}

TEST_CASE("the weight gradient of an empty batch is zero", "[backend][forward]") {
    const ConvGeometry g{3, 1, 1, 1, 1};
    for (const Index channels : {2, 8}) {  // by columns, by transforms
        const auto x = Picture::zeros({0, channels, 9, 9});
        const auto gw = Picture::full({channels, channels, 3, 3}, 1e9F);
        const TensorRows<float> rows(x.view());
        cpu::conv2d_weights(g, RowSource<float>(rows), RowSource<float>(rows), gw.view());
        CHECK(gw.to_values() == std::vector<float>(gw.shape().size(), 0.0F));
    }
}

TEST_CASE("convolutions hold the memory that they say, and more threads no more than that",
          "[backend][memory]") {
    auto all = conv_cases;
    all.push_back({"3x3 in several stretches", {1, 64, 60, 90}, 96, {3, 1, 1, 1, 1}});
    all.push_back({"3x3 on a wide band", {1, 24, 8, 3000}, 24, {3, 1, 1, 1, 1}});
    all.push_back({"4x4 two apart on a wide band", {1, 24, 16, 3000}, 24, {4, 2, 1, 1, 1}});
    for (const ConvCase& c : all) {
        INFO(c.name);
        const Inputs in = inputs_of(c);
        const ConvResults out = blank_results(in);
        const TensorRows<float> x(in.x.view());
        const TensorRows<float> gy(in.gy.view());
        const auto forward = [&] {
            cpu::conv2d<float>(c.g, RowSource<float>(x), in.w.view(), nullptr, out.y.view(),
                               nullptr);
        };
        const auto data = [&] {
            cpu::conv2d_data<float>(c.g, RowSource<float>(gy), in.w.view(), nullptr, out.gx.view(),
                                    nullptr);
        };
        test::for_each_instruction_set([&] {
            const auto of_y = cpu::conv2d_memory<float>(c.g, in.w.shape(), out.y.shape());
            const auto of_x = cpu::conv2d_data_memory<float>(c.g, in.w.shape(), out.gx.shape());
            CHECK(test::scratch_held(1, forward) == of_y.kept(1));
            CHECK(test::scratch_held(1, data) == of_x.kept(1));
            CHECK(test::scratch_held(3, forward) <= of_y.kept(3));
            CHECK(test::scratch_held(3, data) <= of_x.kept(3));
        });
    }
}
