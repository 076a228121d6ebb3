#pragma once

#include <oldphoto/degrade/degradation.hpp>
#include <oldphoto/degrade/random_field.hpp>
#include <oldphoto/image/noise.hpp>

#include <string>

namespace oldphoto {

/// One of three kinds of noise, each as likely. The defaults are the published ones.
struct NoiseOptions {
    double probability = 0.7;
    Range deviation{5.0, 50.0};        ///< of Gaussian and speckle noise, in levels of 255
    Range salt_and_pepper{0.0, 0.01};  ///< share of the samples that turn white or black
    Range salt{0.3, 0.8};              ///< share of these that turn white
};

/// Gaussian noise with a number of its own for every sample, so that it is coloured in colour.
/// @param deviation  in levels of 255.
/// @throws OptionError when the picture has 16 bits.
[[nodiscard]] inline Image with_gaussian_noise(const Image& image, double deviation, Rng& rng) {
    return with_gaussian_noise(
        image, detail::normal_field(image.samples().size(), deviation / 255.0, rng));
}

/// The same noise multiplied by the sample, which is 1 for white.
[[nodiscard]] inline Image with_speckle_noise(const Image& image, double deviation, Rng& rng) {
    return with_speckle_noise(image,
                              detail::normal_field(image.samples().size(), deviation / 255.0, rng));
}

/// Turns samples white or black, each channel by itself.
/// @param amount  share of the samples that change, within 0 .. 1.
/// @param salt    share of these that turn white.
/// @throws OptionError when the picture has 16 bits.
[[nodiscard]] inline Image with_salt_and_pepper(const Image& image, double amount, double salt,
                                                Rng& rng) {
    const std::size_t count = image.samples().size();
    const auto flipped = detail::chance_field(count, amount, rng);
    const auto salted = detail::chance_field(count, salt, rng);
    return with_salt_and_pepper(image, flipped, salted);
}

namespace detail {

inline void check(const NoiseOptions& options) {
    check_probability("degrade", "noise.probability", options.probability);
    check_range("noise.deviation", options.deviation, Range{0.0, 255.0});
    check_range("noise.salt_and_pepper", options.salt_and_pepper, Range{0.0, 1.0});
    check_range("noise.salt", options.salt, Range{0.0, 1.0});
}

}  // namespace detail

/// Noise of a random kind and strength.
/// @param photo  8 bits.
[[nodiscard]] inline Degraded random_noise(const Image& photo, const NoiseOptions& options,
                                           Rng& rng) {
    const Index kind = rng.integer(3);
    if (kind == 2) {
        const double amount = detail::draw(options.salt_and_pepper, rng);
        const double salt = detail::draw(options.salt, rng);
        return {with_salt_and_pepper(photo, amount, salt, rng),
                "salt and pepper, " + detail::short_number(100.0 * amount) + " %, " +
                    detail::short_number(100.0 * salt) + " % of it salt"};
    }
    const double deviation = detail::draw(options.deviation, rng);
    const std::string strength = ", deviation " + detail::short_number(deviation) + " of 255";
    if (kind == 1) {
        return {with_speckle_noise(photo, deviation, rng), "speckle noise" + strength};
    }
    return {with_gaussian_noise(photo, deviation, rng), "Gaussian noise" + strength};
}

}  // namespace oldphoto
