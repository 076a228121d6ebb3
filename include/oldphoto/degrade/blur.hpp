#pragma once

#include <oldphoto/degrade/degradation.hpp>
#include <oldphoto/image/filter.hpp>

#include <string>

namespace oldphoto {

/// Gaussian blur. The defaults are the published ones.
struct BlurOptions {
    double probability = 0.7;
    IntRange kernel{3, 7};  ///< pixels; odd, and so is what is drawn
    Range sigma{1.0, 5.0};  ///< pixels
};

namespace detail {

inline void check(const BlurOptions& options) {
    check_probability("degrade", "blur.probability", options.probability);
    check_range("blur.kernel", options.kernel, {1, 999});
    check_range("blur.sigma", options.sigma, {0.0, 999.0});
    if (options.kernel.low % 2 == 0 || options.kernel.high % 2 == 0) {
        throw_option_error("degrade", "both ends of blur.kernel must be odd, got " +
                                          std::to_string(options.kernel.low) + " .. " +
                                          std::to_string(options.kernel.high));
    }
}

}  // namespace detail

/// gaussian_blur() of random strength. A kernel may be larger than the photo.
/// @param photo  8 bits.
[[nodiscard]] inline Degraded random_blur(const Image& photo, const BlurOptions& options,
                                          Rng& rng) {
    const Index kernel =
        2 * detail::draw(IntRange{options.kernel.low / 2, options.kernel.high / 2}, rng) + 1;
    const double sigma = detail::draw(options.sigma, rng);
    return {gaussian_blur(photo, kernel, sigma), "blur, " + std::to_string(kernel) +
                                                     " px wide, sigma " +
                                                     detail::short_number(sigma) + " px"};
}

}  // namespace oldphoto
