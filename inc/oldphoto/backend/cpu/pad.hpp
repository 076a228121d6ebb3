#pragma once

#include <oldphoto/backend/row_source.hpp>
#include <oldphoto/core/parallel.hpp>

#include <vector>

namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// For each place of a line, the places of the padded line that show it.
class PaddedPlaces {
public:
    PaddedPlaces(Index length, Index before, Index after, PaddingMode mode)
        : places_(static_cast<std::size_t>(length)) {
        for (Index i = -before; i < length + after; ++i) {
            const Index place = padded_index(i, length, mode);
            if (place >= 0) places_[static_cast<std::size_t>(place)].push_back(i + before);
        }
    }
    [[nodiscard]] const std::vector<Index>& operator[](Index i) const {
        return places_[static_cast<std::size_t>(i)];
    }

private:
    std::vector<std::vector<Index>> places_;
};

/// gx[pixel] = sum of gy over the places that show it; both dense (N, C, H, W).
template <class T>
void pad_adjoint(const Padding& padding, const View<T, 4>& gy, const View<T, 4>& gx) {
    const Index height = gx.shape[2];
    const Index width = gx.shape[3];
    const Index padded_width = gy.shape[3];
    const PaddedPlaces rows(height, padding.top, padding.bottom, padding.mode);
    const PaddedPlaces columns(width, padding.left, padding.right, padding.mode);
    for_each_chunk({gx.shape[0] * gx.shape[1], 1}, [&](Index begin, Index end) {
        for (Index plane = begin; plane < end; ++plane) {
            const T* from = gy.data + plane * gy.shape[2] * padded_width;
            T* to = gx.data + plane * height * width;
            for (Index y = 0; y < height; ++y, to += width) {
                std::fill_n(to, width, T(0));
                for (const Index padded_y : rows[y]) {
                    const T* row = from + padded_y * padded_width;
                    for (Index x = 0; x < width; ++x) {
                        for (const Index padded_x : columns[x]) to[x] += row[padded_x];
                    }
                }
            }
        }
    });
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
