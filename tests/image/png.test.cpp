#include <oldphoto/image/png.hpp>

#include <catch2/catch.hpp>

#include "../support/encoded_pictures.hpp"

using namespace oldphoto;
using test::ByteList;
using test::bytes;
using test::png_chunk;

namespace {

constexpr Index png_limit = 1000000;

detail::PngFile parsed_png(const ByteList& file) {
    return detail::parse_png(file, "x.png", png_limit);
}

/// 2 x 1 pixels, 8-bit grey: chunks IHDR (25 bytes), IDAT, IEND (12 bytes).
ByteList sound_png() {
    return test::png_of_rows(test::png_header(2, 1, 8, 0), bytes({0, 10, 20}));
}

}  // namespace

TEST_CASE("crc32 gives the published check value", "[image][io]") {
    CHECK(detail::crc32(bytes("123456789")) == 0xCBF43926U);
    CHECK(detail::crc32(bytes("IEND")) == 0xAE426082U);
}

TEST_CASE("a sound PNG is described without damage", "[image][io]") {
    const ImageInfo info = parsed_png(sound_png()).info;
    CHECK(info.format == ImageFormat::png);
    CHECK(info.size == Size{2, 1});
    CHECK(info.bits == 8);
    CHECK_FALSE(info.palette);
    CHECK(info.orientation == 1);
    CHECK(info.damage.empty());
}

TEST_CASE("depth, palette and EXIF of a PNG are found", "[image][io]") {
    const auto deep = test::png_of_rows(test::png_header(1, 1, 16, 2), ByteList(7),
                                        png_chunk("eXIf", test::tiff_with_tag(0x0112, 3)));
    CHECK(parsed_png(deep).info.bits == 16);
    CHECK(parsed_png(deep).info.orientation == 3);
    const auto indexed = test::png_of_rows(test::png_header(1, 1, 4, 3), ByteList(2));
    CHECK(parsed_png(indexed).info.palette);
    CHECK(parsed_png(indexed).bits_a_pixel == 4);
}

TEST_CASE("what is wrong with a PNG is noted", "[image][io]") {
    const auto file = sound_png();
    const auto damage = [&](const ByteList& damaged) { return parsed_png(damaged).info.damage; };
    CHECK(damage(test::first_bytes(file, file.size() - 12)) ==
          "ends early: its IEND chunk is missing");
    CHECK(damage(test::first_bytes(file, file.size() - 5)) ==
          "ends early: its IEND chunk is missing");
    CHECK(damage(test::first_bytes(file, file.size() - 14)) == "ends early, in its IDAT chunk");
    CHECK(damage(test::with_byte(file, 44, 99)) == "has a wrong checksum in its IDAT chunk");
    CHECK(damage(test::with_byte(file, 29, 99)) == "has a wrong checksum in its IHDR chunk");
    CHECK(damage(test::join({file, bytes("garbage")})).empty());
}

TEST_CASE("a PNG with too little data for its size is noted", "[image][io]") {
    const auto small = test::png_of_rows(test::png_header(1000, 1000, 8, 2), ByteList(100));
    CHECK(parsed_png(small).info.damage == "ends early: 107 bytes cannot hold 1000 x 1000 pixels");
}

TEST_CASE("a PNG without a trustworthy header is refused", "[image][error]") {
    const auto file = sound_png();
    for (const std::size_t size : {8U, 12U, 20U, 28U}) {
        CHECK_THROWS_WITH(parsed_png(test::first_bytes(file, size)),
                          "x.png: is a damaged PNG: it does not begin with a whole IHDR chunk");
    }
    CHECK_THROWS_WITH(parsed_png(test::png_of_rows(test::png_header(2, 0, 8, 0), {})),
                      "x.png: its header claims 2 x 0 pixels");
    CHECK_THROWS_WITH(parsed_png(test::png_of_rows(test::png_header(2, 1, 8, 5), {})),
                      "x.png: is a damaged PNG: there is no colour type 5");
    CHECK_THROWS_WITH(
        parsed_png(test::png_of_rows(test::png_header(0xFFFFFFFF, 0xFFFFFFFF, 8, 2), {})),
        "x.png: its header claims 4294967295 x 4294967295 pixels; at most 1000000 pixels in all "
        "are read (ReadOptions::max_pixels)");
    CHECK_THROWS_WITH(parsed_png(test::png({png_chunk("IHDR", test::png_header(2, 1, 8, 0)),
                                            png_chunk("IEND", {})})),
                      "x.png: has no pixel data (it is a PNG without IDAT)");
}

TEST_CASE("the rows of an interlaced PNG are counted by pass", "[image][io]") {
    detail::PngFile file = parsed_png(sound_png());
    file.info.size = {5, 5};
    CHECK(detail::png_unpacked_bytes(file) == 30);
    file.interlaced = true;
    // Passes of 1x1, 1x1, 2x1, 1x2, 3x1, 2x3, 5x2 pixels: 25 and a filter byte for 11 rows.
    CHECK(detail::png_unpacked_bytes(file) == 36);
    file.info.size = {1, 1};  // the empty passes have no rows
    CHECK(detail::png_unpacked_bytes(file) == 2);
}

TEST_CASE("long data is stored in several blocks", "[image][io]") {
    const auto stream = detail::stored_zlib_stream(ByteList(70000));
    CHECK(stream.size() == 2 + (5 + 65535) + (5 + 4465));
    CHECK(stream[2] == std::byte{0});  // more blocks follow
    CHECK(stream[2 + 5 + 65535] == std::byte{1});
}
