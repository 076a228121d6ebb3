#pragma once

#include <oldphoto/image/color.hpp>
#include <oldphoto/image/morphology.hpp>
#include <oldphoto/image/resample.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

/// Masks, grey 8-bit pictures in which white is a hole, and pictures that show what they do.
namespace oldphoto {

/// A mask that says yes or no from any picture: 255 where its largest channel is 128 or more, else
/// 0. So red counts as white does, and the noise of a JPEG does not count. Brought to the size of a
/// photo by the nearest pixel.
/// @param picture  grey or RGB, of 8 bits or 16; its alpha is left out.
[[nodiscard]] inline Image to_mask(const Image& picture, Size size) {
    const Image shallow = to_8_bit(picture);
    const Image fitted =
        shallow.size() == size ? shallow : resize(shallow, size, Resampling::nearest);
    const auto samples = fitted.samples();
    const auto channels = static_cast<std::size_t>(fitted.channels());
    std::vector<std::uint8_t> levels(samples.size() / channels);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        if (samples[i] >= 128) levels[i / channels] = 255;
    }
    return Image::from_samples(size, 1, std::move(levels));
}

/// A mask whose holes reach `pixels` further on each side.
/// @param mask  8 bits, grey; white is a hole.
/// @throws OptionError when `pixels` is negative or the mask has 16 bits
[[nodiscard]] inline Image grown(const Image& mask, Index pixels) {
    return dilate(mask, {3, 3}, pixels);
}

/// How much of a picture its mask covers, 0..1.
/// @param mask  8 bits, grey.
[[nodiscard]] inline double covered_share(const Image& mask) {
    double sum = 0;
    for (const std::uint8_t level : mask.samples()) sum += level;
    return sum / (255.0 * static_cast<double>(mask.samples().size()));
}

namespace detail {

/// @throws ShapeError unless the mask has the size of the photo and one channel
inline void check_mask(std::string_view op, const Image& photo, const Image& mask) {
    if (photo.size() != mask.size() || mask.channels() != 1) {
        throw_shape_error(op, "the mask must have the photo's size and one channel",
                          {{"photo (H, W, C)", {photo.height(), photo.width(), photo.channels()}},
                           {"mask (H, W, C)", {mask.height(), mask.width(), mask.channels()}}});
    }
}

/// @throws ShapeError unless both have the same size and channels
inline void check_same_layout(std::string_view op, const Image& a, const Image& b) {
    if (a.size() != b.size() || a.channels() != b.channels()) {
        throw_shape_error(op, "the pictures must have the same size and channels",
                          {{"first (H, W, C)", {a.height(), a.width(), a.channels()}},
                           {"second (H, W, C)", {b.height(), b.width(), b.channels()}}});
    }
}

/// a (1 - share) + b share, rounded; `share` of 255 parts.
[[nodiscard]] inline std::uint8_t blended(unsigned a, unsigned b, unsigned share) {
    return static_cast<std::uint8_t>((a * (255 - share) + b * share + 127) / 255);
}

}  // namespace detail

/// A picture of 8 bits in the places where the mask is white, another where it is black, and what
/// lies between where it is grey. Alpha is that of `outside`.
/// @param inside, outside  of one size and number of channels.
/// @throws ShapeError when sizes or channels do not fit; OptionError when one has 16 bits
[[nodiscard]] inline Image combined(const Image& inside, const Image& outside, const Image& mask) {
    detail::check_mask("combined", outside, mask);
    detail::check_same_layout("combined", inside, outside);
    const auto channels = static_cast<std::size_t>(outside.channels());
    Image result = outside;
    const auto target = result.samples();
    for (std::size_t i = 0; i < target.size(); ++i) {
        target[i] = detail::blended(target[i], inside.samples()[i], mask.samples()[i / channels]);
    }
    return result;
}

/// The photo with its mask upon it, as a picture to look at: grey where it is clean, red in holes,
/// through which it can still be seen.
/// @param photo  grey or RGB, 8 bits.
/// @throws ShapeError when the mask has another size; OptionError when one has 16 bits
[[nodiscard]] inline Image overlay(const Image& photo, const Image& mask) {
    detail::check_mask("overlay", photo, mask);
    constexpr std::uint8_t red[]{255, 0, 0};
    constexpr unsigned opacity = 160;
    const Image grey = to_grey(photo);
    auto result = Image::black(photo.size(), 3);
    const auto target = result.samples();
    for (std::size_t i = 0; i < target.size(); ++i) {
        const unsigned share = mask.samples()[i / 3] * opacity / 255;
        target[i] = detail::blended(grey.samples()[i / 3], red[i % 3], share);
    }
    return result;
}

/// |a - b| of each sample: black where nothing has changed.
/// @throws ShapeError when sizes or channels differ; OptionError when one has 16 bits
[[nodiscard]] inline Image difference(const Image& a, const Image& b) {
    detail::check_same_layout("difference", a, b);
    auto result = Image::black(a.size(), a.channels());
    const auto target = result.samples();
    for (std::size_t i = 0; i < target.size(); ++i) {
        target[i] = static_cast<std::uint8_t>(std::abs(a.samples()[i] - b.samples()[i]));
    }
    return result;
}

}  // namespace oldphoto
