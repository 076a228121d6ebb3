#pragma once

#include <oldphoto/core/rng.hpp>
#include <oldphoto/image/image.hpp>
#include <oldphoto/image/resample.hpp>

#include <algorithm>
#include <string>

namespace oldphoto {

/// A square part of a picture, perhaps mirrored left to right.
struct Crop {
    Index x;
    Index y;
    Index side;
    bool flipped;
};

/// A place for a square in a picture, all places equally likely, flipped with probability 1/2.
/// @throws OptionError when a side of the picture is shorter than `side`.
[[nodiscard]] inline Crop random_crop(Size size, Index side, Rng& rng) {
    if (side < 1 || side > std::min(size.width, size.height)) {
        throw_option_error("random_crop", "a picture of " + to_string(size) +
                                              " pixels has no square of " + std::to_string(side));
    }
    const Index x = rng.integer(size.width - side + 1);
    const Index y = rng.integer(size.height - side + 1);
    return {x, y, side, rng.integer(2) == 1};
}

/// The part of an 8-bit picture; alpha is left out.
/// @throws OptionError when it reaches beyond the picture or the picture has 16 bits.
[[nodiscard]] inline Image cropped(const Image& image, const Crop& crop) {
    if (crop.x < 0 || crop.y < 0 || crop.side < 1 || crop.x + crop.side > image.width() ||
        crop.y + crop.side > image.height()) {
        throw_option_error("cropped", "a square of " + std::to_string(crop.side) + " at (" +
                                          std::to_string(crop.x) + ", " + std::to_string(crop.y) +
                                          ") reaches beyond a picture of " +
                                          to_string(image.size()) + " pixels");
    }
    const auto samples = image.samples();
    const Index channels = image.channels();
    auto part = Image::black({crop.side, crop.side}, channels);
    auto write = part.samples().begin();
    for (Index row = 0; row < crop.side; ++row) {
        for (Index column = 0; column < crop.side; ++column) {
            const Index x = crop.x + (crop.flipped ? crop.side - 1 - column : column);
            const auto pixel = samples.begin() + ((crop.y + row) * image.width() + x) * channels;
            write = std::copy_n(pixel, channels, write);
        }
    }
    return part;
}

/// A photo with a side shorter than `least` enlarged bicubically until its short side is that long;
/// others as they are.
[[nodiscard]] inline Image with_sides_at_least(Image photo, Index least) {
    const Size size = photo.size();
    const Index shortest = std::min(size.width, size.height);
    if (shortest >= least) return photo;
    const auto enlarged = [&](Index side) { return (side * least + shortest / 2) / shortest; };
    return resize(photo, {enlarged(size.width), enlarged(size.height)}, Resampling::bicubic);
}

}  // namespace oldphoto
