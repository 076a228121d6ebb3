#pragma once

#include <oldphoto/backend/row_source.hpp>
#include <oldphoto/core/parallel.hpp>

#include <algorithm>

namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// Writes all rows of a source into a tensor of its shape, whose rows are dense.
template <class T>
void materialize(const RowSource<T>& source, const View<T, 4>& x) {
    const Index height = x.shape[2];
    const Index width = x.shape[3];
    const Index rows = std::max(Index{1}, 8192 / std::max(Index{1}, width));
    const Index bands = (height + rows - 1) / rows;
    for_each_chunk({x.shape[0] * x.shape[1] * bands, 1}, [&](Index begin, Index end) {
        for (Index item = begin; item < end; ++item) {
            const Index plane = item / bands;
            const Index y0 = item % bands * rows;
            const Index y1 = std::min(y0 + rows, height);
            const Index n = plane / x.shape[1];
            const Index c = plane % x.shape[1];
            source.pull({n, c, y0, y1, 0, width},
                        x.data + n * x.strides[0] + c * x.strides[1] + y0 * x.strides[2],
                        x.strides[2]);
        }
    });
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
