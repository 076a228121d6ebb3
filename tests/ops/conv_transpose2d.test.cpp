#include <oldphoto/ops/conv_transpose2d.hpp>
#include <oldphoto/ops/norm.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/gradients.hpp"
#include "../support/random.hpp"

using namespace oldphoto;

namespace {

void check_conv_transpose2d(const test::OpCase& fixture) {
    const auto x = fixture.input<float, 4>("x");
    const auto w = fixture.input<float, 4>("w");
    const auto b = fixture.input<float, 1>("b");
    const ConvTranspose2dOptions options{.stride = fixture.number("stride"),
                                         .padding = fixture.number("padding"),
                                         .output_padding = fixture.number("output_padding")};
    test::check_op<float>(fixture, {{"x", x}, {"w", w}, {"b", b}},
                          [&] { return conv_transpose2d(x, w, b, options); });
}

struct Transposed {
    Shape<4> x;
    Shape<4> w;
    ConvTranspose2dOptions options;
};

const std::vector<Transposed> transposed_cases{
    {{2, 2, 3, 4}, {2, 3, 3, 3}, {.padding = 1}},
    {{1, 3, 3, 2}, {3, 2, 4, 4}, {.stride = 2, .padding = 1}},
    {{1, 2, 3, 3}, {2, 2, 3, 3}, {.stride = 2, .padding = 1, .output_padding = 1}},
    {{1, 2, 2, 3}, {2, 1, 2, 3}, {.stride = {3, 1}, .output_padding = {2, 0}}},
    // output_padding below dilation, not below stride: some outputs no window reaches.
    {{1, 2, 3, 3}, {2, 2, 2, 2}, {.output_padding = {2, 1}, .dilation = 3}},
    {{1, 4, 3, 3}, {4, 3, 3, 2}, {.stride = 2, .padding = {1, 0}, .groups = 2}},
    {{1, 3, 4, 3}, {3, 1, 3, 3}, {.padding = 2, .dilation = 2, .groups = 3}},
};

}  // namespace

TEST_CASE("conv_transpose2d equals PyTorch, values and gradients", "[ops][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("ops/conv_transpose2d.npz");
    const auto fixtures = test::op_cases("ops/conv_transpose2d.npz");
    CHECK(fixtures.size() == 3);
    for (const auto& fixture : fixtures) check_conv_transpose2d(fixture);
}

TEST_CASE("conv_transpose2d lays a scaled window down for every pixel", "[ops][forward]") {
    // x = 1 2, w = 1 10 100: with stride 2
    //   1 10 100
    //        2  20 200
    // cut off by one on each side and made wider by one: 10 102 20 200.
    const Variable<double, 4> x(Tensor<double, 4>::from_values({1, 1, 1, 2}, {1, 2}));
    const Variable<double, 4> w(Tensor<double, 4>::from_values({1, 1, 1, 3}, {1, 10, 100}));
    const Variable<double, 1> bias(Tensor<double, 1>::from_values({1}, {0.5}));
    const auto y = conv_transpose2d(
        x, w, bias, {.stride = {1, 2}, .padding = {0, 1}, .output_padding = {0, 1}});
    CHECK(y.shape() == Shape<4>{1, 1, 1, 4});
    CHECK(y.value().to_values() == std::vector<double>{10.5, 102.5, 20.5, 200.5});
}

TEST_CASE("conv_transpose2d is the adjoint of conv2d", "[ops][forward]") {
    // <conv^T(x, w), u> = <x, conv(u, w)> for the same weights.
    for (const auto& c : transposed_cases) {
        const auto& o = c.options;
        if (!(o.output_padding == Pair{0})) continue;
        const auto x = test::random_picture(c.x, 1);
        const auto w = test::random_picture(c.w, 2);
        const auto y = conv_transpose2d(x, w, test::none, o);
        const auto u = test::random_picture(y.shape(), 3);
        const auto v = conv2d(u, w, test::none, {o.stride, o.padding, o.dilation, o.groups});
        REQUIRE(v.shape() == x.shape());
        CHECK(sum(y * u).item() == Approx(sum(x * v).item()).epsilon(1e-12));
    }
}

TEST_CASE("conv_transpose2d hands on the moments of its output", "[ops][forward]") {
    const auto x = test::random_picture({2, 3, 5, 4}, 1);
    const auto w = test::random_picture({3, 4, 4, 4}, 2);
    const auto y = conv_transpose2d(x, w, test::none, {.stride = 2, .padding = 1});
    const auto moments = y.deferred().moments();
    REQUIRE(moments->size() == 8);
    const Tensor<double, 4> means = mean(y.value(), {2, 3});
    for (Index plane = 0; plane < 8; ++plane) {
        CHECK((*moments)[static_cast<std::size_t>(plane)].mean ==
              Approx(means[plane]).epsilon(1e-12).margin(1e-12));
    }
}

TEST_CASE("conv_transpose2d gradients match central differences", "[ops][gradient]") {
    for (const auto& c : transposed_cases) {
        const auto x = test::random_picture(c.x, 3);
        const auto w = test::random_picture(c.w, 4);
        const auto bias = test::random_variable<double, 1>({c.w[1] * c.options.groups}, 5);
        CHECK(testing::gradcheck([&] { return conv_transpose2d(x, w, bias, c.options); },
                                 {x, w, bias}) < 1e-7);
    }
}

TEST_CASE("conv_transpose2d gradients pass through what is pending on its input",
          "[ops][gradient]") {
    const auto x = test::random_picture({1, 2, 3, 4}, 6);
    const auto w = test::random_picture({2, 2, 4, 4}, 7);
    const auto pending = [&] {
        const Variable<double, 4> h = tanh(instance_norm(x, test::none, test::none));
        return conv_transpose2d(h, w, test::none, {.stride = 2, .padding = 1});
    };
    CHECK(testing::gradcheck(pending, {x, w}) < 1e-7);
}

TEST_CASE("conv_transpose2d says how bands read its input", "[ops][graph]") {
    // Stride 2, kernel 4, padding 1: output row r reads the input rows (r - 2) / 2 to (r + 1) / 2.
    const ConvTranspose2dOp op{{.stride = 2, .padding = 1}};
    const auto window = op.window({1, 1, 8, 8}, {1, 1, 4, 4}, {1, 1, 4, 4}, {0});
    CHECK(window.halo == 1);
    CHECK(window.scale == 0.5);
}

TEST_CASE("conv_transpose2d names the rule and the shapes that break it", "[ops][error]") {
    const auto x = test::random_picture({1, 4, 5, 5}, 8);
    const auto w = test::random_picture({4, 2, 3, 3}, 9);
    CHECK_THROWS_WITH(conv_transpose2d(x, test::random_picture({3, 2, 3, 3}, 9), test::none),
                      "conv_transpose2d: w must have one filter for each channel of x\n"
                      "  x (N, C, H, W) = (1, 4, 5, 5)\n"
                      "  w (C, O / groups, kh, kw) = (3, 2, 3, 3)\n"
                      "  bias (O) = (0)");
    CHECK_THROWS_WITH(conv_transpose2d(x, w, test::none, {.stride = 2, .output_padding = {1, 2}}),
                      "conv_transpose2d: output_padding must be smaller than stride or dilation, "
                      "and not negative, got (1, 2)");
    CHECK_THROWS_AS(conv_transpose2d(x, w, test::none, {.output_padding = -1}), OptionError);
    CHECK_THROWS_WITH(
        conv_transpose2d(x, w, test::none, {.groups = 3}),
        Catch::StartsWith("conv_transpose2d: channels must be a multiple of groups\n"));
    CHECK_THROWS_WITH(
        conv_transpose2d(x, w, Variable<double, 1>(Tensor<double, 1>::zeros({2})), {.groups = 2}),
        Catch::StartsWith("conv_transpose2d: one bias for each output channel, or none\n"));
    CHECK_THROWS_WITH(
        conv_transpose2d(x, w, test::none, {.padding = 4}),
        Catch::StartsWith("conv_transpose2d: padding must leave at least one output pixel\n"));
    CHECK_THROWS_WITH(conv_transpose2d(test::random_picture({1, 4, 0, 5}, 8), w, test::none),
                      Catch::StartsWith("conv_transpose2d: the picture must not be empty\n"));
}
