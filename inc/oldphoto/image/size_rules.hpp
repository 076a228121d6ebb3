#pragma once

#include <oldphoto/image/image.hpp>

#include <cmath>

/// The sizes to which the published programs bring a photo before a network sees it. Halves round
/// to even, so 258 goes to 256 and 262 to 264; a very thin photo can get a side of 0.
namespace oldphoto {

namespace detail {

inline constexpr double short_side = 256.0;

inline Index nearest_multiple(double length, Index unit) {
    const double units = std::nearbyint(length / static_cast<double>(unit));
    return static_cast<Index>(units) * unit;
}

/// The short side becomes 256, the long side keeps the shape; then both become multiples of `unit`.
inline Size scaled_to_short_side(Size photo, Index unit) {
    const auto width = static_cast<double>(photo.width);
    const auto height = static_cast<double>(photo.height);
    if (width < height) {
        return {nearest_multiple(short_side, unit),
                nearest_multiple(height / width * short_side, unit)};
    }
    return {nearest_multiple(width / height * short_side, unit),
            nearest_multiple(short_side, unit)};
}

inline Size rounded_size(Size photo, Index unit) {
    return {nearest_multiple(static_cast<double>(photo.width), unit),
            nearest_multiple(static_cast<double>(photo.height), unit)};
}

}  // namespace detail

/// Restoration in mode "Full": the nearest multiples of 4.
[[nodiscard]] inline Size full_size(Size photo) {
    return detail::rounded_size(photo, 4);
}

/// Restoration in mode "Scale": the short side 256, multiples of 4.
[[nodiscard]] inline Size scale_size(Size photo) {
    return detail::scaled_to_short_side(photo, 4);
}

/// Scratch detection in mode "full_size": the nearest multiples of 16.
[[nodiscard]] inline Size detection_size(Size photo) {
    return detail::rounded_size(photo, 16);
}

/// What the detection network is given: the short side 256, multiples of 16.
[[nodiscard]] inline Size detection_network_size(Size photo) {
    return detail::scaled_to_short_side(photo, 16);
}

}  // namespace oldphoto
