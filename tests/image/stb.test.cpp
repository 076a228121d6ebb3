#include <oldphoto/image/stb.hpp>

#include <catch2/catch.hpp>

#include "../support/encoded_pictures.hpp"
#include "../support/files.hpp"
#include "../support/pictures.hpp"
#include "../support/shared.hpp"
#include <filesystem>
#include <string>
#include <vector>

using namespace oldphoto;
using test::ByteList;
using test::bytes;
using test::grey;
using test::TemporaryFolder;

namespace {

/// 5 x 3 pixels with many different samples.
Image sample_picture(Index channels, bool alpha) {
    Image image = Image::black({5, 3}, channels);
    const auto samples = image.samples();
    for (std::size_t i = 0; i < samples.size(); ++i) {
        samples[i] = static_cast<std::uint8_t>(37 * i * i % 256);
    }
    if (alpha) {
        image.set_alpha<std::uint8_t>({0, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 200});
    }
    return image;
}

struct SampleDifference {
    int largest = 0;
    double mean = 0.0;
};

SampleDifference sample_difference(const Image& a, const Image& b) {
    REQUIRE(a.size() == b.size());
    REQUIRE(a.channels() == b.channels());
    SampleDifference result;
    const std::size_t count = a.samples().size();
    for (std::size_t i = 0; i < count; ++i) {
        const int levels = std::abs(a.samples()[i] - b.samples()[i]);
        result.largest = std::max(result.largest, levels);
        result.mean += levels / static_cast<double>(count);
    }
    return result;
}

}  // namespace

TEST_CASE("PNG gives back what was written", "[image][io]") {
    for (const Index channels : {1, 3}) {
        for (const bool alpha : {false, true}) {
            const Image image = sample_picture(channels, alpha);
            CHECK(decode_image(encode_png(image), "x") == image);
        }
    }
}

TEST_CASE("BMP gives back colour and alpha, and grey as RGB", "[image][io]") {
    for (const bool alpha : {false, true}) {
        const Image image = sample_picture(3, alpha);
        CHECK(decode_image(encode_bmp(image), "x") == image);
        const Image grey_image = sample_picture(1, alpha);
        CHECK(decode_image(encode_bmp(grey_image), "x") == to_rgb(grey_image));
    }
}

TEST_CASE("JPEG keeps a smooth picture and drops alpha", "[image][io]") {
    Image image = Image::black({16, 16}, 3);
    for (std::size_t i = 0; i < 256; ++i) {
        const auto level = static_cast<std::uint8_t>(40 + i % 16 * 8);
        for (std::size_t c = 0; c < 3; ++c) image.samples()[3 * i + c] = level;
    }
    const Image plain = image;
    image.set_alpha(std::vector<std::uint8_t>(256, 9));
    const Image decoded = decode_image(encode_jpeg(image, 95), "x");
    CHECK_FALSE(decoded.has_alpha());
    CHECK(sample_difference(decoded, plain).largest <= 3);
    // A grey picture has three components in a JPEG that stb writes; they are equal.
    const Image from_grey = decode_image(encode_jpeg(to_grey(plain), 95), "x");
    CHECK(from_grey == to_rgb(to_grey(from_grey)));
}

TEST_CASE("JPEG is decoded as Pillow decodes it", "[image][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("image/jpeg.npz");
    const auto arrays = test::read_npz(test::fixture_path("image/jpeg.npz"));
    for (const std::string quality : {"q40", "q60", "q75", "q90", "q95", "q100"}) {
        INFO(quality);
        const Image decoded = decode_image(arrays.at(quality + "_bytes").bytes, quality);
        const auto d = sample_difference(decoded, test::picture(arrays.at(quality + "_decoded")));
        CHECK(d.largest <= 3);
        CHECK(d.mean <= 0.5);
    }
}

TEST_CASE("16 bits of a PNG survive reading", "[image][io]") {
    const auto file = test::png_of_rows(test::png_header(2, 1, 16, 4),
                                        bytes({0, 0x12, 0x34, 0xFF, 0xFE, 0x00, 0x01, 0x80, 0x00}));
    auto expected = Image::from_samples<std::uint16_t>({2, 1}, 1, {0x1234, 0x0001});
    expected.set_alpha<std::uint16_t>({0xFFFE, 0x8000});
    ImageInfo info{};
    CHECK(decode_image(file, "x", {}, &info) == expected);
    CHECK(info.bits == 16);
}

TEST_CASE("a palette of greys gives a grey picture", "[image][io]") {
    const auto indexed = [](const ByteList& palette) {
        return test::png_of_rows(test::png_header(2, 1, 8, 3), bytes({0, 1, 0}),
                                 test::png_chunk("PLTE", palette));
    };
    CHECK(decode_image(indexed(bytes({9, 9, 9, 80, 80, 80})), "x") == grey({2, 1}, {80, 9}));
    CHECK(decode_image(indexed(bytes({9, 9, 9, 80, 80, 81})), "x").channels() == 3);
}

TEST_CASE("a transparent colour becomes alpha", "[image][io]") {
    const auto file = test::png_of_rows(test::png_header(2, 1, 8, 0), bytes({0, 10, 20}),
                                        test::png_chunk("tRNS", bytes({0, 20})));
    auto expected = grey({2, 1}, {10, 20});
    expected.set_alpha<std::uint8_t>({255, 0});
    CHECK(decode_image(file, "x") == expected);
}

TEST_CASE("the orientation in a file is applied", "[image][io]") {
    const auto file = test::png_of_rows(test::png_header(2, 1, 8, 0), bytes({0, 10, 20}),
                                        test::png_chunk("eXIf", test::tiff_with_tag(0x0112, 6)));
    ImageInfo info{};
    CHECK(decode_image(file, "x", {}, &info) == grey({1, 2}, {10, 20}));
    CHECK(info.size == Size{2, 1});
    CHECK(info.orientation == 6);
}

TEST_CASE("a BMP may run from top to bottom", "[image][io]") {
    const auto pixels = bytes({3, 2, 1, 0, 6, 5, 4, 0});  // one pixel a row: blue, green, red
    CHECK(decode_image(test::bmp(1, 2, 24, pixels), "x") ==
          Image::from_samples<std::uint8_t>({1, 2}, 3, {4, 5, 6, 1, 2, 3}));
    CHECK(decode_image(test::bmp(1, -2, 24, pixels), "x") ==
          Image::from_samples<std::uint8_t>({1, 2}, 3, {1, 2, 3, 4, 5, 6}));
}

TEST_CASE("a damaged picture is refused unless it is tolerated", "[image][error]") {
    const Image image = sample_picture(3, false);
    const auto file = encode_png(image);
    const auto cut = test::first_bytes(file, file.size() - 12);
    CHECK_THROWS_WITH(decode_image(cut, "a/x.png"),
                      "a/x.png: ends early: its IEND chunk is missing");
    ImageInfo info{};
    CHECK(decode_image(cut, "x", {.tolerant = true}, &info) == image);
    CHECK(info.damage == "ends early: its IEND chunk is missing");
    // The header's checksum stands in bytes 29 to 32.
    const auto flipped = test::with_byte(file, 30, std::to_integer<unsigned>(~file[30]));
    CHECK_THROWS_WITH(decode_image(flipped, "x"), "x: has a wrong checksum in its IHDR chunk");
    CHECK(decode_image(flipped, "x", {.tolerant = true}) == image);
}

TEST_CASE("the rows before the end of a damaged PNG are saved", "[image][io]") {
    // Stored in the clear: two rows of three bytes are there, the third is not.
    const auto file =
        test::png_of_rows(test::png_header(2, 3, 8, 0), bytes({0, 1, 2, 0, 3, 4, 0, 5, 6}));
    const auto one_block_a_row = test::png(
        {test::png_chunk("IHDR", test::png_header(2, 2, 8, 0)),
         test::png_chunk("IDAT", bytes({0x78, 1, 0, 3, 0, 0xFC, 0xFF, 0, 1, 2, 0, 3, 0, 0xFC}))});
    CHECK(decode_image(file, "x") == grey({2, 3}, {1, 2, 3, 4, 5, 6}));
    CHECK(decode_image(one_block_a_row, "x", {.tolerant = true}) == grey({2, 2}, {1, 2, 0, 0}));
}

TEST_CASE("the top of a JPEG cut in half is saved", "[image][io]") {
    Image image = Image::black({64, 64}, 3);
    for (std::size_t i = 0; i < image.samples().size(); ++i) {
        image.samples()[i] = static_cast<std::uint8_t>(50 + i / 3 / 64 + i % 7 * 13);
    }
    const auto file = encode_jpeg(image, 95);
    const auto cut = test::first_bytes(file, 3 * file.size() / 4);
    CHECK_THROWS_WITH(decode_image(cut, "x"), "x: ends early: the end marker of a JPEG is missing");
    const Image whole = decode_image(file, "x");
    const Image saved = decode_image(cut, "x", {.tolerant = true});
    const std::size_t top = 64 * 3 * 16;
    CHECK(std::equal(whole.samples().begin(), whole.samples().begin() + top,
                     saved.samples().begin()));
    CHECK_FALSE(whole == saved);
}

TEST_CASE("a picture that stb refuses is refused with stb's reason", "[image][error]") {
    const auto nonsense =
        test::png({test::png_chunk("IHDR", test::png_header(2, 1, 8, 0)),
                   test::png_chunk("IDAT", bytes({1, 2, 3, 4})), test::png_chunk("IEND", {})});
    CHECK_THROWS_WITH(decode_image(nonsense, "x.png"), "x.png: cannot be decoded: bad zlib header");
    CHECK_THROWS_AS(decode_image(nonsense, "x.png"), IoError);
}

TEST_CASE("the limit of pixels is kept to the pixel", "[image][error]") {
    const auto file = encode_png(sample_picture(1, false));
    CHECK(decode_image(file, "x", {.max_pixels = 15}).size() == Size{5, 3});
    CHECK_THROWS_WITH(decode_image(file, "x", {.max_pixels = 14}),
                      "x: its header claims 5 x 3 pixels; at most 14 pixels in all are read "
                      "(ReadOptions::max_pixels)");
}

TEST_CASE("a file is written in the format of its name", "[image][io]") {
    const TemporaryFolder folder;
    const Image image = sample_picture(3, false);
    write_image(image, folder / "a.PNG");
    write_image(image, folder / "a.b.Jpeg", {.jpeg_quality = 100});
    write_image(image, folder / "a.bmp");
    ImageInfo info{};
    CHECK(read_image(folder / "a.PNG", {}, &info) == image);
    CHECK(info.format == ImageFormat::png);
    CHECK(read_image(folder / "a.bmp", {}, &info) == image);
    CHECK(info.format == ImageFormat::bmp);
    CHECK(read_image(folder / "a.b.Jpeg", {}, &info).size() == image.size());
    CHECK(info.format == ImageFormat::jpeg);
    CHECK(folder.count() == 3);
}

TEST_CASE("a file is read by its content whatever its name", "[image][io]") {
    const TemporaryFolder folder;
    const Image image = sample_picture(1, true);
    write_file_atomically(folder / "really.jpg", encode_png(image));
    CHECK(read_image(folder / "really.jpg") == image);
}

TEST_CASE("a failed write leaves what was there and no other file", "[image][error]") {
    const TemporaryFolder folder;
    const Image image = sample_picture(3, false);
    write_image(image, folder / "a.png");
    const auto deep = Image::from_samples<std::uint16_t>({1, 1}, 1, {1000});
    CHECK_THROWS_AS(write_image(deep, folder / "a.png"), OptionError);
    std::filesystem::create_directory(folder / "folder.png");
    CHECK_THROWS_WITH(write_image(image, folder / "folder.png"),
                      folder / "folder.png" + ": cannot be written (Is a directory)");
    CHECK_THROWS_WITH(write_image(image, folder / "none/a.png"),
                      folder / "none/a.png" + ": cannot be written (No such file or directory)");
    CHECK(read_image(folder / "a.png") == image);
    CHECK(folder.count() == 2);
}

TEST_CASE("names without a known extension are refused", "[image][error]") {
    const std::string rule =
        ": cannot be written in a format of that name; oldphoto writes .png, .jpg, .jpeg and .bmp";
    for (const std::string name : {"a.tif", "png", "a.b/png", "a.png/c", ""}) {
        CHECK_THROWS_WITH(format_for(name), name + rule);
    }
}

TEST_CASE("encoders refuse what they cannot hold", "[image][error]") {
    const Image image = sample_picture(1, false);
    CHECK_THROWS_WITH(encode_jpeg(image, 0), "encode_jpeg: quality must lie in 1 .. 100, got 0");
    CHECK_THROWS_WITH(encode_jpeg(Image::black({65536, 1}, 1), 90),
                      "encode_jpeg: a side of a JPEG has at most 65535 pixels, got 65536 x 1");
}

TEST_CASE("the readable odd files are read", "[image][io]") {
    OLDPHOTO_NEEDS_SHARED("data/odd_files");
    struct Expected {
        std::string name;
        Size size;
        Index channels;
        bool alpha = false;
        int bits = 8;
    };
    const std::vector<Expected> readable{
        {"UPPER CASE NAME.JPG", {160, 120}, 3},
        {"all_black.png", {256, 256}, 3},
        {"bilevel_1bit.png", {150, 110}, 1},
        {"cmyk_adobe.jpg", {240, 180}, 3},
        {"exif_orientation_3.jpg", {240, 160}, 3},
        {"exif_orientation_6.jpg", {160, 240}, 3},
        {"gray8.png", {200, 160}, 1},
        {"gray_alpha.png", {120, 100}, 1, true},
        {"interlaced_adam7.png", {133, 97}, 3},
        {"one_pixel.png", {1, 1}, 3},
        {"palette_alpha.png", {160, 120}, 3, true},
        {"png_renamed.jpg", {120, 90}, 3},
        {"progressive.jpg", {320, 240}, 3},
        {"rgb16.png", {96, 72}, 3, false, 16},
        {"rgb24.bmp", {101, 77}, 3},
        {"tall_1x2000.png", {1, 2000}, 3},
        {"tiny_3x5.jpg", {3, 5}, 3},
        {"trailing_garbage.jpg", {160, 120}, 3},
    };
    for (const Expected& expected : readable) {
        INFO(expected.name);
        const Image image = read_image(test::shared_path("data/odd_files/" + expected.name));
        CHECK(image.size() == expected.size);
        CHECK(image.channels() == expected.channels);
        CHECK(image.has_alpha() == expected.alpha);
        CHECK(image.bits() == expected.bits);
    }
}

TEST_CASE("the damaged odd files are refused, and read when tolerated", "[image][error]") {
    OLDPHOTO_NEEDS_SHARED("data/odd_files");
    const std::vector<std::pair<std::string, std::string>> damaged{
        {"bad_idat_crc.png", "has a wrong checksum in its IDAT chunk"},
        {"bad_ihdr_crc.png", "has a wrong checksum in its IHDR chunk"},
        {"missing_iend.png", "ends early: its IEND chunk is missing"},
        {"truncated_half.jpg", "ends early: the end marker of a JPEG is missing"},
        {"truncated_idat.png", "ends early, in its IDAT chunk"},
    };
    for (const auto& [name, damage] : damaged) {
        const std::string path = test::shared_path("data/odd_files/" + name);
        CHECK_THROWS_WITH(read_image(path), path + ": " + damage);
        ImageInfo info{};
        CHECK(read_image(path, {.tolerant = true}, &info).size() == info.size);
        CHECK(info.damage == damage);
    }
}

TEST_CASE("the hostile odd files are refused in any case", "[image][error]") {
    OLDPHOTO_NEEDS_SHARED("data/odd_files");
    const std::vector<std::pair<std::string, std::string>> hostile{
        {"animated.gif", "is a GIF picture; oldphoto reads PNG, JPEG and BMP"},
        {"bomb_60000x60000.png",
         "its header claims 60000 x 60000 pixels; at most 268435456 pixels in all are read "
         "(ReadOptions::max_pixels)"},
        {"rgb.tif", "is a TIFF picture; oldphoto reads PNG, JPEG and BMP"},
        {"text_renamed.jpg", "is text; oldphoto reads PNG, JPEG and BMP"},
        {"zero_bytes.jpg", "is empty (0 bytes)"},
        {"zero_bytes.png", "is empty (0 bytes)"},
    };
    for (const auto& [name, reason] : hostile) {
        const std::string path = test::shared_path("data/odd_files/" + name);
        CHECK_THROWS_WITH(read_image(path), path + ": " + reason);
        CHECK_THROWS_WITH(read_image(path, {.tolerant = true}), path + ": " + reason);
    }
}
