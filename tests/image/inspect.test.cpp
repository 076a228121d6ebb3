#include <oldphoto/image/inspect.hpp>

#include <catch2/catch.hpp>

#include "../support/encoded_pictures.hpp"
#include <string>
#include <utility>
#include <vector>

using namespace oldphoto;
using test::ByteList;
using test::bytes;

TEST_CASE("a format is told by its first bytes", "[image][io]") {
    CHECK(identify_image(bytes(detail::png_signature), "x") == ImageFormat::png);
    CHECK(identify_image(bytes({0xFF, 0xD8, 0xFF}), "x") == ImageFormat::jpeg);
    CHECK(identify_image(bytes("BM"), "x") == ImageFormat::bmp);
}

TEST_CASE("what is no picture for oldphoto is named", "[image][error]") {
    const std::vector<std::pair<ByteList, std::string>> others{
        {bytes("GIF89a"), "is a GIF picture"},
        {bytes({'I', 'I', '*', 0}), "is a TIFF picture"},
        {bytes({'M', 'M', 0, '*'}), "is a TIFF picture"},
        {bytes("RIFF1234WEBPVP8 "), "is a WebP picture"},
        {bytes({0, 0, 0, 24, 'f', 't', 'y', 'p'}), "is a HEIF, AVIF or MP4 file"},
        {bytes({0, 0, 0, 12, 'j', 'P', ' ', ' '}), "is a JPEG 2000 picture"},
        {bytes("%PDF-1.7"), "is a PDF document"},
        {bytes("hello\n"), "is text"},
        {bytes({0x89, 'P', 0}), "is not a picture"},
        {bytes({1, 2, 3}), "is not a picture"},
    };
    for (const auto& [start, meaning] : others) {
        CHECK_THROWS_WITH(identify_image(start, "a/b.png"),
                          "a/b.png: " + meaning + "; oldphoto reads PNG, JPEG and BMP");
    }
    CHECK_THROWS_WITH(identify_image({}, "b.png"), "b.png: is empty (0 bytes)");
}

TEST_CASE("inspect_image describes each format", "[image][io]") {
    CHECK(inspect_image(test::png_of_rows(test::png_header(2, 1, 8, 0), bytes({0, 1, 2})), "x", 2)
              .size == Size{2, 1});
    CHECK(inspect_image(test::bmp(3, 2, 24, ByteList(24)), "x", 6).size == Size{3, 2});
    CHECK(inspect_image(test::join({bytes({0xFF, 0xD8}), test::jpeg_frame(0xC0, 8, 5, 4),
                                    test::jpeg_scan(), bytes({1, 0xFF, 0xD9})}),
                        "x", 20)
              .size == Size{4, 5});
}

TEST_CASE("inspect_image refuses a limit that no decoder keeps", "[image][error]") {
    CHECK_THROWS_WITH(inspect_image(bytes("BM"), "x", 0),
                      "inspect_image: max_pixels must lie in 1 .. 2^31 - 1, got 0");
    CHECK_THROWS_AS(inspect_image(bytes("BM"), "x", Index{1} << 31), OptionError);
}
