#include <oldphoto/degrade/grain.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include "../support/statistics.hpp"

using namespace oldphoto;
using namespace oldphoto::test;

namespace {

/// Correlation of the samples of a grey picture with their right neighbours.
double correlation(const Image& image) {
    const auto [mean, deviation] = statistics_of(image.samples());
    double product = 0.0;
    Index count = 0;
    for (Index y = 0; y < image.height(); ++y) {
        for (Index x = 1; x < image.width(); ++x, ++count) {
            const auto right = static_cast<std::size_t>(y * image.width() + x);
            product += (image.samples()[right] - mean) * (image.samples()[right - 1] - mean);
        }
    }
    return product / static_cast<double>(count) / (deviation * deviation);
}

}  // namespace

TEST_CASE("grain is strongest in middle grey and absent in black and white", "[degrade][grain]") {
    Rng rng(1);
    const auto deviation_at = [&](std::uint8_t level) {
        return statistics_of(with_grain(flat(large, 1, level), 10.0, 1.0, rng).samples()).deviation;
    };
    // Neighbours at distance d correlate by exp(-d^2 / 4), so that 40000 pixels are worth
    // 40000 / (2 pi) = 6366: the deviation of a measured deviation is 1 / sqrt(12732) of it, 0.9 %.
    CHECK(deviation_at(128) == Approx(10.0).epsilon(0.036));
    // 2 sqrt(0.2 * 0.8) = 0.8 at both ends.
    CHECK(deviation_at(51) == Approx(8.0).epsilon(0.036));
    CHECK(deviation_at(204) == Approx(8.0).epsilon(0.036));
    // The size changes nothing: clumps of sigma 2 make 40000 pixels worth 1592, hence 1.8 %.
    const Image coarse = with_grain(flat(large, 1, 128), 10.0, 2.0, rng);
    CHECK(statistics_of(coarse.samples()).deviation == Approx(10.0).epsilon(0.072));
    CHECK(with_grain(flat(large, 1, 0), 10.0, 1.0, rng) == flat(large, 1, 0));
    CHECK(with_grain(flat(large, 3, 255), 10.0, 1.0, rng) == flat(large, 3, 255));
}

TEST_CASE("grain does not change the mean brightness", "[degrade][grain]") {
    Rng rng(2);
    // 40000 pixels are worth 40000 / (4 pi) = 3183 for a mean: of deviation 10 / 56.4 = 0.18.
    const Image grained = with_grain(flat(large, 1, 128), 10.0, 1.0, rng);
    CHECK(statistics_of(grained.samples()).mean == Approx(128.0).margin(0.71));
}

TEST_CASE("grain comes in clumps of its size", "[degrade][grain]") {
    Rng rng(3);
    const auto correlation_for = [&](double size) {
        return correlation(with_grain(flat(large, 1, 128), 20.0, size, rng));
    };
    // exp(-1 / (4 size^2)); an estimate strays by 0.01.
    CHECK(correlation_for(1.0) == Approx(0.779).margin(0.03));
    CHECK(correlation_for(2.0) == Approx(0.939).margin(0.03));
    CHECK(correlation_for(0.1) == Approx(0.0).margin(0.03));
}

TEST_CASE("grain has no colour", "[degrade][grain]") {
    Rng rng(4);
    const Image grained = with_grain(flat({20, 20}, 3, 128), 20.0, 1.0, rng);
    CHECK(grained == to_rgb(to_grey(grained)));
    CHECK(grained != flat({20, 20}, 3, 128));
}

TEST_CASE("random_grain does what it says", "[degrade][grain]") {
    const Image photo = pattern({12, 9}, 3);
    Rng rng(5);
    const Degraded degraded =
        random_grain(photo, {.deviation = {17.0, 17.0}, .size = {1.2, 1.2}}, rng);
    CHECK(degraded.text == "grain, deviation 17 of 255, sigma 1.2 px");
    Rng again(5, 2);  // after both strengths
    CHECK(degraded.photo == with_grain(photo, 17.0, 1.2, again));
    CHECK(with_grain(grey({1, 1}, {128}), 0.0, 5.0, rng) == grey({1, 1}, {128}));
}
