#include <oldphoto/image/orientation.hpp>

#include <catch2/catch.hpp>

#include "../support/encoded_pictures.hpp"
#include "../support/pictures.hpp"
#include <cstdint>
#include <vector>

using namespace oldphoto;
using test::bytes;
using test::grey;

TEST_CASE("upright turns and mirrors as EXIF says", "[image][forward]") {
    //  1 2 3
    //  4 5 6
    const auto stored = grey({3, 2}, {1, 2, 3, 4, 5, 6});
    CHECK(upright(stored, 1) == stored);
    CHECK(upright(stored, 2) == grey({3, 2}, {3, 2, 1, 6, 5, 4}));
    CHECK(upright(stored, 3) == grey({3, 2}, {6, 5, 4, 3, 2, 1}));
    CHECK(upright(stored, 4) == grey({3, 2}, {4, 5, 6, 1, 2, 3}));
    CHECK(upright(stored, 5) == grey({2, 3}, {1, 4, 2, 5, 3, 6}));
    CHECK(upright(stored, 6) == grey({2, 3}, {4, 1, 5, 2, 6, 3}));
    CHECK(upright(stored, 7) == grey({2, 3}, {6, 3, 5, 2, 4, 1}));
    CHECK(upright(stored, 8) == grey({2, 3}, {3, 6, 2, 5, 1, 4}));
}

TEST_CASE("upright turns colours, alpha and 16 bits", "[image][forward]") {
    auto stored = Image::from_samples<std::uint16_t>({2, 1}, 3, {1, 2, 3, 400, 500, 600});
    stored.set_alpha<std::uint16_t>({7, 800});
    auto expected = Image::from_samples<std::uint16_t>({1, 2}, 3, {400, 500, 600, 1, 2, 3});
    expected.set_alpha<std::uint16_t>({800, 7});
    CHECK(upright(stored, 8) == expected);
}

TEST_CASE("upright refuses an orientation that does not exist", "[image][error]") {
    CHECK_THROWS_WITH(upright(grey({1, 1}, {0}), 9),
                      "upright: orientation must lie in 1 .. 8, got 9");
}

TEST_CASE("the orientation tag is found in either byte order", "[image][io]") {
    CHECK(detail::tiff_orientation(test::tiff_with_tag(0x0112, 6)) == 6);
    const auto little = bytes({'I',  'I', 42, 0, 8, 0, 0, 0, 1, 0,  //
                               0x12, 1,   3,  0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0});
    CHECK(detail::tiff_orientation(little) == 8);
}

TEST_CASE("damaged or other EXIF data means upright", "[image][io]") {
    const auto tiff = test::tiff_with_tag(0x0112, 6);
    CHECK(detail::tiff_orientation(test::tiff_with_tag(0x010F, 6)) == 1);
    CHECK(detail::tiff_orientation(test::tiff_with_tag(0x0112, 9)) == 1);
    for (std::size_t size = 0; size < 22; ++size) {  // the tag ends at byte 22
        CHECK(detail::tiff_orientation(test::first_bytes(tiff, size)) == 1);
    }
    CHECK(detail::tiff_orientation(test::with_byte(tiff, 4, 0xFF)) == 1);  // a wild offset
}
