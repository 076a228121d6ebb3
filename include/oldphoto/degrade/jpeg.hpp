#pragma once

#include <oldphoto/degrade/degradation.hpp>
#include <oldphoto/image/color.hpp>
#include <oldphoto/image/stb.hpp>

#include <string>
#include <vector>

// Like the functions of image/stb.hpp, which they call, these have internal linkage.

namespace oldphoto {

/// JPEG artefacts. The defaults are the published ones.
struct JpegOptions {
    double probability = 0.7;
    IntRange quality{40, 100};  ///< 1 to 100, as in encode_jpeg()
};

/// The photo stored as JPEG and read again. Grey stays grey, alpha is kept as it is.
/// @param quality  1 to 100.
/// @throws OptionError as encode_jpeg() does.
[[nodiscard]] static inline Image with_jpeg_artefacts(const Image& photo, int quality) {
    const Image decoded = decode_image(encode_jpeg(photo, quality), "JPEG in memory");
    const Image stored = photo.channels() == 1 ? to_grey(decoded) : decoded;
    const auto samples = stored.samples();
    return detail::with_samples_of(photo, photo.channels(),
                                   std::vector<std::uint8_t>(samples.begin(), samples.end()));
}

namespace detail {

inline void check(const JpegOptions& options) {
    check_probability("degrade", "jpeg.probability", options.probability);
    check_range("jpeg.quality", options.quality, IntRange{1, 100});
}

}  // namespace detail

/// with_jpeg_artefacts() of random strength.
/// @param photo  8 bits.
[[nodiscard]] static inline Degraded random_jpeg(const Image& photo, const JpegOptions& options,
                                                 Rng& rng) {
    const auto quality = static_cast<int>(detail::draw(options.quality, rng));
    return {with_jpeg_artefacts(photo, quality), "JPEG, quality " + std::to_string(quality)};
}

}  // namespace oldphoto
