#pragma once

#include <oldphoto/image/image.hpp>
#include <oldphoto/tensor/deferred.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace oldphoto {

namespace detail {

/// The number in [-1, 1] that a level of 0..255 stands for.
template <class T>
[[nodiscard]] T number_of_level(std::uint8_t level) noexcept {
    return (static_cast<T>(level) / 255 - T(0.5)) / T(0.5);
}

/// The level that a number in [-1, 1] is rounded to, limited to 0..255; 0 for NaN.
template <class T>
[[nodiscard]] std::uint8_t level_of_number(T number) {
    const double v = (double(number) + 1) * 127.5;
    return static_cast<std::uint8_t>(v > 0 ? std::min(std::round(v), 255.0) : 0.0);
}

/// Writes the samples of `image` to `planes`, (C, H, W), as numbers in [-1, 1].
template <class T>
void write_planes(const Image& image, T* planes) {
    const auto samples = image.samples();
    const Index channels = image.channels();
    const Index pixels = image.width() * image.height();
    for (Index c = 0; c < channels; ++c) {
        for (Index i = 0; i < pixels; ++i) {
            *planes++ = number_of_level<T>(samples[static_cast<std::size_t>(i * channels + c)]);
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

namespace detail {

/// A photo's rows as three channels of numbers in [-1, 1].
template <class T, class B>
class PhotoRows final : public RowProducer<T> {
public:
    explicit PhotoRows(const Image& photo) : photo_(photo) {}

    [[nodiscard]] Shape<4> shape() const override {
        return {1, 3, photo_.height(), photo_.width()};
    }
    [[nodiscard]] bool at_once() const override { return true; }
    [[nodiscard]] Shared<typename RowProducer<T>::Pass> pass() const override {
        return Shared<typename RowProducer<T>::Pass>(new Pass(photo_));
    }

private:
    class Pass final : public RowProducer<T>::Pass {
    public:
        explicit Pass(const Image& photo) : photo_(photo) {}

        void next(const View<T, 4>& y, Moments* moments) override {
            const Index channels = photo_.channels();
            const Index pixels = y.shape[2] * y.shape[3];
            const auto* samples = photo_.samples().data() + next_ * y.shape[3] * channels;
            for (Index c = 0; c < 3; ++c) {
                const auto* from = samples + (channels == 3 ? c : 0);
                for (Index i = 0; i < pixels; ++i) {
                    y.data[c * pixels + i] = number_of_level<T>(from[i * channels]);
                }
            }
            if (moments != nullptr) B::moments_of_planes(y, moments);
            next_ += y.shape[2];
        }

    private:
        const Image& photo_;
        Index next_ = 0;
    };

    const Image& photo_;
};

}  // namespace detail

/// An 8-bit photo as networks take it, streamed: (1, 3, H, W), the numbers of to_tensor(), grey
/// three times. Alpha is left out.
/// @param photo  of 8 bits; it must outlive what is computed from it.
/// @throws OptionError for a 16-bit picture
template <class T = float, class B = Cpu>
[[nodiscard]] Deferred<T, B> to_deferred(const Image& photo) {
    static_cast<void>(photo.samples());  // throws for 16 bits
    return Deferred<T, B>::always_streamed(
        Shared<const RowProducer<T>>(new detail::PhotoRows<T, B>(photo)));
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

/// Writes rows of a picture, (1, C, rows, W) in [-1, 1], to an 8-bit one from row `first` on, as
/// to_image() rounds them.
/// @param image  of C channels and the same width
template <class T, class B>
void write_rows(const Tensor<T, 4, B>& x, Index first, Image& image) {
    const Index channels = x.dim(1);
    const Index pixels = x.dim(2) * x.dim(3);
    const auto samples =
        image.samples().subspan(static_cast<std::size_t>(first * x.dim(3) * channels));
    const auto planes = x.to_values();
    for (Index c = 0; c < channels; ++c) {
        for (Index i = 0; i < pixels; ++i) {
            samples[static_cast<std::size_t>(i * channels + c)] =
                detail::level_of_number(planes[static_cast<std::size_t>(c * pixels + i)]);
        }
    }
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
    auto image = Image::black({x.dim(3), x.dim(2)}, x.dim(1));
    write_rows(x, 0, image);
    return image;
}

}  // namespace oldphoto
