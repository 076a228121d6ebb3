#pragma once

#include <oldphoto/image/encoded.hpp>
#include <oldphoto/image/orientation.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// The container of a JPEG picture: its marker segments. Decoding is elsewhere.
/// @see ITU-T T.81, annex B.
namespace oldphoto::detail {

/// A parsed JPEG.
struct JpegFile {
    ImageInfo info;
    std::size_t sound_size = 0;  // bytes before the point where the data ends or goes wrong
};

namespace jpeg_marker {
inline constexpr unsigned huffman_tables = 0xC4;
inline constexpr unsigned end_of_image = 0xD9;
inline constexpr unsigned start_of_scan = 0xDA;
inline constexpr unsigned exif = 0xE1;
}  // namespace jpeg_marker

/// Markers without a segment: TEM and RST0 to RST7.
inline bool stands_alone(unsigned marker) {
    return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7);
}

/// SOF0 to SOF15 without the tables (DHT, JPG, DAC) that stand among them.
inline bool starts_frame(unsigned marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/// Moves `at` behind the next marker and returns it; 0 when there is none. Skips compressed data,
/// in which 0xFF is followed by 0 and restart markers stand alone.
inline unsigned next_jpeg_marker(Bytes bytes, std::size_t& at) {
    while (at + 1 < bytes.size()) {
        const auto found =
            std::find(bytes.begin() + static_cast<Index>(at), bytes.end() - 1, std::byte{0xFF});
        at = static_cast<std::size_t>(found - bytes.begin()) + 1;
        const auto marker = at < bytes.size() ? std::to_integer<unsigned>(bytes[at]) : 0;
        if (marker == 0 || marker == 0xFF || stands_alone(marker)) continue;
        ++at;
        return marker;
    }
    return 0;
}

/// Fills in what a frame header says: precision, height, width.
inline void read_jpeg_frame(Bytes segment, unsigned marker, const std::string& name,
                            Index max_pixels, ImageInfo& info) {
    if (segment.size() < 6) throw_io_error(name, "is a damaged JPEG: its frame header is cut");
    if (marker > 0xC2) {
        throw_io_error(name,
                       joined({"is a JPEG of the rare kind SOF", marker - 0xC0,
                               " (lossless, hierarchical or arithmetic coding), which cannot be "
                               "read"}));
    }
    const auto precision = std::to_integer<int>(segment[0]);
    if (precision != 8) {
        throw_io_error(
            name, joined({"is a JPEG with ", precision, " bits a sample; only 8 can be read"}));
    }
    info.size = {read_unsigned(segment, 3, 2, std::endian::big),
                 read_unsigned(segment, 1, 2, std::endian::big)};
    check_claimed_size(name, info.size, max_pixels);
}

/// Refuses tables with more codes than there are symbols: stb_image 2.27 writes past its own.
inline void check_jpeg_huffman_tables(Bytes segment, const std::string& name) {
    constexpr std::size_t head = 17;  // class and number, then how many codes have 1 .. 16 bits
    while (!segment.empty()) {
        std::size_t codes = 0;
        for (std::size_t i = 1; i < std::min(segment.size(), head); ++i) {
            codes += std::to_integer<std::size_t>(segment[i]);
        }
        if (codes > 256 || head + codes > segment.size()) {
            throw_io_error(name, joined({"is a damaged JPEG: a Huffman table has ", codes,
                                         " codes in a segment of ", segment.size(), " bytes"}));
        }
        segment = segment.subspan(head + codes);
    }
}

inline void read_jpeg_exif(Bytes segment, ImageInfo& info) {
    constexpr std::string_view identifier{"Exif\0\0", 6};
    const Bytes expected = std::as_bytes(std::span(identifier));
    if (segment.size() < expected.size()) return;
    if (!std::equal(expected.begin(), expected.end(), segment.begin())) return;
    info.orientation = tiff_orientation(segment.subspan(expected.size()));
}

/// @param name  for messages.
/// @throws IoError when there is no frame header or it cannot be read, it claims more than
/// `max_pixels`, or there is no pixel data. Lesser faults are noted in info.damage.
inline JpegFile parse_jpeg(Bytes bytes, const std::string& name, Index max_pixels) {
    JpegFile file{.info = {.format = ImageFormat::jpeg, .size = {0, 0}}};
    std::size_t at = 2;  // behind the start of the image
    std::size_t scan_begin = 0;
    unsigned marker = 0;
    while ((marker = next_jpeg_marker(bytes, at)) != jpeg_marker::end_of_image) {
        file.sound_size = marker == 0 ? bytes.size() : at - 2;
        if (marker == 0 || bytes.size() - at < 2) break;
        const std::size_t size = read_unsigned(bytes, at, 2, std::endian::big);
        if (size < 2 || size > bytes.size() - at) break;
        const Bytes segment = bytes.subspan(at + 2, size - 2);
        at += size;
        if (starts_frame(marker)) read_jpeg_frame(segment, marker, name, max_pixels, file.info);
        if (marker == jpeg_marker::huffman_tables) check_jpeg_huffman_tables(segment, name);
        if (marker == jpeg_marker::exif) read_jpeg_exif(segment, file.info);
        if (marker == jpeg_marker::start_of_scan && scan_begin == 0) scan_begin = at;
    }
    if (file.info.size.width == 0)
        throw_io_error(name, "is a damaged JPEG: it has no frame header");
    if (scan_begin == 0) throw_io_error(name, "has no pixel data (it is a JPEG without a scan)");
    if (marker != jpeg_marker::end_of_image) {
        file.info.damage = "ends early: the end marker of a JPEG is missing";
        return file;
    }
    file.sound_size = at;
    // An 8 x 8 block takes at least one bit.
    const auto most_pixels = static_cast<Index>(at - scan_begin) * 8 * 64;
    if (file.info.size.width > most_pixels / file.info.size.height) {
        file.info.damage = joined({"ends early: ", at - scan_begin, " bytes cannot hold ",
                                   to_string(file.info.size), " pixels"});
    }
    return file;
}

}  // namespace oldphoto::detail
