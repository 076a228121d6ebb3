#pragma once

#include <oldphoto/autograd/expression.hpp>

namespace oldphoto {

namespace detail {

/// What the two softmaxes share: the axis, and their value y, kept for backward.
template <class T, std::size_t R, class B>
struct SoftmaxBase {
    std::size_t axis = 1;
    Tensor<T, R, B> y{};

    [[nodiscard]] Window window(const Shape<R>&, const Shape<R>&) const {
        return R == 4 && axis == 1 ? Window::pointwise() : Window::everything();
    }
    [[nodiscard]] static Cost cost(const Shape<R>& out, const Shape<R>&) {
        return {4 * static_cast<double>(out.size()), 16 * static_cast<double>(out.size())};
    }

protected:
    /// x less its largest element along the axis, so that no power overflows.
    [[nodiscard]] auto lowered(const Tensor<T, R, B>& x) const { return x - max(x, {axis}); }
};

}  // namespace detail

/// y = exp(x) / sum(exp(x)) along one axis.  dL/dx = y * (g - sum(g * y)).
template <class T, std::size_t R, class B>
struct SoftmaxOp : detail::SoftmaxBase<T, R, B> {
    static constexpr const char* name = "softmax";

    Tensor<T, R, B> forward(const Tensor<T, R, B>& x) {
        check_axis(name, this->axis, x.shape());
        this->y = exp(this->lowered(x));
        return this->y.assign(this->y / sum(this->y, {this->axis}));
    }
    Tensor<T, R, B> backward(const Tensor<T, R, B>& gy, const Tensor<T, R, B>&) const {
        // Twice: where one share is nearly 1, the first difference there is all rounding.
        const Tensor<T, R, B> centered = gy - sum(gy * this->y, {this->axis});
        return this->y * (centered - sum(centered * this->y, {this->axis}));
    }
};

/// y = x - log(sum(exp(x))) along one axis.  dL/dx = g - exp(y) * sum(g).
template <class T, std::size_t R, class B>
struct LogSoftmaxOp : detail::SoftmaxBase<T, R, B> {
    static constexpr const char* name = "log_softmax";

    Tensor<T, R, B> forward(const Tensor<T, R, B>& x) {
        check_axis(name, this->axis, x.shape());
        const auto z = this->lowered(x);
        this->y = z - log(sum(exp(z), {this->axis}));
        return this->y;
    }
    Tensor<T, R, B> backward(const Tensor<T, R, B>& gy, const Tensor<T, R, B>&) const {
        return gy - exp(this->y) * sum(gy, {this->axis});
    }
};

/// Positive numbers that sum to 1 along `axis`, however large x is.
/// @throws ShapeError for an axis at or above the rank.
template <TrackedExpr X>
[[nodiscard]] auto softmax(const X& x, std::size_t axis) {
    using Op = SoftmaxOp<typename X::value_type, X::rank, typename X::backend_type>;
    return apply(Op{{axis}}, x);
}

/// log(softmax(x)), exact where softmax rounds to 0.
/// @throws ShapeError for an axis at or above the rank.
template <TrackedExpr X>
[[nodiscard]] auto log_softmax(const X& x, std::size_t axis) {
    using Op = LogSoftmaxOp<typename X::value_type, X::rank, typename X::backend_type>;
    return apply(Op{{axis}}, x);
}

}  // namespace oldphoto
