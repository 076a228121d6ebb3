#pragma once

#include <oldphoto/autograd/expression.hpp>

namespace oldphoto {

/// The sum of all elements, times a factor: sum() and mean() of variables.
struct ScaledSumOp {
    static constexpr const char* name = "sum";
    double factor = 1;

    template <class T, std::size_t R, class B>
    Tensor<T, 0, B> forward(const Tensor<T, R, B>& x) const {
        return Tensor<T, 0, B>::full({}, static_cast<T>(factor * double(sum(x))));
    }
    template <class T, std::size_t R, class B>
    Tensor<T, R, B> backward(const Tensor<T, 0, B>& gy, const Tensor<T, R, B>& x) const {
        return Tensor<T, R, B>::full(x.shape(), static_cast<T>(factor * double(gy.item())));
    }
    template <std::size_t R>
    [[nodiscard]] static Window window(const Shape<0>&, const Shape<R>&) {
        return Window::everything();
    }
    template <std::size_t R>
    [[nodiscard]] static Cost cost(const Shape<0>&, const Shape<R>& x) {
        return {static_cast<double>(x.size()), 4 * static_cast<double>(x.size())};
    }
};

/// @return a Variable of rank 0
template <TrackedExpr X>
[[nodiscard]] auto sum(const X& x) {
    return apply(ScaledSumOp{1}, x);
}
/// @return a Variable of rank 0
template <TrackedExpr X>
[[nodiscard]] auto mean(const X& x) {
    return apply(ScaledSumOp{1.0 / static_cast<double>(x.shape().size())}, x);
}

}  // namespace oldphoto
