#pragma once

#include <oldphoto/autograd/expression.hpp>

namespace oldphoto {

namespace detail {

/// What the norm adds to the derivative of x / max(norm, eps): nothing where eps is larger.
template <class T>
struct NormShareFn {
    static constexpr const char* name = "norm_share";
    T eps;
    template <class X>
    OLDPHOTO_HD X value(X share, X divisor) const {
        using math::select;
        return select(divisor > X(eps), share, X(0));
    }
};

}  // namespace detail

/// y = x / max(||x||, eps) along one axis, with ||x|| the sum of absolute values (p = 1) or the
/// Euclidean norm (p = 2).
///
///     dL/dx = (g - s * sum(g * y)) / ||x||,  s = sign(x) or y;  g / eps where ||x|| <= eps
template <class T, std::size_t R, class B>
struct NormalizeOp {
    static constexpr const char* name = "normalize";
    int p = 2;
    std::size_t axis = 1;
    double eps = 1e-12;

    Tensor<T, R, B> divisor{};  ///< max(||x||, eps), kept for backward

    Tensor<T, R, B> forward(const Tensor<T, R, B>& x) {
        if (p != 1 && p != 2) {
            throw_option_error(name, "p must be 1 or 2, got " + std::to_string(p));
        }
        check_axis(name, axis, x.shape());
        divisor = maximum(p == 1 ? norm_l1(x, {axis}) : norm_l2(x, {axis}), eps);
        return x / divisor;
    }
    Tensor<T, R, B> backward(const Tensor<T, R, B>& gy, const Tensor<T, R, B>& x) const {
        const auto y = x / divisor;
        const Tensor<T, R, B> share =
            zip(detail::NormShareFn<T>{static_cast<T>(eps)}, sum(gy * y, {axis}), divisor);
        if (p == 1) return (gy - sign(x) * share) / divisor;
        return (gy - y * share) / divisor;
    }
    [[nodiscard]] Window window(const Shape<R>&, const Shape<R>&) const {
        return R == 4 && axis == 1 ? Window::pointwise() : Window::everything();
    }
    [[nodiscard]] static Cost cost(const Shape<R>& y, const Shape<R>&) {
        return {3 * static_cast<double>(y.size()), 12 * static_cast<double>(y.size())};
    }
};

struct NormalizeOptions {
    int p = 2;  ///< 1 or 2
    std::size_t axis = 1;
    double eps = 1e-12;  ///< the least that is divided by
};

/// x / max(||x||, eps), with the norm along one axis.
/// @throws OptionError for another p; ShapeError for an axis at or above the rank.
template <TrackedExpr X>
[[nodiscard]] auto normalize(const X& x, const NormalizeOptions& o = {}) {
    using Op = NormalizeOp<typename X::value_type, X::rank, typename X::backend_type>;
    return apply(Op{o.p, o.axis, o.eps}, x);
}

}  // namespace oldphoto
