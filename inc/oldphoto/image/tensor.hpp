#pragma once

#include <oldphoto/image/image.hpp>
#include <oldphoto/tensor/tensor.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace oldphoto {

/// The samples of an 8-bit picture as (1, C, H, W) in [-1, 1]: (v / 255 - 0.5) / 0.5. Alpha is left
/// out.
/// @throws OptionError for a 16-bit picture; to_8_bit() converts it.
template <class T = float, class B = Cpu>
[[nodiscard]] Tensor<T, 4, B> to_tensor(const Image& image) {
    const auto samples = image.samples();
    const Index channels = image.channels();
    const Index pixels = image.width() * image.height();
    std::vector<T> planes(samples.size());
    for (Index c = 0; c < channels; ++c) {
        for (Index i = 0; i < pixels; ++i) {
            const T unit =
                static_cast<T>(samples[static_cast<std::size_t>(i * channels + c)]) / 255;
            planes[static_cast<std::size_t>(c * pixels + i)] = (unit - T(0.5)) / T(0.5);
        }
    }
    return Tensor<T, 4, B>::from_values({1, channels, image.height(), image.width()}, planes);
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
