#include <oldphoto/data/crop.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include "../support/pictures.hpp"
#include "../support/statistics.hpp"
#include <map>
#include <tuple>

using namespace oldphoto;
using namespace oldphoto::test;

TEST_CASE("cropped takes a square out of a picture and mirrors it", "[data][crop]") {
    const Image photo = grey({4, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
    CHECK(cropped(photo, {.x = 1, .y = 1, .side = 2, .flipped = false}) ==
          grey({2, 2}, {6, 7, 10, 11}));
    CHECK(cropped(photo, {.x = 1, .y = 1, .side = 2, .flipped = true}) ==
          grey({2, 2}, {7, 6, 11, 10}));
    const auto color = Image::from_samples(
        {2, 2}, 3, std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
    CHECK(cropped(color, {.x = 0, .y = 0, .side = 2, .flipped = true}) ==
          Image::from_samples({2, 2}, 3,
                              std::vector<std::uint8_t>{4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9}));
}

TEST_CASE("all places and both directions are equally likely", "[data][random]") {
    constexpr int draws = 6000;
    Rng rng(1);
    std::map<std::tuple<Index, Index, bool>, int> found;
    for (int i = 0; i < draws; ++i) {
        const Crop crop = random_crop({5, 4}, 3, rng);
        CHECK(crop.side == 3);
        ++found[{crop.x, crop.y, crop.flipped}];
    }
    CHECK(found.size() == 12);  // x 0 .. 2, y 0 .. 1
    for (const auto& [crop, count] : found) CHECK(is_share(count, draws, 1.0 / 12.0));
    CHECK(std::get<0>(found.rbegin()->first) == 2);
}

TEST_CASE("a small photo is enlarged until its short side is long enough", "[data][crop]") {
    const Image photo = pattern({30, 10}, 3);
    CHECK(with_sides_at_least(photo, 10) == photo);
    CHECK(with_sides_at_least(photo, 16) == resize(photo, {48, 16}, Resampling::bicubic));
    CHECK(with_sides_at_least(grey({1, 1}, {9}), 4).size() == Size{4, 4});
    CHECK(with_sides_at_least(pattern({7, 9}, 1), 16).size() == Size{16, 21});  // 20.57
}

TEST_CASE("crops that do not fit are refused", "[data][error]") {
    Rng rng(2);
    CHECK_THROWS_WITH(random_crop({5, 4}, 5, rng),
                      "random_crop: a picture of 5 x 4 pixels has no square of 5");
    CHECK_THROWS_WITH(random_crop({5, 4}, 0, rng),
                      "random_crop: a picture of 5 x 4 pixels has no square of 0");
    CHECK_THROWS_WITH(cropped(pattern({5, 4}, 1), {.x = 3, .y = 1, .side = 3, .flipped = false}),
                      "cropped: a square of 3 at (3, 1) reaches beyond a picture of 5 x 4 pixels");
}
