#pragma once

#include <oldphoto/image/image.hpp>

#include "npz.hpp"
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace oldphoto::test {

/// The picture of a fixture array (H, W) or (H, W, C).
inline Image picture(const Array& array) {
    const Index channels = array.dims.size() == 3 ? array.dims[2] : 1;
    return Image::from_samples({array.dims[1], array.dims[0]}, channels,
                               array.values<std::uint8_t>());
}

/// A grey picture of the given samples.
inline Image grey(Size size, std::vector<std::uint8_t> samples) {
    return Image::from_samples(size, 1, std::move(samples));
}

/// A picture of one level.
inline Image flat(Size size, Index channels, std::uint8_t level) {
    auto image = Image::black(size, channels);
    for (auto& sample : image.samples()) sample = level;
    return image;
}

/// Pixels enough for statistics.
inline constexpr Size large{200, 200};

/// A picture in which every sample differs from its neighbours.
inline Image pattern(Size size, Index channels) {
    auto image = Image::black(size, channels);
    Index i = 0;
    for (auto& sample : image.samples()) sample = static_cast<std::uint8_t>(i++ * 37 % 251);
    return image;
}

/// The largest step between two pictures; more than any where they cannot be compared.
inline int largest_step(const Image& a, const Image& b) {
    if (a.size() != b.size() || a.channels() != b.channels()) return 256;
    int largest = 0;
    for (std::size_t i = 0; i < a.samples().size(); ++i) {
        largest = std::max(largest, std::abs(a.samples()[i] - b.samples()[i]));
    }
    return largest;
}

inline std::vector<std::uint8_t> samples_of(const Image& image) {
    return {image.samples().begin(), image.samples().end()};
}

inline std::vector<std::uint8_t> alpha_of(const Image& image) {
    return {image.alpha().begin(), image.alpha().end()};
}

}  // namespace oldphoto::test
