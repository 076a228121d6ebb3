#pragma once

#include <oldphoto/autograd/variable.hpp>
#include <oldphoto/ops/pad.hpp>

namespace oldphoto {

/// The same border on all four sides. See pad().
struct Pad2d {
    Index pixels;
    PaddingMode mode;

    template <class T, class B>
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        return pad(x, Padding::all(pixels, mode));
    }
};

}  // namespace oldphoto
