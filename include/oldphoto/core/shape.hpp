#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <oldphoto/core/config.hpp>
#include <oldphoto/core/error.hpp>

namespace oldphoto {

/// The largest rank of a tensor: (N, C, T, H, W).
inline constexpr std::size_t max_rank = 5;

/// R extents, row-major: the last one varies fastest. Also used for strides and indices.
/// A C array, because std::array's operator[] is host-only under nvcc.
template <std::size_t R>
struct Shape {
    static constexpr std::size_t rank = R;

    Index extents[R > 0 ? R : 1];

    OLDPHOTO_HD constexpr Index& operator[](std::size_t k) noexcept { return extents[k]; }
    OLDPHOTO_HD constexpr Index operator[](std::size_t k) const noexcept { return extents[k]; }

    /// Number of elements; 1 for rank 0.
    [[nodiscard]] OLDPHOTO_HD constexpr Index size() const noexcept {
        Index n = 1;
        for (std::size_t k = 0; k < R; ++k) n *= extents[k];
        return n;
    }

    [[nodiscard]] OLDPHOTO_HD friend constexpr bool operator==(const Shape& a,
                                                               const Shape& b) noexcept {
        for (std::size_t k = 0; k < R; ++k) {
            if (a.extents[k] != b.extents[k]) return false;
        }
        return true;
    }
};

/// Dense row-major strides, in elements.
template <std::size_t R>
[[nodiscard]] OLDPHOTO_HD constexpr Shape<R> dense_strides(const Shape<R>& shape) noexcept {
    Shape<R> strides{};
    Index step = 1;
    for (std::size_t k = R; k-- > 0;) {
        strides[k] = step;
        step *= shape[k];
    }
    return strides;
}

template <std::size_t R>
[[nodiscard]] std::vector<Index> to_vector(const Shape<R>& shape) {
    return std::vector<Index>(shape.extents, shape.extents + R);
}

/// For messages; see throw_shape_error.
template <std::size_t R>
[[nodiscard]] Dims dims_of(const Shape<R>& shape) {
    return Dims(shape.extents, R);
}

template <std::size_t R>
[[nodiscard]] std::string to_string(const Shape<R>& shape) {
    return format_dims(to_vector(shape));
}

/// @throws ShapeError for an axis at or above the rank.
template <std::size_t R>
void check_axis(std::string_view op, std::size_t axis, const Shape<R>& shape) {
    if (axis < R) return;
    throw_shape_error(op, "axes lie below the rank",
                      {{"axis", {static_cast<Index>(axis)}}, {"shape", dims_of(shape)}});
}

/// The common shape of two operands: extents are equal, or one of them is 1 and stretches.
/// @throws ShapeError when neither holds.
template <std::size_t R>
[[nodiscard]] Shape<R> broadcast_shapes(const Shape<R>& a, const Shape<R>& b, std::string_view op) {
    Shape<R> out{};
    for (std::size_t k = 0; k < R; ++k) {
        if (a[k] != b[k] && a[k] != 1 && b[k] != 1) {
            throw_shape_error(op, "extents must be equal, or 1 to stretch",
                              {{"left", dims_of(a)}, {"right", dims_of(b)}});
        }
        out[k] = a[k] == 1 ? b[k] : a[k];
    }
    return out;
}

/// Strides with which a tensor of `shape` reads as one of `target`: 0 along stretched axes.
template <std::size_t R>
[[nodiscard]] constexpr Shape<R> broadcast_strides(const Shape<R>& shape, const Shape<R>& strides,
                                                   const Shape<R>& target) noexcept {
    Shape<R> out{};
    for (std::size_t k = 0; k < R; ++k) {
        out[k] = shape[k] == target[k] ? strides[k] : 0;
    }
    return out;
}

}  // namespace oldphoto
