#pragma once

#include <oldphoto/image/image.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace oldphoto {

namespace detail {

/// An 8-bit picture of other samples with the alpha of `source`.
inline Image with_samples_of(const Image& source, Index channels,
                             std::vector<std::uint8_t> samples) {
    auto result = Image::from_samples(source.size(), channels, std::move(samples));
    const auto alpha = source.alpha();
    if (!alpha.empty()) result.set_alpha(std::vector<std::uint8_t>(alpha.begin(), alpha.end()));
    return result;
}

}  // namespace detail

/// Luma of an 8-bit picture by ITU-R BT.601 in 16-bit fixed point, as Pillow computes it:
///
///     L = (19595 R + 38470 G + 7471 B + 32768) >> 16
///
/// Grey stays as it is, alpha is kept.
/// @throws OptionError when the picture has 16 bits.
[[nodiscard]] inline Image to_grey(const Image& image) {
    if (image.channels() == 1) return image;
    const auto rgb = image.samples();
    std::vector<std::uint8_t> grey(rgb.size() / 3);
    for (std::size_t i = 0; i < grey.size(); ++i) {
        const std::uint32_t luma =
            19595U * rgb[3 * i] + 38470U * rgb[3 * i + 1] + 7471U * rgb[3 * i + 2];
        grey[i] = static_cast<std::uint8_t>((luma + 32768U) >> 16U);
    }
    return detail::with_samples_of(image, 1, std::move(grey));
}

/// A grey 8-bit picture with its channel three times. RGB stays as it is, alpha is kept.
/// @throws OptionError when the picture has 16 bits.
[[nodiscard]] inline Image to_rgb(const Image& image) {
    if (image.channels() == 3) return image;
    const auto grey = image.samples();
    std::vector<std::uint8_t> rgb(3 * grey.size());
    for (std::size_t i = 0; i < rgb.size(); ++i) rgb[i] = grey[i / 3];
    return detail::with_samples_of(image, 3, std::move(rgb));
}

}  // namespace oldphoto
