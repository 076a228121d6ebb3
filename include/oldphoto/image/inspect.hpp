#pragma once

#include <oldphoto/image/bmp.hpp>
#include <oldphoto/image/encoded.hpp>
#include <oldphoto/image/jpeg.hpp>
#include <oldphoto/image/png.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace oldphoto {

namespace detail {

/// How many bytes at the start of a file tell what it is.
inline constexpr std::size_t signature_size = 32;

struct Signature {
    std::size_t at;
    std::string_view bytes;
    std::string_view meaning;
};

inline bool has_signature(Bytes start, const Signature& signature) {
    return start.size() > signature.at &&
           text_of(start.subspan(signature.at)).starts_with(signature.bytes);
}

inline bool is_text(Bytes start) {
    return std::all_of(start.begin(), start.end(), [](std::byte byte) {
        const auto c = std::to_integer<unsigned>(byte);
        return (c >= 0x20 && c != 0x7F) || (c >= '\t' && c <= '\r');
    });
}

/// What a file is that is none of the pictures read here; "" where its first bytes do not tell.
inline std::string_view foreign_format(Bytes start) {
    constexpr Signature others[] = {
        {0, "GIF8", "a GIF picture"},
        {0, {"II*\0", 4}, "a TIFF picture"},
        {0, {"MM\0*", 4}, "a TIFF picture"},
        {8, "WEBP", "a WebP picture"},
        {4, "ftyp", "a HEIF, AVIF or MP4 file"},
        {4, "jP  ", "a JPEG 2000 picture"},
        {4, "JXL ", "a JPEG XL picture"},
        {0, "\xFF\x0A", "a JPEG XL picture"},
        {0, "8BPS", "a Photoshop picture"},
        {0, "%PDF", "a PDF document"},
        {0, "PK\x03\x04", "a zip archive"},
    };
    for (const Signature& other : others) {
        if (has_signature(start, other)) return other.meaning;
    }
    return is_text(start) ? "text" : "";
}

}  // namespace detail

/// The format of an encoded picture, told by its first bytes, whatever its name says.
/// @param start  the first 32 bytes or more; fewer only where there are no more.
/// @param name   stands before error messages.
/// @throws IoError that says what the data is instead, as far as that can be told.
[[nodiscard]] inline ImageFormat identify_image(std::span<const std::byte> start,
                                                const std::string& name) {
    if (start.empty()) throw_io_error(name, "is empty (0 bytes)");
    if (detail::has_signature(start, {0, detail::png_signature, ""})) return ImageFormat::png;
    if (detail::has_signature(start, {0, "\xFF\xD8\xFF", ""})) return ImageFormat::jpeg;
    if (detail::has_signature(start, {0, "BM", ""})) return ImageFormat::bmp;
    const std::string_view foreign =
        detail::foreign_format(start.first(std::min(start.size(), detail::signature_size)));
    throw_io_error(name, detail::joined({"is ", foreign.empty() ? "not a picture" : foreign,
                                         "; oldphoto reads PNG, JPEG and BMP"}));
}

/// Reads the headers and checksums of an encoded picture and decodes nothing.
/// @param name        stands before error messages.
/// @param max_pixels  the largest width * height to accept, within 1 .. 2^31 - 1.
/// @throws IoError when the picture cannot be decoded or is too large. Faults that leave something
/// to decode are described in `damage` instead.
[[nodiscard]] inline ImageInfo inspect_image(std::span<const std::byte> bytes,
                                             const std::string& name, Index max_pixels) {
    if (max_pixels < 1 || max_pixels > std::numeric_limits<std::int32_t>::max()) {
        throw_option_error(
            "inspect_image",
            detail::joined({"max_pixels must lie in 1 .. 2^31 - 1, got ", max_pixels}));
    }
    switch (identify_image(bytes, name)) {
        case ImageFormat::png:
            return detail::parse_png(bytes, name, max_pixels).info;
        case ImageFormat::jpeg:
            return detail::parse_jpeg(bytes, name, max_pixels).info;
        case ImageFormat::bmp:
            return detail::parse_bmp(bytes, name, max_pixels);
    }
    throw_io_error(name, "is not a picture");
}

}  // namespace oldphoto
