#pragma once

#include <oldphoto/autograd/variable.hpp>
#include <oldphoto/ops/pool.hpp>

namespace oldphoto {

/// See max_pool2d().
struct MaxPool2d {
    MaxPool2dOptions options;

    template <class T, class B>
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        return max_pool2d(x, options);
    }
};

/// See avg_pool2d().
struct AvgPool2d {
    AvgPool2dOptions options;

    template <class T, class B>
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        return avg_pool2d(x, options);
    }
};

}  // namespace oldphoto
