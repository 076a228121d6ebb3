#pragma once

#include <oldphoto/backend/cpu/materialize.hpp>
#include <oldphoto/backend/line_windows.hpp>
#include <oldphoto/backend/row_source.hpp>
#include <oldphoto/core/parallel.hpp>

#include <algorithm>
#include <vector>

namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// Calls visit(oy, ox, y, x, pixel) with the largest pixel of each window in a rectangle of
/// windows: the first in row-major order of equal ones, and the first NaN where there is one.
template <class T, class Visit>
void for_each_maximum(const LineWindows& rows, const LineWindows& columns, const RowSource<T>& x,
                      const RowWindow& windows, Visit visit) {
    const Index height = x.shape()[2];
    const Index width = x.shape()[3];
    const Index y0 = rows.covered(windows.y0, height).begin;
    const Index y1 = rows.covered(windows.y1 - 1, height).end;
    const Index x0 = columns.covered(windows.x0, width).begin;
    const Index x1 = columns.covered(windows.x1 - 1, width).end;
    std::vector<T> pixels(static_cast<std::size_t>((y1 - y0) * (x1 - x0)));
    x.pull({windows.n, windows.c, y0, y1, x0, x1}, pixels.data(), x1 - x0);

    for (Index oy = windows.y0; oy < windows.y1; ++oy) {
        const Stretch down = rows.covered(oy, height);
        for (Index ox = windows.x0; ox < windows.x1; ++ox) {
            const Stretch across = columns.covered(ox, width);
            Index best_y = down.begin;
            Index best_x = across.begin;
            const auto pixel = [&](Index py, Index px) {
                return pixels[static_cast<std::size_t>((py - y0) * (x1 - x0) + px - x0)];
            };
            T best = pixel(best_y, best_x);
            for (Index py = down.begin; py < down.end; ++py) {
                for (Index px = across.begin; px < across.end; ++px) {
                    const T candidate = pixel(py, px);
                    const bool first_nan = candidate != candidate && best == best;
                    if (candidate > best || first_nan) {
                        best = candidate;
                        best_y = py;
                        best_x = px;
                    }
                }
            }
            visit(oy, ox, best_y, best_x, best);
        }
    }
}

/// Rows of the largest pixels of windows over another source.
template <class T>
struct MaxPooledRows {
    Shape<4> shape;
    RowSource<T> inner;
    LineWindows rows;
    LineWindows columns;

    void pull(const RowWindow& window, T* to, Index stride) const {
        for_each_maximum(rows, columns, inner, window,
                         [&](Index oy, Index ox, Index, Index, T pixel) {
                             to[(oy - window.y0) * stride + ox - window.x0] = pixel;
                         });
    }
};

/// The largest pixel of each window.
/// @param x  (N, C, H, W), pulled; every window covers at least one of its pixels.
/// @param y  (N, C, oh, ow), dense; written.
template <class T>
void max_pool2d(const LineWindows& rows, const LineWindows& columns, const RowSource<T>& x,
                const View<T, 4>& y) {
    const MaxPooledRows<T> pooled{y.shape, x, rows, columns};
    materialize(RowSource<T>(pooled), y);
}

/// The adjoint of max_pool2d: adds gy to the largest pixel of each window, found again in x.
/// @param gy  (N, C, oh, ow), dense.
/// @param gx  (N, C, H, W), dense; written.
template <class T>
void max_pool2d_adjoint(const LineWindows& rows, const LineWindows& columns, const RowSource<T>& x,
                        const View<T, 4>& gy, const View<T, 4>& gx) {
    const Index channels = gx.shape[1];
    const Index height = gx.shape[2];
    const Index width = gx.shape[3];
    const Index windows = gy.shape[2] * gy.shape[3];
    for_each_chunk({gx.shape[0] * channels, 1}, [&](Index begin, Index end) {
        for (Index plane = begin; plane < end; ++plane) {
            T* to = gx.data + plane * height * width;
            const T* from = gy.data + plane * windows;
            std::fill_n(to, height * width, T(0));
            const RowWindow all{plane / channels, plane % channels, 0, gy.shape[2], 0, gy.shape[3]};
            for_each_maximum(rows, columns, x, all, [&](Index, Index, Index py, Index px, T) {
                to[py * width + px] += *from++;
            });
        }
    });
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
