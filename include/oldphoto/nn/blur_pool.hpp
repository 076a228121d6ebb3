#pragma once

#include <oldphoto/nn/layer.hpp>
#include <oldphoto/ops/conv2d.hpp>
#include <oldphoto/ops/pad.hpp>

#include <cstddef>
#include <vector>

namespace oldphoto {

/// (N, C, H, W) -> (N, C, ceil(H / 2), ceil(W / 2)): every second pixel of a picture smoothed by
/// outer([1 2 1], [1 2 1]) / 16, its borders reflected. State "filt" (C, 1, 3, 3): that filter for
/// each channel, which is not trained.
/// Source: Zhang, "Making convolutional networks shift-invariant again", ICML 2019.
template <class T = float, class B = Cpu>
class BlurPool2d {
public:
    explicit BlurPool2d(Index channels)
        : filter_(smoothing(channels)), no_bias_(Tensor<T, 1, B>::zeros({0})) {}

    /// @throws ShapeError for other channels, or a side of one pixel, which has no reflection.
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        return conv2d(pad(x, Padding::all(1, PaddingMode::reflect)), filter_, no_bias_,
                      {.stride = 2, .groups = filter_.dim(0)});
    }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const { visit("filt", filter_); }

private:
    [[nodiscard]] static Tensor<T, 4, B> smoothing(Index channels) {
        const std::vector<T> sixteenths{1, 2, 1, 2, 4, 2, 1, 2, 1};
        const Tensor<T, 4, B> one = Tensor<T, 4, B>::from_values({1, 1, 3, 3}, sixteenths) / 16;
        return one.broadcast_to({channels, 1, 3, 3});
    }

    Variable<T, 4, B> filter_;
    Variable<T, 1, B> no_bias_;
};

}  // namespace oldphoto
