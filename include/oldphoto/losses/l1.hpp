#pragma once

#include <oldphoto/losses/same_shape.hpp>
#include <oldphoto/ops/reduce.hpp>

#include <cmath>

namespace oldphoto {

namespace fn {

/// d^2 / (2 beta) where |d| < beta, |d| - beta / 2 elsewhere.
struct SmoothL1Fn {
    static constexpr const char* name = "smooth_l1";
    float beta = 1;
    template <class X>
    OLDPHOTO_HD X value(X d) const {
        const X m = min(abs(d), X(beta));
        return m * (abs(d) - X(0.5F) * m) / X(beta);
    }
    template <class X>
    OLDPHOTO_HD X derivative(X d, X) const {
        return min(X(1), max(X(-1), d / X(beta)));
    }
};

}  // namespace fn

/// mean(|x - target|), of any rank.
/// @throws ShapeError when the shapes differ.
template <TrackedExpr X, TensorExpr Y>
[[nodiscard]] auto l1_loss(const X& x, const Y& target) {
    detail::require_same_shape("l1_loss", "x", x.shape(), "target", target.shape());
    return mean(abs(x - target));
}

/// mean(d^2 / (2 beta) where |d| < beta, |d| - beta / 2 elsewhere), d = x - target: a parabola at
/// the bottom of the absolute value.
/// @param beta  where the two meet, above 0
/// @throws ShapeError when the shapes differ, OptionError for another beta.
/// Source: Girshick, "Fast R-CNN", ICCV 2015, equation 3, there with beta = 1.
template <TrackedExpr X, TensorExpr Y>
[[nodiscard]] auto smooth_l1_loss(const X& x, const Y& target, double beta = 1) {
    detail::require_same_shape("smooth_l1_loss", "x", x.shape(), "target", target.shape());
    require_option(beta > 0 && std::isfinite(beta), "smooth_l1_loss",
                   "beta must be finite and positive", beta);
    return mean(map(fn::SmoothL1Fn{static_cast<float>(beta)}, x - target));
}

}  // namespace oldphoto
