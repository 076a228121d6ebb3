#pragma once

#include <oldphoto/ops/resample.hpp>

namespace oldphoto {

/// The pixels of a smaller picture that a hole touches: 1 where the mask, brought to that size
/// bilinearly, is above 0, else 0. For sides four times as large, the centre 2 x 2 of the 4 x 4
/// pixels are looked at.
/// @param mask  (N, 1, H, W), in [0, 1]: 1 is a hole, 0 is clean
/// @param size  (h, w)
/// @return      (N, 1, h, w), a constant
/// @throws ShapeError, OptionError
template <class T, class B>
[[nodiscard]] Tensor<T, 4, B> hole_map(const Tensor<T, 4, B>& mask, Pair size) {
    if (mask.dim(1) != 1) {
        throw_shape_error("hole_map", "a mask has one channel",
                          {{"mask (N, 1, H, W)", dims_of(mask.shape())}});
    }
    const auto paused = Program::pause();
    return sign(resample(Variable<T, 4, B>(mask), size, ResampleMode::bilinear).value());
}

}  // namespace oldphoto
