#pragma once

#include <oldphoto/degrade/degradation.hpp>
#include <oldphoto/image/color.hpp>
#include <oldphoto/image/resample.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace oldphoto {

/// Loss of resolution. The defaults are the published ones.
struct LowResolutionOptions {
    double probability = 0.7;
    Range scale{0.5, 1.0};             ///< of each side by itself; a side keeps a pixel at least
    double nearest_probability = 0.5;  ///< of enlarging by repetition; bilinear otherwise
};

/// Shrinks a photo by bicubic resampling and enlarges it to its size again. Alpha is kept as it is.
/// @param small    the size between.
/// @param enlarge  how to enlarge.
/// @throws OptionError when a side of `small` lies outside 1 .. 2^30 or the photo has 16 bits.
[[nodiscard]] inline Image with_low_resolution(const Image& photo, Size small, Resampling enlarge) {
    const Image enlarged = resize(resize(photo, small, Resampling::bicubic), photo.size(), enlarge);
    const auto samples = enlarged.samples();
    return detail::with_samples_of(photo, photo.channels(),
                                   std::vector<std::uint8_t>(samples.begin(), samples.end()));
}

namespace detail {

inline void check(const LowResolutionOptions& options) {
    check_probability("degrade", "low_resolution.probability", options.probability);
    check_range("low_resolution.scale", options.scale, Range{0.0, 1.0});
    check_probability("degrade", "low_resolution.nearest_probability", options.nearest_probability);
}

/// A length between both ends of `scale` times `side`, these rounded down.
inline Index draw_side(Index side, const Range& scale, Rng& rng) {
    const auto scaled = [side](double factor) {
        return std::max(static_cast<Index>(static_cast<double>(side) * factor), Index{1});
    };
    return draw(IntRange{scaled(scale.low), scaled(scale.high)}, rng);
}

}  // namespace detail

/// with_low_resolution() of random strength.
/// @param photo  8 bits.
[[nodiscard]] inline Degraded random_low_resolution(const Image& photo,
                                                    const LowResolutionOptions& options, Rng& rng) {
    const Index width = detail::draw_side(photo.width(), options.scale, rng);
    const Index height = detail::draw_side(photo.height(), options.scale, rng);
    const bool nearest = detail::chance(options.nearest_probability, rng);
    return {with_low_resolution(photo, {width, height},
                                nearest ? Resampling::nearest : Resampling::bilinear),
            "low resolution, " + to_string(Size{width, height}) + " px, enlarged " +
                (nearest ? "by repetition" : "bilinearly")};
}

}  // namespace oldphoto
