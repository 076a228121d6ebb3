#include <oldphoto/image/jpeg.hpp>

#include <catch2/catch.hpp>

#include "../support/encoded_pictures.hpp"

using namespace oldphoto;
using test::ByteList;
using test::bytes;
using test::join;

namespace {

constexpr Index jpeg_limit = 1000000;

/// A JPEG of the given segments.
ByteList jpeg(std::initializer_list<ByteList> segments) {
    return join({bytes({0xFF, 0xD8}), join(segments)});
}

detail::JpegFile parsed_jpeg(const ByteList& file) {
    return detail::parse_jpeg(file, "x.jpg", jpeg_limit);
}

ByteList end() {
    return bytes({0xFF, 0xD9});
}

/// A frame of 8 x 8 pixels, its scan header and three bytes of compressed data with a restart
/// marker and a stuffed 0xFF among them.
ByteList sound_jpeg() {
    return jpeg({test::jpeg_frame(0xC0, 8, 8, 8), test::jpeg_scan(),
                 bytes({0x12, 0xFF, 0x00, 0xFF, 0xD3, 0x34}), end()});
}

}  // namespace

TEST_CASE("a sound JPEG is described without damage", "[image][io]") {
    const auto file = parsed_jpeg(sound_jpeg());
    CHECK(file.info.format == ImageFormat::jpeg);
    CHECK(file.info.size == Size{8, 8});
    CHECK(file.info.orientation == 1);
    CHECK(file.info.damage.empty());
    CHECK(file.sound_size == sound_jpeg().size());
    CHECK(parsed_jpeg(join({sound_jpeg(), bytes("garbage")})).sound_size == sound_jpeg().size());
}

TEST_CASE("the EXIF orientation of a JPEG is found", "[image][io]") {
    const auto exif = join({bytes("Exif"), bytes({0, 0}), test::tiff_with_tag(0x0112, 6)});
    const auto file = [&](const ByteList& segment) {
        return jpeg({test::jpeg_segment(0xE1, segment), test::jpeg_frame(0xC2, 8, 8, 8),
                     test::jpeg_scan(), bytes({1}), end()});
    };
    CHECK(parsed_jpeg(file(exif)).info.orientation == 6);
    CHECK(parsed_jpeg(file(bytes("http://ns.adobe.com/xap/1.0/"))).info.orientation == 1);
}

TEST_CASE("a JPEG that ends early is noted, with where", "[image][io]") {
    const auto file = sound_jpeg();
    const std::size_t scan_end = file.size() - 2;
    const auto cut = parsed_jpeg(test::first_bytes(file, scan_end));
    CHECK(cut.info.damage == "ends early: the end marker of a JPEG is missing");
    CHECK(cut.sound_size == scan_end);
    // Cut inside a second scan header: what is whole ends before it.
    const auto second = join({test::first_bytes(file, scan_end), bytes({0xFF, 0xDA, 0, 8, 1})});
    CHECK(parsed_jpeg(second).sound_size == scan_end);
}

TEST_CASE("a JPEG with too little data for its size is noted", "[image][io]") {
    const auto small =
        jpeg({test::jpeg_frame(0xC0, 8, 1000, 1000), test::jpeg_scan(), ByteList(100), end()});
    CHECK(parsed_jpeg(small).info.damage == "ends early: 102 bytes cannot hold 1000 x 1000 pixels");
}

TEST_CASE("a JPEG that cannot be decoded is refused", "[image][error]") {
    const auto with_frame = [](const ByteList& frame) {
        return jpeg({frame, test::jpeg_scan(), bytes({1}), end()});
    };
    CHECK_THROWS_WITH(parsed_jpeg(with_frame(test::jpeg_frame(0xC0, 8, 0, 0))),
                      "x.jpg: its header claims 0 x 0 pixels");
    CHECK_THROWS_WITH(parsed_jpeg(with_frame(test::jpeg_frame(0xC0, 8, 65535, 65500))),
                      "x.jpg: its header claims 65500 x 65535 pixels; at most 1000000 pixels in "
                      "all are read (ReadOptions::max_pixels)");
    CHECK_THROWS_WITH(parsed_jpeg(with_frame(test::jpeg_frame(0xC1, 12, 8, 8))),
                      "x.jpg: is a JPEG with 12 bits a sample; only 8 can be read");
    CHECK_THROWS_WITH(parsed_jpeg(with_frame(test::jpeg_frame(0xC9, 8, 8, 8))),
                      "x.jpg: is a JPEG of the rare kind SOF9 (lossless, hierarchical or "
                      "arithmetic coding), which cannot be read");
    CHECK_THROWS_WITH(parsed_jpeg(with_frame(test::jpeg_segment(0xC0, bytes({8, 0, 8})))),
                      "x.jpg: is a damaged JPEG: its frame header is cut");
    CHECK_THROWS_WITH(parsed_jpeg(jpeg({end()})),
                      "x.jpg: is a damaged JPEG: it has no frame header");
    CHECK_THROWS_WITH(parsed_jpeg(jpeg({test::jpeg_frame(0xC0, 8, 8, 8), end()})),
                      "x.jpg: has no pixel data (it is a JPEG without a scan)");
}

TEST_CASE("a Huffman table that overflows its decoder is refused", "[image][error]") {
    const auto with_counts = [](unsigned ones, std::size_t symbols) {
        const auto counts = join({bytes({0x00}), ByteList(14), bytes({ones, ones})});
        return jpeg({test::jpeg_segment(0xC4, join({counts, ByteList(symbols)})),
                     test::jpeg_frame(0xC0, 8, 8, 8), test::jpeg_scan(), bytes({1}), end()});
    };
    CHECK(parsed_jpeg(with_counts(128, 256)).info.damage.empty());
    CHECK_THROWS_WITH(parsed_jpeg(with_counts(200, 400)),
                      "x.jpg: is a damaged JPEG: a Huffman table has 400 codes in a segment of "
                      "417 bytes");
    CHECK_THROWS_WITH(parsed_jpeg(with_counts(100, 20)),
                      "x.jpg: is a damaged JPEG: a Huffman table has 200 codes in a segment of "
                      "37 bytes");
}
