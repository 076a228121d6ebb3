#include <oldphoto/degrade/low_resolution.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include "../support/statistics.hpp"
#include <map>

using namespace oldphoto;
using namespace oldphoto::test;

TEST_CASE("low resolution shrinks and enlarges", "[degrade][low_resolution]") {
    // Shrunk to one pixel by symmetric weights: the mean.
    CHECK(with_low_resolution(grey({2, 1}, {10, 30}), {1, 1}, Resampling::nearest) ==
          grey({2, 1}, {20, 20}));
    const Image photo = pattern({12, 9}, 3);
    CHECK(with_low_resolution(photo, photo.size(), Resampling::bilinear) == photo);
    CHECK(with_low_resolution(photo, {7, 5}, Resampling::bilinear) ==
          resize(resize(photo, {7, 5}, Resampling::bicubic), {12, 9}, Resampling::bilinear));
}

TEST_CASE("low resolution leaves alpha as it is", "[degrade][low_resolution]") {
    Image photo = grey({4, 1}, {10, 200, 30, 90});
    photo.set_alpha(std::vector<std::uint8_t>{0, 255, 0, 255});
    const Image degraded = with_low_resolution(photo, {2, 1}, Resampling::nearest);
    CHECK(alpha_of(degraded) == alpha_of(photo));
}

TEST_CASE("random_low_resolution does what it says", "[degrade][low_resolution]") {
    const Image photo = pattern({12, 8}, 3);
    Rng rng(1);
    LowResolutionOptions options{.scale = {0.5, 0.5}, .nearest_probability = 1.0};
    const Degraded repeated = random_low_resolution(photo, options, rng);
    CHECK(repeated.text == "low resolution, 6 x 4 px, enlarged by repetition");
    CHECK(repeated.photo == with_low_resolution(photo, {6, 4}, Resampling::nearest));
    options.nearest_probability = 0.0;
    const Degraded smooth = random_low_resolution(photo, options, rng);
    CHECK(smooth.text == "low resolution, 6 x 4 px, enlarged bilinearly");
    CHECK(smooth.photo == with_low_resolution(photo, {6, 4}, Resampling::bilinear));
}

TEST_CASE("sizes and filters have the published distributions", "[degrade][low_resolution]") {
    constexpr int draws = 4000;
    const Image photo = pattern({5, 4}, 1);
    Rng rng(2);
    std::map<long, int> widths;
    std::map<long, int> heights;
    int both_full = 0;
    int repeated = 0;
    for (int i = 0; i < draws; ++i) {
        const std::string text = random_low_resolution(photo, LowResolutionOptions{}, rng).text;
        long width = 0;
        long height = 0;
        REQUIRE(std::sscanf(text.c_str(), "low resolution, %ld x %ld px", &width, &height) == 2);
        ++widths[width];
        ++heights[height];
        both_full += width == 5 && height == 4 ? 1 : 0;
        repeated += text.ends_with("by repetition") ? 1 : 0;
    }
    CHECK(widths.size() == 4);
    for (const long width : {2, 3, 4, 5}) CHECK(is_share(widths[width], draws, 1.0 / 4.0));
    CHECK(heights.size() == 3);
    for (const long height : {2, 3, 4}) CHECK(is_share(heights[height], draws, 1.0 / 3.0));
    CHECK(is_share(both_full, draws, 1.0 / 12.0));  // drawn apart
    CHECK(is_share(repeated, draws, 0.5));
}

TEST_CASE("a side keeps a pixel at least", "[degrade][low_resolution]") {
    Rng rng(3);
    const Degraded degraded =
        random_low_resolution(grey({1, 3}, {9, 9, 9}), {.scale = {0.0, 0.1}}, rng);
    CHECK(degraded.text.starts_with("low resolution, 1 x 1 px"));
    CHECK(degraded.photo == grey({1, 3}, {9, 9, 9}));
}
