#pragma once

#include <oldphoto/degrade/blur.hpp>
#include <oldphoto/degrade/grain.hpp>
#include <oldphoto/degrade/jpeg.hpp>
#include <oldphoto/degrade/low_resolution.hpp>
#include <oldphoto/degrade/noise.hpp>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace oldphoto {

/// Which degradations there are, how likely and how strong. The defaults are the published ones.
struct DegradeOptions {
    BlurOptions blur{};
    NoiseOptions noise{};
    LowResolutionOptions low_resolution{};
    JpegOptions jpeg{};
    GrainOptions grain{};
};

namespace detail {

inline void check(const DegradeOptions& options) {
    check(options.blur);
    check(options.noise);
    check(options.low_resolution);
    check(options.jpeg);
    check(options.grain);
}

/// All orders are equally likely (Fisher and Yates).
template <class T, std::size_t N>
void shuffle(std::array<T, N>& values, Rng& rng) {
    for (std::size_t left = N; left > 1; --left) {
        std::swap(values[left - 1],
                  values[static_cast<std::size_t>(rng.integer(static_cast<Index>(left)))]);
    }
}

}  // namespace detail

/// Makes a photo worse as the published training data is: degradations in random order, each with
/// its probability, and each of random strength. Source: Wan et al., "Bringing Old Photos Back to
/// Life", CVPR 2020, and the programs released with it.
/// @param photo  8 bits, grey (stays grey) or RGB; its alpha is kept as it is.
/// @param steps  if given, receives what was done, in order: "JPEG, quality 57".
/// @throws OptionError when an option is out of range, the photo has 16 bits or JPEG is asked for a
/// side longer than 65535 pixels.
[[nodiscard]] static inline Image degrade(const Image& photo, Rng& rng,
                                          const DegradeOptions& options = {},
                                          std::vector<std::string>* steps = nullptr) {
    detail::check(options);
    if (photo.bits() != 8) {
        throw_option_error("degrade", "expected 8 bits a sample, got " +
                                          std::to_string(photo.bits()) +
                                          "; to_8_bit() converts a picture");
    }
    struct Entry {
        double probability;
        Degraded (*apply)(const Image&, const DegradeOptions&, Rng&);
    };
    std::array<Entry, 5> entries{{
        {options.blur.probability,
         [](const Image& x, const DegradeOptions& o, Rng& r) { return random_blur(x, o.blur, r); }},
        {options.noise.probability, [](const Image& x, const DegradeOptions& o,
                                       Rng& r) { return random_noise(x, o.noise, r); }},
        {options.low_resolution.probability,
         [](const Image& x, const DegradeOptions& o, Rng& r) {
             return random_low_resolution(x, o.low_resolution, r);
         }},
        {options.jpeg.probability,
         [](const Image& x, const DegradeOptions& o, Rng& r) { return random_jpeg(x, o.jpeg, r); }},
        {options.grain.probability, [](const Image& x, const DegradeOptions& o,
                                       Rng& r) { return random_grain(x, o.grain, r); }},
    }};
    detail::shuffle(entries, rng);
    Image result = photo;
    for (const Entry& entry : entries) {
        if (!detail::chance(entry.probability, rng)) continue;
        Degraded degraded = entry.apply(result, options, rng);
        result = std::move(degraded.photo);
        if (steps != nullptr) steps->push_back(std::move(degraded.text));
    }
    return result;
}

/// degrade() with these options, for the datasets.
/// @throws OptionError when an option is out of range.
[[nodiscard]] static inline Degradation random_degradation(const DegradeOptions& options = {}) {
    detail::check(options);
    return [options](const Image& photo, Rng& rng) { return degrade(photo, rng, options); };
}

}  // namespace oldphoto
