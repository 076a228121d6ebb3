#pragma once

#include <oldphoto/image/encoded.hpp>
#include <oldphoto/image/image.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <vector>

namespace oldphoto {

namespace detail {

/// The value of the orientation tag in a TIFF structure, which is what EXIF data is; 1 where there
/// is none or the data is damaged, since a photo can be read without it.
/// @see EXIF 2.32, section 4.6.
inline int tiff_orientation(Bytes tiff) {
    constexpr std::size_t entry_size = 12;
    constexpr std::uint32_t orientation_tag = 0x0112;
    if (tiff.size() < 8) return 1;
    const auto order = tiff[0] == std::byte{'M'} ? std::endian::big : std::endian::little;
    const std::size_t directory = read_unsigned(tiff, 4, 4, order);
    if (directory > tiff.size() - 2) return 1;
    const std::size_t entries = read_unsigned(tiff, directory, 2, order);
    const std::size_t present = (tiff.size() - directory - 2) / entry_size;
    for (std::size_t n = 0; n < std::min(entries, present); ++n) {
        const Bytes entry = tiff.subspan(directory + 2 + n * entry_size, entry_size);
        if (read_unsigned(entry, 0, 2, order) != orientation_tag) continue;
        const auto value = static_cast<int>(read_unsigned(entry, 8, 2, order));
        return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}

/// Copies the pixels of a plane to where they stand upright.
[[gnu::noinline]] inline void copy_upright(Bytes stored, std::span<std::byte> upright, Size size,
                                           int orientation) {
    const Index pixel = std::ssize(stored) / (size.width * size.height);
    const bool swapped = orientation >= 5;
    const bool from_right = orientation == 2 || orientation == 3 || orientation >= 7;
    const bool from_below =
        orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    std::byte* write = upright.data();
    for (Index y = 0; y < (swapped ? size.width : size.height); ++y) {
        for (Index x = 0; x < (swapped ? size.height : size.width); ++x) {
            const Index across = swapped ? y : x;
            const Index down = swapped ? x : y;
            const Index column = from_right ? size.width - 1 - across : across;
            const Index row = from_below ? size.height - 1 - down : down;
            write = std::copy_n(stored.data() + (row * size.width + column) * pixel, pixel, write);
        }
    }
}

template <Sample S>
Image upright_image(const Image& stored, int orientation) {
    const Size size = stored.size();
    const auto turned = [&](std::span<const S> samples) {
        std::vector<S> upright(samples.size());
        copy_upright(std::as_bytes(samples), std::as_writable_bytes(std::span(upright)), size,
                     orientation);
        return upright;
    };
    auto upright = Image::from_samples(orientation >= 5 ? Size{size.height, size.width} : size,
                                       stored.channels(), turned(stored.samples<S>()));
    if (stored.has_alpha()) upright.set_alpha(turned(stored.alpha<S>()));
    return upright;
}

}  // namespace detail

/// Turns and mirrors a picture so that it stands as its EXIF orientation tag says.
/// @param orientation  1 (as stored) to 8.
/// @throws OptionError when `orientation` is out of range.
[[nodiscard]] inline Image upright(Image stored, int orientation) {
    if (orientation < 1 || orientation > 8) {
        throw_option_error("upright",
                           detail::joined({"orientation must lie in 1 .. 8, got ", orientation}));
    }
    if (orientation == 1) return stored;
    return stored.bits() == 8 ? detail::upright_image<std::uint8_t>(stored, orientation)
                              : detail::upright_image<std::uint16_t>(stored, orientation);
}

}  // namespace oldphoto
