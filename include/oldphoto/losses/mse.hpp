#pragma once

#include <oldphoto/losses/same_shape.hpp>
#include <oldphoto/ops/reduce.hpp>

namespace oldphoto {

/// mean((x - target)^2), of any rank.
/// @throws ShapeError when the shapes differ.
template <TrackedExpr X, TensorExpr Y>
[[nodiscard]] auto mse_loss(const X& x, const Y& target) {
    detail::require_same_shape("mse_loss", "x", x.shape(), "target", target.shape());
    return mean(square(x - target));
}

}  // namespace oldphoto
