#pragma once

#include <oldphoto/image/encoded.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

/// The container of a Windows bitmap: its header. Decoding is elsewhere.
namespace oldphoto::detail {

/// @param name  for messages.
/// @throws IoError when the header cannot be trusted or claims more than `max_pixels`. A lack of
/// pixel data is noted in damage.
inline ImageInfo parse_bmp(Bytes bytes, const std::string& name, Index max_pixels) {
    constexpr std::size_t file_header = 14;
    constexpr std::size_t old_header = 12;  // OS/2: sides of 16 bits
    constexpr std::size_t usual_header = 40;
    const auto field = [&](std::size_t at, std::size_t size) {
        return read_unsigned(bytes, at, size, std::endian::little);
    };
    const std::size_t header = bytes.size() < file_header + 4 ? 0 : field(file_header, 4);
    if ((header != old_header && header < usual_header) || header > bytes.size() - file_header) {
        throw_io_error(name, "is a damaged BMP: its header is cut or of an unknown kind");
    }
    const bool old = header == old_header;
    ImageInfo info{.format = ImageFormat::bmp, .size = {0, 0}};
    info.size = old ? Size{field(18, 2), field(20, 2)}
                    : Size{static_cast<std::int32_t>(field(18, 4)),
                           // Negative when the rows run from top to bottom.
                           std::abs(Index{static_cast<std::int32_t>(field(22, 4))})};
    check_claimed_size(name, info.size, max_pixels);
    const Index bits_a_pixel = field(old ? 24 : 28, 2);
    info.palette = bits_a_pixel <= 8;

    const std::size_t pixels_begin = field(10, 4);
    if (pixels_begin < file_header + header) {
        throw_io_error(name, "is a damaged BMP: its pixels begin inside the header");
    }
    const Index row_bytes = (info.size.width * bits_a_pixel + 31) / 32 * 4;
    const std::size_t pixels_end =
        pixels_begin + static_cast<std::size_t>(row_bytes * info.size.height);
    if (pixels_end > bytes.size()) {
        info.damage = joined(
            {"ends early: it has ", bytes.size(), " bytes, its header announces ", pixels_end});
    }
    return info;
}

}  // namespace oldphoto::detail
