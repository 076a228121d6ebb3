#pragma once

#include <oldphoto/backend/view.hpp>
#include <oldphoto/core/parallel.hpp>

namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// gx, zero before, gets gy at the first element of x, in row-major order, that equals y, the
/// maximum along the axes where y has extent 1. x and gx are dense.
template <class T, std::size_t R>
void max_adjoint(const View<T, R>& x, const View<T, R>& y, const View<T, R>& gy,
                 const View<T, R>& gx) {
    const auto strides = dense_strides(x.shape);
    auto reduced = x.shape;
    for (std::size_t k = 0; k < R; ++k) {
        if (y.shape[k] == x.shape[k]) reduced[k] = 1;
    }
    for_each_chunk({y.shape.size(), 64}, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
            const Index start = offset_of(i, y.shape, strides);
            const T largest = y.data[offset_of(i, y.shape, y.strides)];
            for (Index j = 0; j < reduced.size(); ++j) {
                const Index place = start + offset_of(j, reduced, strides);
                if (x.data[place] == largest) {
                    gx.data[place] = gy.data[offset_of(i, gy.shape, gy.strides)];
                    break;
                }
            }
        }
    });
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
