#pragma once

#include <oldphoto/backend/cpu/materialize.hpp>
#include <oldphoto/backend/line_weights.hpp>
#include <oldphoto/backend/row_source.hpp>

#include <algorithm>
#include <vector>

namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// Rows of another source, weighed along both axes: first within the rows that are needed, each
/// once, then across them.
template <class T>
struct ResampledRows {
    Shape<4> shape;
    RowSource<T> inner;
    const LineWeights& rows;
    const LineWeights& columns;

    ResampledRows(const RowSource<T>& source, const LineWeights& vertical,
                  const LineWeights& horizontal)
        : shape{source.shape()[0], source.shape()[1], vertical.outputs(), horizontal.outputs()},
          inner(source),
          rows(vertical),
          columns(horizontal) {}

    void pull(const RowWindow& window, T* to, Index stride) const {
        const Index width = window.x1 - window.x0;
        const Stretch from_y = rows.needed(window.y0, window.y1);
        const Stretch from_x = columns.needed(window.x0, window.x1);
        std::vector<T> pixels(static_cast<std::size_t>(from_x.length()));
        std::vector<T> lines(static_cast<std::size_t>(from_y.length() * width));
        std::vector<bool> ready(static_cast<std::size_t>(from_y.length()), false);
        const auto line = [&](Index y) {
            const Index k = y - from_y.begin;
            T* weighed = lines.data() + k * width;
            if (!ready[static_cast<std::size_t>(k)]) {
                inner.pull({window.n, window.c, y, y + 1, from_x.begin, from_x.end}, pixels.data(),
                           0);
                weigh_columns(window, pixels.data(), from_x.begin, weighed);
                ready[static_cast<std::size_t>(k)] = true;
            }
            return weighed;
        };
        for (Index y = window.y0; y < window.y1; ++y, to += stride) {
            std::fill_n(to, width, T(0));
            for (const auto& term : rows[y]) {
                const T weight = static_cast<T>(term.weight);
                const T* from = line(term.place);
                for (Index x = 0; x < width; ++x) to[x] += weight * from[x];
            }
        }
    }

private:
    /// @param pixels  of a row, from place `first` on.
    void weigh_columns(const RowWindow& window, const T* pixels, Index first, T* weighed) const {
        for (Index x = window.x0; x < window.x1; ++x) {
            double sum = 0;
            for (const auto& [place, weight] : columns[x]) {
                sum += weight * double(pixels[place - first]);
            }
            *weighed++ = static_cast<T>(sum);
        }
    }
};

/// y[r, q] = sum over i, j of rows[r][i] * columns[q][j] * x[i, j] for every plane. The adjoint is
/// the same with both maps transposed: a sum that every pixel gathers.
/// @param x  (N, C, rows.inputs(), columns.inputs()), pulled.
/// @param y  (N, C, rows.outputs(), columns.outputs()), dense; written.
template <class T>
void resample(const LineWeights& rows, const LineWeights& columns, const RowSource<T>& x,
              const View<T, 4>& y) {
    const ResampledRows<T> resampled(x, rows, columns);
    materialize(RowSource<T>(resampled), y);
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
