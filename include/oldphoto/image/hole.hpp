#pragma once

#include <oldphoto/image/color.hpp>
#include <oldphoto/image/image.hpp>
#include <oldphoto/image/rounding.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace oldphoto {

/// Paints holes white, the way the networks expect damage to look:
///
///     y = trunc(x (1 - m / 255) + m / 255 * 255),  in double
///
/// @param photo  8 bits, grey or RGB; its alpha is kept.
/// @param mask   of the same size, 255 in a hole and 0 elsewhere, soft values between; one channel
///               for all channels of the photo, or one for each.
/// @throws ShapeError when the sizes or channels do not fit; OptionError when either has 16 bits.
[[nodiscard]] inline Image with_holes(const Image& photo, const Image& mask) {
    const Index channels = photo.channels();
    if (photo.size() != mask.size() || (mask.channels() != 1 && mask.channels() != channels)) {
        throw_shape_error("with_holes",
                          "the mask must have the photo's size, and its channels or one",
                          {{"photo (H, W, C)", {photo.height(), photo.width(), channels}},
                           {"mask (H, W, C)", {mask.height(), mask.width(), mask.channels()}}});
    }
    const auto colors = photo.samples();
    const auto holes = mask.samples();
    const auto samples_a_hole = static_cast<std::size_t>(channels / mask.channels());
    std::vector<std::uint8_t> samples(colors.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const double color = colors[i];
        const double hole = holes[i / samples_a_hole] / 255.0;
        samples[i] = detail::truncated_to_byte(detail::rounded_product(color, 1.0 - hole) +
                                               detail::rounded_product(hole, 255.0));
    }
    return detail::with_samples_of(photo, channels, std::move(samples));
}

}  // namespace oldphoto
