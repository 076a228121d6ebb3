#pragma once

#include <oldphoto/nn/layer.hpp>
#include <oldphoto/ops/pad.hpp>

/// Layers without parameters.
namespace oldphoto {

/// An elementwise functor as a layer: Activation<fn::ReluFn>{}.
template <class Fn>
struct Activation {
    Fn fn{};

    template <class T, class B>
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        return map(fn, x);
    }
};
using Relu = Activation<fn::ReluFn>;
using LeakyRelu = Activation<fn::LeakyReluFn>;
using Tanh = Activation<fn::TanhFn>;
using Sigmoid = Activation<fn::SigmoidFn>;

/// The same border on all four sides.
struct Pad2d {
    Index pixels;
    PaddingMode mode;

    template <class T, class B>
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        return pad(x, Padding::all(pixels, mode));
    }
};

}  // namespace oldphoto
