#pragma once

#include <oldphoto/core/error.hpp>
#include <oldphoto/image/image.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace oldphoto {

enum class ImageFormat { png, jpeg, bmp };

/// What can be said of an encoded picture without decoding it.
struct ImageInfo {
    ImageFormat format;
    Size size;  // as stored; orientations 5 to 8 swap the sides
    int bits = 8;
    int orientation = 1;   // EXIF: 1 is upright
    bool palette = false;  // pixels are indices into a list of colours
    std::string damage{};  // what is wrong with data that can be decoded all the same
};

namespace detail {

using Bytes = std::span<const std::byte>;

/// Puts `more` behind `bytes`, of which it is no part.
inline void append(std::vector<std::byte>& bytes, Bytes more) {
    bytes.insert(bytes.end(), more.data(), more.data() + more.size());
}

/// The unsigned number in bytes[at .. at + size), size <= 4.
inline std::uint32_t read_unsigned(Bytes bytes, std::size_t at, std::size_t size,
                                   std::endian order) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const std::size_t next = order == std::endian::big ? i : size - 1 - i;
        value = value << 8U | std::to_integer<std::uint32_t>(bytes[at + next]);
    }
    return value;
}

/// Judges the size that a header claims before anything is allocated for it.
inline void check_claimed_size(const std::string& name, Size size, Index max_pixels) {
    const std::string claim =
        joined({"its header claims ", size.width, " x ", size.height, " pixels"});
    if (size.width < 1 || size.height < 1) throw_io_error(name, claim);
    // Sides have at most 32 bits; a quotient cannot overflow where their product would.
    if (size.width > max_pixels / size.height) {
        throw_io_error(name, joined({claim, "; at most ", max_pixels,
                                     " pixels in all are read (ReadOptions::max_pixels)"}));
    }
}

}  // namespace detail

}  // namespace oldphoto
