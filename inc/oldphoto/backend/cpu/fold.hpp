#pragma once

#include <oldphoto/backend/cpu/conv.hpp>

namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// All windows of a plane.
[[nodiscard]] inline Panel whole_panel(Pair size) {
    return {0, size.h * size.w, 0, size.h, 0, size.w};
}

/// The pixels of every window as a column: one row for each (channel, ky, kx).
/// @param x        (N, C, H, W), pulled.
/// @param columns  (N, C kh kw, oh ow), dense; written.
template <class T>
void unfold(const ConvGeometry& g, const RowSource<T>& x, const View<T, 3>& columns) {
    const PaddedRows<T> padding(x, {g.padding.w, g.padding.w, g.padding.h, g.padding.h});
    const RowSource<T> padded(padding);
    const Index channels = x.shape()[1];
    const Panel windows = whole_panel(g.output_size({x.shape()[2], x.shape()[3]}));
    const Index rows_of_channel = g.kernel.h * g.kernel.w * windows.end;
    for_each_chunk({x.shape()[0] * channels, 1}, [&](Index begin, Index end) {
        for (Index plane = begin; plane < end; ++plane) {
            const Index c = plane % channels;
            windows_to_columns(g, padded, plane / channels, c, c + 1, windows,
                               columns.data + plane * rows_of_channel);
        }
    });
}

/// The adjoint of unfold: every pixel is the sum of the places that show it.
/// @param columns  (N, C kh kw, oh ow), dense.
/// @param x        (N, C, H, W), dense; written.
template <class T>
void fold(const ConvGeometry& g, const View<T, 3>& columns, const View<T, 4>& x) {
    const Pair size{x.shape[2], x.shape[3]};
    const Panel windows = whole_panel(g.output_size(size));
    const Index rows_of_channel = g.kernel.h * g.kernel.w * windows.end;
    for_each_chunk({x.shape[0] * x.shape[1], 1}, [&](Index begin, Index end) {
        for (Index plane = begin; plane < end; ++plane) {
            T* pixels = x.data + plane * size.h * size.w;
            std::fill_n(pixels, size.h * size.w, T(0));
            columns_to_windows(g, columns.data + plane * rows_of_channel, windows, 1, size, pixels);
        }
    });
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
