#pragma once

#include <oldphoto/image/png.hpp>

#include "bytes.hpp"
#include <cstdint>
#include <string_view>

// Encoded pictures put together by hand, sound and damaged ones.

namespace oldphoto::test {

/// The data of an IHDR chunk.
inline ByteList png_header(std::uint32_t width, std::uint32_t height, unsigned depth,
                           unsigned color_type) {
    ByteList header;
    detail::append_big_endian(header, width);
    detail::append_big_endian(header, height);
    return join({header, bytes({depth, color_type, 0, 0, 0})});
}

inline ByteList png_chunk(std::string_view type, const ByteList& data) {
    ByteList chunk;
    detail::append_png_chunk(chunk, {type, data});
    return chunk;
}

inline ByteList png(std::initializer_list<ByteList> chunks) {
    return join({bytes(detail::png_signature), join(chunks)});
}

/// A PNG of unfiltered rows, each of which begins with 0.
inline ByteList png_of_rows(const ByteList& header, const ByteList& rows,
                            const ByteList& extra_chunks = {}) {
    return png({png_chunk("IHDR", header), extra_chunks,
                png_chunk("IDAT", detail::stored_zlib_stream(rows)), png_chunk("IEND", {})});
}

/// A marker segment of a JPEG.
inline ByteList jpeg_segment(unsigned marker, const ByteList& data) {
    const auto size = static_cast<unsigned>(data.size() + 2);
    return join({bytes({0xFF, marker, size >> 8U, size & 0xFFU}), data});
}

/// The start of a JPEG: a frame header for one component and a scan header.
inline ByteList jpeg_frame(unsigned marker, unsigned precision, unsigned height, unsigned width) {
    return jpeg_segment(marker, bytes({precision, height >> 8U, height & 0xFFU, width >> 8U,
                                       width & 0xFFU, 1, 1, 0x11, 0}));
}

inline ByteList jpeg_scan() {
    return jpeg_segment(0xDA, bytes({1, 1, 0, 0, 63, 0}));
}

/// A TIFF structure, big-endian, with one tag of type SHORT.
inline ByteList tiff_with_tag(unsigned tag, unsigned value) {
    return join({bytes("MM"), bytes({0, 42, 0, 0, 0, 8, 0, 1}),
                 bytes({tag >> 8U, tag & 0xFFU, 0, 3, 0, 0, 0, 1, 0, value, 0, 0}),
                 bytes({0, 0, 0, 0})});
}

/// A Windows bitmap: 54 bytes of header, then `pixels`.
inline ByteList bmp(std::int32_t width, std::int32_t height, unsigned bits_a_pixel,
                    const ByteList& pixels) {
    const auto field = [](std::uint32_t value) {
        return bytes({value & 0xFFU, value >> 8U & 0xFFU, value >> 16U & 0xFFU, value >> 24U});
    };
    return join({bytes("BM"), field(0), field(0), field(54), field(40),
                 field(static_cast<std::uint32_t>(width)),
                 field(static_cast<std::uint32_t>(height)), bytes({1, 0, bits_a_pixel, 0}),
                 ByteList(24), pixels});
}

}  // namespace oldphoto::test
