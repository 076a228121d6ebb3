#include <oldphoto/ops/conv2d.hpp>
#include <oldphoto/ops/norm.hpp>
#include <oldphoto/ops/pad.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/gradients.hpp"
#include "../support/random.hpp"

using namespace oldphoto;

namespace {

Pair pair_of(const std::vector<Index>& numbers) {
    return {numbers.front(), numbers.back()};
}

void check_conv2d(const test::OpCase& fixture) {
    const auto x = fixture.input<float, 4>("x");
    const auto w = fixture.input<float, 4>("w");
    const auto b = fixture.input<float, 1>("b");
    const Conv2dOptions options{pair_of(fixture.numbers("stride")),
                                pair_of(fixture.numbers("padding")), fixture.number("dilation"),
                                fixture.number("groups")};
    const auto border = Padding::all(fixture.number("reflect"), PaddingMode::reflect);
    test::check_op<float>(fixture, {{"x", x}, {"w", w}, {"b", b}},
                          [&] { return conv2d(pad(x, border), w, b, options); });
}

}  // namespace

TEST_CASE("conv2d equals PyTorch, values and gradients", "[ops][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("ops/conv2d.npz");
    const auto cases = test::op_cases("ops/conv2d.npz");
    CHECK(cases.size() == 9);
    for (const auto& fixture : cases) check_conv2d(fixture);
}

TEST_CASE("conv2d slides its window without turning it", "[ops][forward]") {
    // x = 1 2 3   w = 1 10 with padding (0, 1): rows 0 1 2 3 0
    //     4 5 6
    const Variable<double, 4> x(Tensor<double, 4>::from_values({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}));
    const Variable<double, 4> w(Tensor<double, 4>::from_values({1, 1, 1, 2}, {1, 10}));
    const Variable<double, 1> bias(Tensor<double, 1>::from_values({1}, {0.5}));
    const auto y = conv2d(x, w, bias, {.padding = {0, 1}});
    CHECK(y.shape() == Shape<4>{1, 1, 2, 4});
    CHECK(y.value().to_values() ==
          std::vector<double>{10.5, 21.5, 32.5, 3.5, 40.5, 54.5, 65.5, 6.5});
    CHECK(conv2d(x, w, test::none, {.stride = {2, 2}}).value().to_values() ==
          std::vector<double>{21});
}

TEST_CASE("conv2d hands on the moments of its output", "[ops][forward]") {
    const auto x = test::random_picture({2, 3, 9, 8}, 1);
    const auto w = test::random_picture({4, 3, 3, 3}, 2);
    const auto y = conv2d(x, w, test::none, {.padding = 1});
    const auto moments = y.deferred().moments();
    REQUIRE(moments->size() == 8);
    const Tensor<double, 4> means = mean(y.value(), {2, 3});
    for (Index plane = 0; plane < 8; ++plane) {
        CHECK((*moments)[static_cast<std::size_t>(plane)].mean ==
              Approx(means[plane]).epsilon(1e-12).margin(1e-12));
    }
}

TEST_CASE("conv2d gradients match central differences", "[ops][gradient]") {
    struct Case {
        Shape<4> x;
        Shape<4> w;
        Conv2dOptions options;
    };
    const std::vector<Case> cases{
        {{2, 2, 4, 5}, {3, 2, 3, 3}, {.padding = 1}},
        {{1, 2, 6, 5}, {2, 2, 4, 4}, {.stride = 2, .padding = 1}},
        {{1, 4, 5, 7}, {6, 2, 3, 2}, {.stride = {1, 2}, .padding = {2, 0}, .groups = 2}},
        {{1, 2, 7, 6}, {2, 1, 3, 3}, {.padding = 2, .dilation = 2, .groups = 2}},
    };
    const Variable<double, 1> empty(Tensor<double, 1>::zeros({0}), true);
    for (const auto& c : cases) {
        const auto x = test::random_picture(c.x, 3);
        const auto w = test::random_picture(c.w, 4);
        const auto bias = test::random_variable<double, 1>({c.w[0]}, 5);
        CHECK(testing::gradcheck([&] { return conv2d(x, w, bias, c.options); }, {x, w, bias}) <
              1e-7);
        CHECK(testing::gradcheck([&] { return conv2d(x, w, empty, c.options); }, {x, w}) < 1e-7);
    }
}

TEST_CASE("conv2d gradients pass through what is pending on its input", "[ops][gradient]") {
    const auto x = test::random_picture({1, 2, 5, 6}, 6);
    const auto w = test::random_picture({3, 2, 3, 3}, 7);
    const auto pending = [&] {
        const Variable<double, 4> h = tanh(instance_norm(x, test::none, test::none));
        return conv2d(pad(h, Padding::all(2, PaddingMode::reflect)), w, test::none,
                      {.dilation = 2});
    };
    CHECK(testing::gradcheck(pending, {x, w}) < 1e-7);
}

TEST_CASE("conv2d names the rule and the shapes that break it", "[ops][error]") {
    const auto x = test::random_picture({1, 4, 5, 5}, 8);
    const auto w = test::random_picture({6, 2, 3, 3}, 9);
    CHECK_THROWS_WITH(conv2d(x, w, test::none),
                      "conv2d: channels of w, times groups, must equal channels of x\n"
                      "  x (N, C, H, W) = (1, 4, 5, 5)\n"
                      "  w (O, C / groups, kh, kw) = (6, 2, 3, 3)\n"
                      "  bias (O) = (0)");
    CHECK_THROWS_WITH(conv2d(x, test::random_picture({5, 2, 3, 3}, 9), test::none, {.groups = 2}),
                      Catch::StartsWith("conv2d: output channels must be a multiple of groups\n"));
    CHECK_THROWS_WITH(
        conv2d(x, w, Variable<double, 1>(Tensor<double, 1>::zeros({4})), {.groups = 2}),
        Catch::StartsWith("conv2d: one bias for each output channel, or none\n"));
    CHECK_THROWS_WITH(
        conv2d(x, w, test::none, {.dilation = 3, .groups = 2}),
        Catch::StartsWith("conv2d: the padded picture must not be smaller than a window\n"));
    CHECK_THROWS_WITH(conv2d(x, w, test::none, {.stride = {1, 0}, .groups = 2}),
                      "conv2d: stride must be positive, got (1, 0)");
    CHECK_THROWS_AS(conv2d(x, w, test::none, {.padding = -1, .groups = 2}), OptionError);
}
