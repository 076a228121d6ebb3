#pragma once

#include <oldphoto/image/encoded.hpp>
#include <oldphoto/image/orientation.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The container of a PNG picture: its chunks and their checksums. Decoding is elsewhere.
/// @see ISO/IEC 15948 (Portable Network Graphics).
namespace oldphoto::detail {

inline constexpr std::string_view png_signature = "\x89PNG\r\n\x1a\n";

/// The checksum of a PNG chunk: the reflected CRC of polynomial 0xEDB88320.
inline std::uint32_t crc32(Bytes bytes) {
    static constexpr auto table = [] {
        std::array<std::uint32_t, 256> remainders{};
        for (std::uint32_t n = 0; n < 256; ++n) {
            std::uint32_t c = n;
            for (int bit = 0; bit < 8; ++bit) c = (c & 1U) != 0 ? 0xEDB88320U ^ (c >> 1U) : c >> 1U;
            remainders[n] = c;
        }
        return remainders;
    }();
    std::uint32_t c = 0xFFFFFFFFU;
    for (const std::byte byte : bytes) {
        c = table[(c ^ std::to_integer<std::uint32_t>(byte)) & 0xFFU] ^ (c >> 8U);
    }
    return ~c;
}

struct PngChunk {
    std::string_view type;  // four characters
    Bytes data;
};

/// A parsed PNG. Views the bytes it was parsed from.
struct PngFile {
    ImageInfo info;
    int bits_a_pixel = 0;
    bool interlaced = false;
    std::vector<PngChunk> chunks{};
};

inline std::string_view text_of(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// "in its IDAT chunk", for a message: the type of a damaged one may be any bytes.
inline std::string in_chunk(std::string_view type) {
    const bool letters = std::all_of(type.begin(), type.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    });
    return joined({"in its ", letters ? type : "unknown", " chunk"});
}

/// Collects the chunks up to IEND and notes in file.info.damage the first thing that is wrong.
inline void parse_png_chunks(Bytes bytes, PngFile& file) {
    constexpr std::size_t frame = 12;  // length, type and checksum
    std::string& damage = file.info.damage;
    const auto note = [&](const std::string& what) {
        if (damage.empty()) damage = what;
    };
    Bytes rest = bytes.subspan(png_signature.size());
    while (file.chunks.empty() || file.chunks.back().type != "IEND") {
        if (rest.size() < frame) return note("ends early: its IEND chunk is missing");
        const std::size_t claimed = read_unsigned(rest, 0, 4, std::endian::big);
        const std::string_view type = text_of(rest.subspan(4, 4));
        const std::size_t size = std::min(claimed, rest.size() - frame);
        file.chunks.push_back({type, rest.subspan(8, size)});
        if (size < claimed) return note(joined({"ends early, ", in_chunk(type)}));
        if (crc32(rest.subspan(4, 4 + size)) !=
            read_unsigned(rest, 8 + size, 4, std::endian::big)) {
            note(joined({"has a wrong checksum ", in_chunk(type)}));
        }
        rest = rest.subspan(frame + size);
    }
}

inline int png_samples_a_pixel(unsigned color_type, const std::string& name) {
    switch (color_type) {
        case 0:  // grey
        case 3:
            return 1;  // palette
        case 2:
            return 3;  // RGB
        case 4:
            return 2;  // grey and alpha
        case 6:
            return 4;  // RGB and alpha
        default:
            break;
    }
    throw_io_error(name, joined({"is a damaged PNG: there is no colour type ", color_type}));
}

inline std::size_t png_pass_bytes(Index width, Index height, int bits_a_pixel) {
    if (width == 0 || height == 0) return 0;
    // Each row begins with a byte that names its filter.
    return static_cast<std::size_t>(height * (1 + (width * bits_a_pixel + 7) / 8));
}

/// Bytes of the filtered rows that the compressed data must unpack to.
inline std::size_t png_unpacked_bytes(const PngFile& file) {
    const auto [width, height] = file.info.size;
    if (!file.interlaced) return png_pass_bytes(width, height, file.bits_a_pixel);
    struct Pass {
        Index x, y, step_x, step_y;
    };
    constexpr Pass adam7[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                              {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    std::size_t bytes = 0;
    for (const Pass& pass : adam7) {
        bytes +=
            png_pass_bytes((width - pass.x + pass.step_x - 1) / pass.step_x,
                           (height - pass.y + pass.step_y - 1) / pass.step_y, file.bits_a_pixel);
    }
    return bytes;
}

/// The compressed pixel data.
inline std::vector<std::byte> png_packed_data(const PngFile& file) {
    std::vector<std::byte> packed;
    for (const PngChunk& chunk : file.chunks) {
        if (chunk.type == "IDAT") append(packed, chunk.data);
    }
    return packed;
}

/// @param name  for messages.
/// @throws IoError when the header cannot be trusted, claims more than `max_pixels`, or there is no
/// pixel data. Lesser faults are noted in info.damage.
inline PngFile parse_png(Bytes bytes, const std::string& name, Index max_pixels) {
    PngFile file{.info = {.format = ImageFormat::png, .size = {0, 0}}};
    parse_png_chunks(bytes, file);
    if (file.chunks.empty() || file.chunks[0].type != "IHDR" || file.chunks[0].data.size() != 13) {
        throw_io_error(name, "is a damaged PNG: it does not begin with a whole IHDR chunk");
    }
    const Bytes header = file.chunks[0].data;
    file.info.size = {read_unsigned(header, 0, 4, std::endian::big),
                      read_unsigned(header, 4, 4, std::endian::big)};
    check_claimed_size(name, file.info.size, max_pixels);
    const auto depth = std::to_integer<int>(header[8]);
    const auto color_type = std::to_integer<unsigned>(header[9]);
    file.info.bits = depth == 16 ? 16 : 8;
    file.info.palette = color_type == 3;
    file.bits_a_pixel = depth * png_samples_a_pixel(color_type, name);
    file.interlaced = header[12] != std::byte{0};

    std::size_t packed = 0;
    for (const PngChunk& chunk : file.chunks) {
        if (chunk.type == "IDAT") packed += chunk.data.size();
        if (chunk.type == "eXIf") file.info.orientation = tiff_orientation(chunk.data);
    }
    if (packed == 0) throw_io_error(name, "has no pixel data (it is a PNG without IDAT)");
    constexpr std::size_t largest_deflate_ratio = 1032;
    if (png_unpacked_bytes(file) / largest_deflate_ratio > packed && file.info.damage.empty()) {
        file.info.damage = joined(
            {"ends early: ", packed, " bytes cannot hold ", to_string(file.info.size), " pixels"});
    }
    return file;
}

inline void append_big_endian(std::vector<std::byte>& bytes, std::uint32_t value) {
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        bytes.push_back(static_cast<std::byte>(value >> shift & 0xFFU));
    }
}

inline void append_png_chunk(std::vector<std::byte>& bytes, const PngChunk& chunk) {
    append_big_endian(bytes, static_cast<std::uint32_t>(chunk.data.size()));
    const std::size_t checked = bytes.size();
    append(bytes, std::as_bytes(std::span(chunk.type)));
    append(bytes, chunk.data);
    append_big_endian(bytes, crc32(Bytes(bytes).subspan(checked)));
}

/// `rows` as a zlib stream of stored blocks. The closing checksum is left out: no decoder here
/// looks at it, and the damaged stream that `rows` was saved from had none to compare with.
inline std::vector<std::byte> stored_zlib_stream(Bytes rows) {
    constexpr std::size_t largest_block = 65535;
    std::vector<std::byte> stream{std::byte{0x78}, std::byte{0x01}};
    while (!rows.empty()) {
        const Bytes block = rows.first(std::min(rows.size(), largest_block));
        rows = rows.subspan(block.size());
        stream.push_back(rows.empty() ? std::byte{1} : std::byte{0});
        const auto size = static_cast<unsigned>(block.size());
        for (const unsigned field : {size, ~size}) {
            stream.push_back(static_cast<std::byte>(field & 0xFFU));
            stream.push_back(static_cast<std::byte>(field >> 8U & 0xFFU));
        }
        append(stream, block);
    }
    return stream;
}

/// A sound PNG with the header and colours of `file` and the given filtered rows.
inline std::vector<std::byte> rebuilt_png(const PngFile& file, Bytes rows) {
    std::vector<std::byte> bytes;
    append(bytes, std::as_bytes(std::span(png_signature)));
    for (const PngChunk& chunk : file.chunks) {
        if (chunk.type == "IHDR" || chunk.type == "PLTE" || chunk.type == "tRNS") {
            append_png_chunk(bytes, chunk);
        }
    }
    append_png_chunk(bytes, {"IDAT", stored_zlib_stream(rows)});
    append_png_chunk(bytes, {"IEND", {}});
    return bytes;
}

}  // namespace oldphoto::detail
