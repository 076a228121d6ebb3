#pragma once

#include <oldphoto/backend/row_source.hpp>
#include <oldphoto/core/parallel.hpp>

#include <algorithm>
#include <vector>

namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// gx[pixel] = sum of gy over the places that show it; both dense (N, C, H, W).
template <class T>
void pad_adjoint(const Padding& padding, const View<T, 4>& gy, const View<T, 4>& gx) {
    struct Border {
        Index shown;
        Index place;
    };
    const Index height = gx.shape[2];
    const Index width = gx.shape[3];
    const Index padded_width = gy.shape[3];
    std::vector<Border> borders;
    for (Index x = 0; x < padded_width; ++x) {
        const Index place = padded_index(x - padding.left, width, padding.mode);
        if (place >= 0 && place != x - padding.left) borders.push_back({x, place});
    }
    for_each_chunk({gx.shape[0] * gx.shape[1], 1}, [&](Index begin, Index end) {
        for (Index plane = begin; plane < end; ++plane) {
            const T* from = gy.data + plane * gy.shape[2] * padded_width;
            T* const to = gx.data + plane * height * width;
            std::fill_n(to, height * width, T(0));
            for (Index y = 0; y < gy.shape[2]; ++y, from += padded_width) {
                const Index place = padded_index(y - padding.top, height, padding.mode);
                if (place < 0) continue;
                T* row = to + place * width;
                for (Index x = 0; x < width; ++x) row[x] += from[padding.left + x];
                for (const Border& border : borders) row[border.place] += from[border.shown];
            }
        }
    });
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
