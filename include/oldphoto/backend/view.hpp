#pragma once

#include <oldphoto/core/shape.hpp>

namespace oldphoto {

/// What a backend sees of a tensor: where it lies, its extents, its strides in elements. Owns
/// nothing. Element (i, j, ...) is data[i * strides[0] + j * strides[1] + ...].
template <class T, std::size_t R>
struct View {
    T* data;
    Shape<R> shape;
    Shape<R> strides;
};

/// Pointer offset of the element with row-major number i. I is any integer that can count the
/// elements: a device divides much faster in 32 bits than in 64.
template <class I, std::size_t R>
[[nodiscard]] OLDPHOTO_HD constexpr Index offset_of(I i, const Shape<R>& shape,
                                                    const Shape<R>& strides) noexcept {
    Index offset = 0;
    for (std::size_t k = R; k-- > 0;) {
        const auto extent = static_cast<I>(shape[k]);
        offset += static_cast<Index>(i % extent) * strides[k];
        i /= extent;
    }
    return offset;
}

/// The same walk with strides that make neighbouring axes comparable: an axis of extent 1, whose
/// stride is never used, gets the one that lets it merge with its neighbours.
template <std::size_t R>
[[nodiscard]] constexpr Shape<R> canonical_strides(const Shape<R>& shape,
                                                   Shape<R> strides) noexcept {
    Index step = 0;  // of the nearest outer axis longer than 1
    for (std::size_t k = 0; k < R; ++k) {
        if (shape[k] == 1) strides[k] = step;
        step = strides[k];
    }
    bool inner = false;  // whether a longer axis follows
    for (std::size_t k = R; k-- > 0;) {
        if (shape[k] == 1 && inner) strides[k] = strides[k + 1] * shape[k + 1];
        inner = inner || shape[k] != 1;
    }
    return strides;
}

/// Whether axes k and k + 1 can be walked as one; the strides are canonical.
template <std::size_t R>
[[nodiscard]] constexpr bool axes_merge(const Shape<R>& shape, const Shape<R>& strides,
                                        std::size_t k) noexcept {
    return strides[k] == strides[k + 1] * shape[k + 1];
}

}  // namespace oldphoto
