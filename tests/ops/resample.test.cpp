#include <oldphoto/ops/resample.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/random.hpp"
#include "../support/threads.hpp"

using namespace oldphoto;

namespace {

constexpr ResampleMode resample_modes[] = {ResampleMode::nearest, ResampleMode::bilinear,
                                           ResampleMode::bicubic, ResampleMode::area};

template <class T>
void check_resample(const test::OpCase& fixture) {
    const auto x = fixture.input<T, 4>("x");
    const auto size = fixture.numbers("size");
    test::check_op<T>(fixture, {{"x", x}}, [&] {
        return resample(x, {size[0], size[1]}, resample_modes[fixture.number("mode")],
                        fixture.number("align") == 1);
    });
}

Variable<double, 4> pixel_line(const std::vector<double>& values) {
    const Shape<4> shape{1, 1, 1, static_cast<Index>(values.size())};
    return Variable<double, 4>(Tensor<double, 4>::from_values(shape, values));
}

std::vector<double> resampled_line(const std::vector<double>& values, Index length,
                                   ResampleMode mode, bool align_corners = false) {
    return resample(pixel_line(values), {1, length}, mode, align_corners).value().to_values();
}

}  // namespace

TEST_CASE("resample equals PyTorch, values and gradients", "[ops][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("ops/interpolate.npz");
    const auto cases = test::op_cases("ops/interpolate.npz");
    CHECK(cases.size() == 9);
    for (const auto& fixture : cases) {
        check_resample<float>(fixture);
        check_resample<double>(fixture);
    }
}

TEST_CASE("resample gives hand-worked lines", "[ops][forward]") {
    // Positions 0 0.67 1.33 rounded down, then 0 0 1 1 2 2.
    CHECK(resampled_line({1, 2}, 3, ResampleMode::nearest) == std::vector<double>{1, 1, 2});
    CHECK(resampled_line({1, 2, 3}, 6, ResampleMode::nearest) ==
          std::vector<double>{1, 1, 2, 2, 3, 3});
    // Positions -0.25 0.25 0.75 1.25; with aligned corners 0 1/4 1/2 3/4 1.
    CHECK(resampled_line({0, 8}, 4, ResampleMode::bilinear) == std::vector<double>{0, 2, 6, 8});
    CHECK(resampled_line({0, 8}, 5, ResampleMode::bilinear, true) ==
          std::vector<double>{0, 2, 4, 6, 8});
    // Half way between two pixels the kernel gives -3/32 19/32 19/32 -3/32.
    CHECK(resampled_line({0, 32, 0, 0}, 2, ResampleMode::bicubic) == std::vector<double>{19, -3});
    CHECK(resampled_line({0, 32, 64, 0}, 1, ResampleMode::bicubic) == std::vector<double>{57});
    // Outputs overlap inputs 0 1, then 1 2.
    CHECK(resampled_line({1, 3, 7}, 2, ResampleMode::area) == std::vector<double>{2, 5});
    CHECK(resampled_line({1, 3, 7, 9}, 2, ResampleMode::area) == std::vector<double>{2, 8});
}

TEST_CASE("a single output pixel lies in the middle, or in the corner when they are aligned",
          "[ops][forward]") {
    CHECK(resampled_line({2, 4, 9}, 1, ResampleMode::bilinear) == std::vector<double>{4});
    CHECK(resampled_line({2, 4, 9}, 1, ResampleMode::bilinear, true) == std::vector<double>{2});
    CHECK(resampled_line({2, 4, 9}, 1, ResampleMode::nearest) == std::vector<double>{2});
}

TEST_CASE("nearest takes whole positions exactly", "[ops][forward]") {
    // Position 49 of 49 n outputs from n inputs is pixel 1; a rounded 1 / 49 would give pixel 0.
    std::vector<double> values(98);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = double(i);
    const auto y = resampled_line(values, 49 * 98, ResampleMode::nearest);
    for (std::size_t o = 0; o < y.size(); ++o) REQUIRE(y[o] == double(o / 49));
}

TEST_CASE("resampling to the same size changes nothing", "[ops][forward]") {
    const auto x = test::random_picture({2, 3, 5, 7});
    for (const ResampleMode mode : resample_modes) {
        CHECK(resample(x, {5, 7}, mode).value().to_values() == x.value().to_values());
    }
}

TEST_CASE("resample_by samples by the factor, not by the rounded size", "[ops][forward]") {
    // 3 pixels by 1.5 are 4 (not 4.5): positions (o + 0.5) / 1.5 - 0.5 = -1/6 1/2 7/6 11/6.
    const auto x = pixel_line({0, 6, 18});
    const auto y = resample_by(Variable<double, 4>(x.value().broadcast_to({1, 1, 2, 3})), 1.5,
                               ResampleMode::bilinear);
    REQUIRE(y.shape() == Shape<4>{1, 1, 3, 4});
    const double expected[] = {0, 3, 8, 16};
    for (Index i = 0; i < 4; ++i) CHECK(y.value()[i] == Approx(expected[i]).margin(1e-12));
    CHECK(resample_by(test::random_picture({1, 1, 9, 5}), 0.5, ResampleMode::area).shape() ==
          Shape<4>{1, 1, 4, 2});
}

TEST_CASE("resample gradients match central differences", "[ops][gradient]") {
    const auto x = test::random_picture({2, 2, 4, 5});
    for (const ResampleMode mode : resample_modes) {
        for (const Pair size : {Pair{8, 10}, Pair{7, 3}, Pair{1, 2}, Pair{2, 13}}) {
            CHECK(testing::gradcheck([&] { return resample(x, size, mode); }, {x}) < 1e-7);
            if (mode == ResampleMode::nearest || mode == ResampleMode::area) continue;
            CHECK(testing::gradcheck([&] { return resample(x, size, mode, true); }, {x}) < 1e-7);
        }
        for (const double factor : {1.3, 0.6}) {
            CHECK(testing::gradcheck([&] { return resample_by(x, factor, mode); }, {x}) < 1e-7);
        }
    }
}

TEST_CASE("resample has the same bits for 1, 2 and 3 threads", "[ops][determinism]") {
    const auto x = test::random_variable<float, 4>({2, 2, 37, 210}, 2);
    CHECK(test::same_for_any_threads([&] {
        Program program;
        Variable<float, 0> loss;
        Variable<float, 4> y;
        {
            const auto recording = program.record();
            y = resample(x, {90, 333}, ResampleMode::bicubic);
            loss = sum(y * y);
        }
        program.backward(loss, ParameterList<float>{x});
        return std::pair{y.value().to_values(), x.gradient().to_values()};
    }));
}

TEST_CASE("resample names the rule that is broken", "[ops][error]") {
    const auto x = test::random_picture({1, 2, 3, 4});
    CHECK_THROWS_WITH(resample(x, {0, 4}, ResampleMode::area),
                      "resample: size must be positive, got (0, 4)");
    CHECK_THROWS_WITH(resample(x, 4, ResampleMode::area, true),
                      "resample: align_corners goes with bilinear and bicubic only");
    CHECK_THROWS_WITH(resample(test::random_picture({1, 2, 0, 4}), 4, ResampleMode::nearest),
                      "resample: the picture must not be empty\n  x (N, C, H, W) = (1, 2, 0, 4)");
    CHECK_THROWS_WITH(resample_by(x, -2, ResampleMode::nearest),
                      "resample: factor must be positive, got -2.000000");
    CHECK_THROWS_WITH(resample_by(x, 0.3, ResampleMode::nearest),
                      "resample: size must be positive, got (0, 1)");
}
