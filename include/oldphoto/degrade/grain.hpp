#pragma once

#include <oldphoto/degrade/degradation.hpp>
#include <oldphoto/degrade/random_field.hpp>
#include <oldphoto/image/filter.hpp>
#include <oldphoto/image/noise.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace oldphoto {

/// Grain of a film. Not among the published degradations, so never done unless asked for.
struct GrainOptions {
    double probability = 0.0;
    Range deviation{5.0, 20.0};  ///< in middle grey, in levels of 255
    Range size{0.6, 1.4};         ///< sigma of a grain, in pixels
};

namespace detail {

inline void check(const GrainOptions& options) {
    check_probability("degrade", "grain.probability", options.probability);
    check_range("grain.deviation", options.deviation, Range{0.0, 255.0});
    check_range("grain.size", options.size, Range{0.1, 100.0});
}

/// Normal numbers of deviation 1, blurred so that neighbours are alike.
inline std::vector<double> grain_field(Size photo, double size, Rng& rng) {
    const Index kernel = 2 * static_cast<Index>(std::ceil(3.0 * size)) + 1;
    double squares = 0.0;  // what the blur leaves of the variance along one axis
    for (const double weight : gaussian_weights(kernel, size)) squares += weight * weight;
    const auto count = static_cast<std::size_t>(photo.width * photo.height);
    return gaussian_blur(normal_field(count, 1.0 / squares, rng), photo, kernel, size);
}

}  // namespace detail

/// Grain of a film: noise in the brightness alone, in clumps, and strongest in middle grey:
///
///     y = x + deviation * 2 sqrt(L (1 - L)) * n,   L the luma of the pixel within 0 .. 1
///
/// n is normal, of deviation 1 and blurred with sigma `size`. A share L of the film lets light
/// through, so that the light of a small area varies with L (1 - L) as a count of grains does.
/// @param deviation  in levels of 255.
/// @param size       in pixels.
/// @throws OptionError when the photo has 16 bits.
[[nodiscard]] inline Image with_grain(const Image& photo, double deviation, double size, Rng& rng) {
    auto grain = detail::grain_field(photo.size(), size, rng);
    const Image grey = to_grey(photo);
    const auto luma = grey.samples();
    for (std::size_t i = 0; i < grain.size(); ++i) {
        const double share = luma[i] / 255.0;
        grain[i] *= deviation / 255.0 * 2.0 * std::sqrt(share * (1.0 - share));
    }
    const auto channels = static_cast<std::size_t>(photo.channels());
    constexpr double half_a_level = 0.5 / 255.0;  // what follows truncates
    return detail::with_noise(photo, [&](std::size_t i, double value) {
        return value + grain[i / channels] + half_a_level;
    });
}

/// with_grain() of random strength.
/// @param photo  8 bits.
[[nodiscard]] inline Degraded random_grain(const Image& photo, const GrainOptions& options,
                                           Rng& rng) {
    const double deviation = detail::draw(options.deviation, rng);
    const double size = detail::draw(options.size, rng);
    return {with_grain(photo, deviation, size, rng),
            "grain, deviation " + detail::short_number(deviation) + " of 255, sigma " +
                detail::short_number(size) + " px"};
}

}  // namespace oldphoto
