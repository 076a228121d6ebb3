#include <oldphoto/image/bmp.hpp>

#include <catch2/catch.hpp>

#include "../support/encoded_pictures.hpp"
#include <limits>

using namespace oldphoto;
using test::ByteList;

namespace {

ImageInfo parsed_bmp(const ByteList& file) {
    return detail::parse_bmp(file, "x.bmp", 1000000);
}

}  // namespace

TEST_CASE("a sound BMP is described without damage", "[image][io]") {
    const ImageInfo info = parsed_bmp(test::bmp(3, 2, 24, ByteList(24)));  // rows of 9 bytes in 12
    CHECK(info.format == ImageFormat::bmp);
    CHECK(info.size == Size{3, 2});
    CHECK_FALSE(info.palette);
    CHECK(info.damage.empty());
    CHECK(parsed_bmp(test::bmp(3, -2, 24, ByteList(24))).size == Size{3, 2});
    CHECK(parsed_bmp(test::bmp(3, 2, 8, ByteList(24))).palette);
}

TEST_CASE("a BMP that ends early is noted", "[image][io]") {
    CHECK(parsed_bmp(test::bmp(3, 2, 24, ByteList(23))).damage ==
          "ends early: it has 77 bytes, its header announces 78");
}

TEST_CASE("a BMP without a trustworthy header is refused", "[image][error]") {
    const auto file = test::bmp(3, 2, 24, ByteList(24));
    const std::string cut = "x.bmp: is a damaged BMP: its header is cut or of an unknown kind";
    CHECK_THROWS_WITH(parsed_bmp(test::first_bytes(file, 2)), cut);
    CHECK_THROWS_WITH(parsed_bmp(test::first_bytes(file, 53)), cut);
    CHECK_THROWS_WITH(parsed_bmp(test::with_byte(file, 14, 13)), cut);
    CHECK_THROWS_WITH(parsed_bmp(test::with_byte(file, 10, 53)),
                      "x.bmp: is a damaged BMP: its pixels begin inside the header");
    constexpr auto lowest = std::numeric_limits<std::int32_t>::min();
    CHECK_THROWS_WITH(parsed_bmp(test::bmp(-1, 5, 24, {})),
                      "x.bmp: its header claims -1 x 5 pixels");
    CHECK_THROWS_WITH(parsed_bmp(test::bmp(7, lowest, 24, {})),
                      "x.bmp: its header claims 7 x 2147483648 pixels; at most 1000000 pixels in "
                      "all are read (ReadOptions::max_pixels)");
}
