#pragma once

#include <oldphoto/image/color.hpp>
#include <oldphoto/image/image.hpp>
#include <oldphoto/image/rounding.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

/// The arithmetic of the noise that training photos get. The random fields come from the caller,
/// one number a sample in the order of the samples.
namespace oldphoto {

namespace detail {

inline void check_field(std::string_view op, const Image& image, std::size_t count) {
    if (count != image.samples().size()) {
        throw_shape_error(op, "expected one random number a sample",
                          {{"picture (H, W, C)", {image.height(), image.width(), image.channels()}},
                           {"numbers (count)", {static_cast<Index>(count)}}});
    }
}

/// noisy(i, v) gives sample i, whose value is v of [0, 1]; the result is cut to [0, 1] and
/// truncated to 8 bits, in float.
template <class Noisy>
Image with_noise(const Image& image, const Noisy& noisy) {
    const auto clean = image.samples();
    std::vector<std::uint8_t> samples(clean.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const auto value = std::clamp(noisy(i, static_cast<float>(clean[i]) / 255.0F), 0.0, 1.0);
        samples[i] = truncated_to_byte(static_cast<float>(value) * 255.0F);
    }
    return with_samples_of(image, image.channels(), std::move(samples));
}

}  // namespace detail

/// y = x + noise, for x in [0, 1].
/// @param noise  (height, width, channels), with a deviation of 5/255 to 50/255 in training.
/// @throws ShapeError when `noise` does not fit; OptionError when the picture has 16 bits.
[[nodiscard]] inline Image with_gaussian_noise(const Image& image, std::span<const double> noise) {
    detail::check_field("with_gaussian_noise", image, noise.size());
    return detail::with_noise(image, [&](std::size_t i, double value) { return value + noise[i]; });
}

/// y = x + noise * x, for x in [0, 1].
/// @param noise  as in with_gaussian_noise().
/// @throws ShapeError when `noise` does not fit; OptionError when the picture has 16 bits.
[[nodiscard]] inline Image with_speckle_noise(const Image& image, std::span<const double> noise) {
    detail::check_field("with_speckle_noise", image, noise.size());
    return detail::with_noise(image, [&](std::size_t i, double value) {
        return value + detail::rounded_product(noise[i], value);
    });
}

/// Where `flipped` is not 0 the sample becomes white (`salted` not 0) or black.
/// @param flipped, salted  (height, width, channels).
/// @throws ShapeError when a field does not fit; OptionError when the picture has 16 bits.
[[nodiscard]] inline Image with_salt_and_pepper(const Image& image,
                                                std::span<const std::uint8_t> flipped,
                                                std::span<const std::uint8_t> salted) {
    detail::check_field("with_salt_and_pepper", image, flipped.size());
    detail::check_field("with_salt_and_pepper", image, salted.size());
    return detail::with_noise(image, [&](std::size_t i, double value) {
        if (flipped[i] == 0) return value;
        return salted[i] != 0 ? 1.0 : 0.0;
    });
}

}  // namespace oldphoto
