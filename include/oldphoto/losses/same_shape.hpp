#pragma once

#include <oldphoto/core/shape.hpp>

#include <string_view>

namespace oldphoto::detail {

/// Losses compare element by element and do not stretch: a target of another shape is a mistake.
/// @throws ShapeError
template <std::size_t R, std::size_t S>
void require_same_shape(std::string_view loss, std::string_view x_label, const Shape<R>& x,
                        std::string_view y_label, const Shape<S>& y) {
    static_assert(R == S, "a loss: both operands must have the same rank");
    if (!(x == y)) {
        throw_shape_error(loss, "both operands must have the same shape",
                          {{x_label, dims_of(x)}, {y_label, dims_of(y)}});
    }
}

}  // namespace oldphoto::detail
