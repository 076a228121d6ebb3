#pragma once

#include <oldphoto/autograd/expression.hpp>

namespace oldphoto {

/// An elementwise functor as a layer: Activation<fn::ReluFn>{}.
template <class Fn>
struct Activation {
    Fn fn{};

    template <class T, std::size_t R, class B>
    [[nodiscard]] Variable<T, R, B> operator()(const Variable<T, R, B>& x) const {
        return map(fn, x);
    }
};
using Relu = Activation<fn::ReluFn>;
using LeakyRelu = Activation<fn::LeakyReluFn>;
using Tanh = Activation<fn::TanhFn>;
using Sigmoid = Activation<fn::SigmoidFn>;

/// Hands its input on: keeps the place of a layer that an option leaves out.
struct Identity {
    template <class X>
    [[nodiscard]] X operator()(const X& x) const {
        return x;
    }
};

}  // namespace oldphoto
