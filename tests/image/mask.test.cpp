#include <oldphoto/image/mask.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include <cstdlib>

using namespace oldphoto;
using Levels = std::vector<std::uint8_t>;

TEST_CASE("a mask is made of any picture", "[image][mask]") {
    const Image grey = test::grey({4, 1}, {0, 127, 128, 255});
    CHECK(test::samples_of(to_mask(grey, {4, 1})) == Levels{0, 0, 255, 255});
    CHECK(to_mask(to_rgb(grey), {4, 1}) == to_mask(grey, {4, 1}));
    const auto red = Image::from_samples<std::uint8_t>({2, 1}, 3, {128, 0, 0, 127, 127, 127});
    CHECK(test::samples_of(to_mask(red, {2, 1})) == Levels{255, 0});
    Image transparent = grey;
    transparent.set_alpha(Levels{0, 0, 0, 0});
    CHECK(to_mask(transparent, {4, 1}) == to_mask(grey, {4, 1}));
    const auto deep = Image::from_samples<std::uint16_t>({2, 1}, 1, {0, 65535});
    CHECK(test::samples_of(to_mask(deep, {2, 1})) == Levels{0, 255});
    CHECK(test::samples_of(to_mask(grey, {8, 1})) == Levels{0, 0, 0, 0, 255, 255, 255, 255});
    CHECK(to_mask(grey, {2, 3}).size() == Size{2, 3});
}

TEST_CASE("a mask grows by pixels on each side", "[image][mask]") {
    Image mask = test::flat({7, 5}, 1, 0);
    mask.samples()[2 * 7 + 3] = 255;
    const Image larger = grown(mask, 2);
    for (Index y = 0; y < 5; ++y) {
        for (Index x = 0; x < 7; ++x) {
            const bool hole = std::abs(x - 3) <= 2;
            CHECK(larger.samples()[static_cast<std::size_t>(y * 7 + x)] == (hole ? 255 : 0));
        }
    }
    CHECK(grown(mask, 0) == mask);
    CHECK_THROWS_AS(grown(mask, -1), OptionError);
}

TEST_CASE("the covered share of a mask is its mean", "[image][mask]") {
    CHECK(covered_share(test::grey({4, 1}, {0, 255, 0, 0})) == 0.25);
    CHECK(covered_share(test::flat({3, 3}, 1, 255)) == 1);
    CHECK(covered_share(test::flat({3, 3}, 1, 0)) == 0);
}

TEST_CASE("two pictures are combined as the mask says", "[image][mask]") {
    const Image mask = test::grey({3, 1}, {0, 255, 51});
    Image outside = Image::from_samples<std::uint8_t>({3, 1}, 3, {1, 2, 3, 4, 5, 6, 100, 50, 0});
    outside.set_alpha(Levels{9, 8, 7});
    const auto inside =
        Image::from_samples<std::uint8_t>({3, 1}, 3, {0, 0, 0, 41, 51, 61, 200, 0, 255});
    const Image result = combined(inside, outside, mask);
    CHECK(test::samples_of(result) == Levels{1, 2, 3, 41, 51, 61, 120, 40, 51});
    CHECK(test::alpha_of(result) == Levels{9, 8, 7});
}

TEST_CASE("an overlay shows the photo in grey and its holes in red", "[image][mask]") {
    const auto photo = Image::from_samples<std::uint8_t>({2, 1}, 3, {255, 0, 0, 200, 200, 200});
    const Image shown = overlay(photo, test::grey({2, 1}, {0, 255}));
    CHECK(test::samples_of(shown) == Levels{76, 76, 76, 235, 75, 75});
    CHECK(overlay(to_grey(photo), test::grey({2, 1}, {0, 255})) == shown);
}

TEST_CASE("a difference is black where nothing has changed", "[image][mask]") {
    const Image a = test::grey({3, 1}, {10, 20, 255});
    const Image b = test::grey({3, 1}, {10, 25, 0});
    CHECK(test::samples_of(difference(a, b)) == Levels{0, 5, 255});
    CHECK(difference(a, b) == difference(b, a));
}

TEST_CASE("pictures and masks of other sizes are refused with both", "[image][mask][error]") {
    const Image photo = test::flat({4, 3}, 3, 0);
    CHECK_THROWS_WITH(overlay(photo, test::flat({3, 4}, 1, 0)),
                      "overlay: the mask must have the photo's size and one channel\n"
                      "  photo (H, W, C) = (3, 4, 3)\n"
                      "  mask (H, W, C) = (4, 3, 1)");
    CHECK_THROWS_WITH(difference(photo, to_grey(photo)),
                      "difference: the pictures must have the same size and channels\n"
                      "  first (H, W, C) = (3, 4, 3)\n"
                      "  second (H, W, C) = (3, 4, 1)");
    CHECK_THROWS_AS(combined(photo, photo, photo), ShapeError);
    CHECK_THROWS_AS(combined(to_grey(photo), photo, to_grey(photo)), ShapeError);
}
