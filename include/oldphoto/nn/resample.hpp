#pragma once

#include <oldphoto/autograd/variable.hpp>
#include <oldphoto/ops/resample.hpp>

namespace oldphoto {

/// To a size of its own. See resample().
struct Resample {
    Pair size;
    ResampleMode mode;
    bool align_corners = false;

    template <class T, class B>
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        return resample(x, size, mode, align_corners);
    }
};

/// By a factor. See resample_by().
struct ResampleBy {
    double factor;
    ResampleMode mode;
    bool align_corners = false;

    template <class T, class B>
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        return resample_by(x, factor, mode, align_corners);
    }
};

}  // namespace oldphoto
