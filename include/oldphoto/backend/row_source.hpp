#pragma once

#include <oldphoto/backend/view.hpp>
#include <oldphoto/core/error.hpp>

#include <algorithm>
#include <string>

/// How a kernel pulls its input: "give me rows y0..y1 of channel c". What stands behind it, a
/// tensor, pending norms and activations, a padding or an expression, costs one indirect call a
/// request and is not the kernel's concern.
namespace oldphoto {

/// A rectangle of one plane: rows [y0, y1), columns [x0, x1).
struct RowWindow {
    Index n;
    Index c;
    Index y0;
    Index y1;
    Index x0;
    Index x1;
};

/// A non-owning handle to anything with `Shape<4> shape` and pull(window, to, stride).
template <class T>
class RowSource {
public:
    template <class Source>
    explicit RowSource(const Source& source)
        : shape_(source.shape), source_(&source), pull_(pull_from<Source>) {}

    /// (N, C, H, W)
    [[nodiscard]] const Shape<4>& shape() const noexcept { return shape_; }

    /// Writes the window, rows `stride` elements apart; it must lie within the planes.
    void pull(const RowWindow& window, T* to, Index stride) const {
        pull_(source_, window, to, stride);
    }

private:
    template <class Source>
    static void pull_from(const void* source, const RowWindow& window, T* to, Index stride) {
        static_cast<const Source*>(source)->pull(window, to, stride);
    }

    Shape<4> shape_;
    const void* source_;
    void (*pull_)(const void*, const RowWindow&, T*, Index);
};

/// How a picture goes on beyond its borders.
enum class PaddingMode {
    zero,
    reflect,    ///< mirrored, the edge pixel not repeated
    replicate,  ///< the edge pixel repeated
};

[[nodiscard]] inline const char* to_string(PaddingMode mode) {
    return mode == PaddingMode::zero      ? "zero"
           : mode == PaddingMode::reflect ? "reflect"
                                          : "replicate";
}

/// Pixels added on each side.
struct Padding {
    Index left = 0;
    Index right = 0;
    Index top = 0;
    Index bottom = 0;
    PaddingMode mode = PaddingMode::zero;

    [[nodiscard]] static Padding all(Index pixels, PaddingMode mode) {
        return {pixels, pixels, pixels, pixels, mode};
    }
    [[nodiscard]] bool none() const noexcept {
        return left == 0 && right == 0 && top == 0 && bottom == 0;
    }
};

/// The place in a line of `length` that a padded line shows at `i` (counted from the line's own
/// start, so that it may lie outside); -1 where it shows zero.
[[nodiscard]] inline Index padded_index(Index i, Index length, PaddingMode mode) noexcept {
    if (i >= 0 && i < length) return i;
    switch (mode) {
        case PaddingMode::zero:
            return -1;
        case PaddingMode::reflect:
            return i < 0 ? -i : 2 * (length - 1) - i;
        case PaddingMode::replicate:
            return i < 0 ? 0 : length - 1;
    }
    return -1;
}

/// The shape after padding. @throws ShapeError for a negative padding, or a reflection that
/// reaches beyond the opposite edge.
[[nodiscard]] inline Shape<4> padded_shape(const Shape<4>& shape, const Padding& padding) {
    const auto& [left, right, top, bottom, mode] = padding;
    const bool negative = std::min({left, right, top, bottom}) < 0;
    const bool mirrored = mode != PaddingMode::reflect ||
                          (std::max(left, right) < shape[3] && std::max(top, bottom) < shape[2]);
    const bool possible = mode == PaddingMode::zero || (shape[2] > 0 && shape[3] > 0);
    if (negative || !mirrored || !possible) {
        throw_shape_error("pad",
                          negative ? "padding must not be negative"
                                   : "the picture must be larger than its padding by reflection, "
                                     "and not empty",
                          {{"x (N, C, H, W)", dims_of(shape)},
                           {"(left, right, top, bottom)", {left, right, top, bottom}}});
    }
    return {shape[0], shape[1], shape[2] + top + bottom, shape[3] + left + right};
}

/// Rows [begin, end) of a picture.
struct RowRange {
    Index begin;
    Index end;
};

/// Rows of a picture of `height` that rows `shown` of it, padded, show, and those that rows below
/// will show; empty where they show zeros alone. It only moves down as `shown` does.
[[nodiscard]] inline RowRange rows_shown(const Padding& padding, Index height,
                                         const RowRange& shown) noexcept {
    RowRange rows{height, 0};
    for (Index y = shown.begin; y < shown.end; ++y) {
        const Index row = padded_index(y - padding.top, height, padding.mode);
        if (row < 0) continue;
        rows.begin = std::min(rows.begin, row);
        rows.end = std::max(rows.end, row + 1);
    }
    if (rows.begin >= rows.end) return {0, 0};
    // Below the last row, reflection shows rows from the bottom up.
    if (padding.mode == PaddingMode::reflect && padding.bottom > 0) {
        rows.begin = std::min(rows.begin, height - 1 - padding.bottom);
    }
    return rows;
}

/// Rows of a tensor.
template <class T>
struct TensorRows {
    Shape<4> shape;
    View<const T, 4> view;

    explicit TensorRows(const View<T, 4>& tensor)
        : shape(tensor.shape), view{tensor.data, tensor.shape, tensor.strides} {}

    void pull(const RowWindow& window, T* to, Index stride) const {
        const T* plane = view.data + window.n * view.strides[0] + window.c * view.strides[1];
        const Index step = view.strides[3];
        for (Index y = window.y0; y < window.y1; ++y, to += stride) {
            const T* row = plane + y * view.strides[2] + window.x0 * step;
            if (step == 1) {
                std::copy_n(row, window.x1 - window.x0, to);
            } else {
                for (Index x = 0; x < window.x1 - window.x0; ++x) to[x] = row[x * step];
            }
        }
    }
};

/// A band of another source: its rows from `first` on.
template <class T>
struct BandRows {
    Shape<4> shape;
    RowSource<T> inner;
    Index first;

    BandRows(const RowSource<T>& source, const RowRange& rows)
        : shape{source.shape()[0], source.shape()[1], rows.end - rows.begin, source.shape()[3]},
          inner(source),
          first(rows.begin) {}

    void pull(const RowWindow& window, T* to, Index stride) const {
        auto rows = window;
        rows.y0 += first;
        rows.y1 += first;
        inner.pull(rows, to, stride);
    }
};

/// Rows of another source with a border around them.
template <class T>
struct PaddedRows {
    Shape<4> shape;
    RowSource<T> inner;
    Padding padding;

    PaddedRows(const RowSource<T>& source, const Padding& around)
        : shape(padded_shape(source.shape(), around)), inner(source), padding(around) {}

    void pull(const RowWindow& window, T* to, Index stride) const {
        const Index height = inner.shape()[2];
        for (Index y = window.y0; y < window.y1; ++y, to += stride) {
            const Index row = padded_index(y - padding.top, height, padding.mode);
            if (row < 0) {
                std::fill_n(to, window.x1 - window.x0, T(0));
            } else {
                pull_row(window, row, to);
            }
        }
    }

private:
    void pull_row(const RowWindow& window, Index row, T* to) const {
        const Index width = inner.shape()[3];
        const Index begin = window.x0 - padding.left;
        const Index end = window.x1 - padding.left;
        const Index first = std::clamp(begin, Index{0}, width);
        const Index last = std::clamp(end, first, width);
        const auto pull_inner = [&](Index from, Index until, T* place) {
            inner.pull({window.n, window.c, row, row + 1, from, until}, place, 0);
        };
        if (first < last) pull_inner(first, last, to + (first - begin));
        const auto fill_border = [&](Index x) {
            const Index source = padded_index(x, width, padding.mode);
            T& place = to[x - begin];
            if (source < 0) {
                place = T(0);
            } else if (source >= first && source < last) {
                place = to[source - begin];
            } else {
                pull_inner(source, source + 1, &place);
            }
        };
        for (Index x = begin; x < std::min(first, end); ++x) fill_border(x);
        for (Index x = std::max(last, begin); x < end; ++x) fill_border(x);
    }
};

}  // namespace oldphoto
