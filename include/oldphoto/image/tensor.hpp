#pragma once

#include <oldphoto/image/image.hpp>
#include <oldphoto/tensor/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace oldphoto {

namespace detail {

/// Writes the samples of `image` to `planes`, (C, H, W), as numbers in [-1, 1].
template <class T>
void write_planes(const Image& image, T* planes) {
    const auto samples = image.samples();
    const Index channels = image.channels();
    const Index pixels = image.width() * image.height();
    for (Index c = 0; c < channels; ++c) {
        for (Index i = 0; i < pixels; ++i) {
            const T unit =
                static_cast<T>(samples[static_cast<std::size_t>(i * channels + c)]) / 255;
            *planes++ = (unit - T(0.5)) / T(0.5);
        }
    }
}

}  // namespace detail

/// The samples of 8-bit pictures as (N, C, H, W) in [-1, 1]: (v / 255 - 0.5) / 0.5. Alpha is left
/// out.
/// @param images  at least one; all of one size and number of channels.
/// @throws ShapeError when they differ or there are none; OptionError for a 16-bit picture, which
/// to_8_bit() converts.
template <class T = float, class B = Cpu>
[[nodiscard]] Tensor<T, 4, B> to_tensor(std::span<const Image> images) {
    if (images.empty()) throw_shape_error("to_tensor", "expected at least one picture", {});
    const auto dims = [](const Image& image) {
        return Dims{image.channels(), image.height(), image.width()};
    };
    const Image& first = images.front();
    std::vector<T> values(images.size() * first.samples().size());
    T* planes = values.data();
    for (const Image& image : images) {
        if (image.size() != first.size() || image.channels() != first.channels()) {
            throw_shape_error("to_tensor", "the pictures of a batch must be of one size",
                              {{"first (C, H, W)", dims(first)}, {"other (C, H, W)", dims(image)}});
        }
        detail::write_planes(image, planes);
        planes += image.samples().size();
    }
    return Tensor<T, 4, B>::from_values(
        {static_cast<Index>(images.size()), first.channels(), first.height(), first.width()},
        values);
}

/// One picture as a batch: (1, C, H, W).
template <class T = float, class B = Cpu>
[[nodiscard]] Tensor<T, 4, B> to_tensor(const Image& image) {
    return to_tensor<T, B>(std::span(&image, 1));
}

/// A mask as networks take it: (1, 1, H, W) in [0, 1], v / 255, 1 in a hole.
/// @param mask  8 bits, grey.
/// @throws ShapeError for a mask of several channels; OptionError for one of 16 bits
template <class T = float, class B = Cpu>
[[nodiscard]] Tensor<T, 4, B> to_mask_tensor(const Image& mask) {
    if (mask.channels() != 1) {
        throw_shape_error("to_mask_tensor", "a mask has one channel",
                          {{"mask (H, W, C)", {mask.height(), mask.width(), mask.channels()}}});
    }
    std::vector<T> values;
    values.reserve(mask.samples().size());
    for (const std::uint8_t level : mask.samples()) values.push_back(static_cast<T>(level) / 255);
    return Tensor<T, 4, B>::from_values({1, 1, mask.height(), mask.width()}, values);
}

/// (1, C, H, W) in [-1, 1], C 1 or 3, as an 8-bit picture: each number rounded to the nearest
/// level, limited to 0..255; NaN becomes black.
/// @throws ShapeError for another batch size.
template <class T, class B>
[[nodiscard]] Image to_image(const Tensor<T, 4, B>& x) {
    if (x.dim(0) != 1) {
        throw_shape_error("to_image", "expected a batch of one picture",
                          {{"x (N, C, H, W)", dims_of(x.shape())}});
    }
    const Index channels = x.dim(1);
    auto image = Image::black({x.dim(3), x.dim(2)}, channels);
    const auto samples = image.samples();
    const Index pixels = x.dim(2) * x.dim(3);
    const auto planes = x.to_values();
    for (Index c = 0; c < channels; ++c) {
        for (Index i = 0; i < pixels; ++i) {
            const double v = (double(planes[static_cast<std::size_t>(c * pixels + i)]) + 1) * 127.5;
            const double level = v > 0 ? std::min(std::round(v), 255.0) : 0.0;
            samples[static_cast<std::size_t>(i * channels + c)] = static_cast<std::uint8_t>(level);
        }
    }
    return image;
}

}  // namespace oldphoto
