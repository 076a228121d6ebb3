#pragma once

#include <oldphoto/image/image.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

// Separable filters run along one axis of a picture after the other; both axes are one loop.

namespace oldphoto::detail {

/// Interleaved samples seen along one axis: sample (a, k, b) stands at (a * length + k) * inner +
/// b.
struct AxisLayout {
    Index outer;
    Index length;
    Index inner;
};

inline AxisLayout along_rows(Size size, Index channels) {
    return {size.height, size.width, channels};
}

inline AxisLayout along_columns(Size size, Index channels) {
    return {1, size.height, size.width * channels};
}

/// Filters along one axis:
///
///     out(a, j, b) = finish(sum over the taps (k, weight) of j of weight * in(a, k, b))
///
/// @param taps    taps(j, visit) calls visit(k, weight) for every tap of output position j.
/// @param finish  turns a sum into an output sample.
template <class Out, class Sum, class In, class Taps, class Finish>
std::vector<Out> filter_axis(std::span<const In> in, const AxisLayout& layout, Index out_length,
                             const Taps& taps, const Finish& finish) {
    std::vector<Out> out(static_cast<std::size_t>(layout.outer * out_length * layout.inner));
    std::vector<Sum> sums(static_cast<std::size_t>(layout.inner));
    Out* write = out.data();
    for (Index a = 0; a < layout.outer; ++a) {
        const In* line = in.data() + a * layout.length * layout.inner;
        for (Index j = 0; j < out_length; ++j) {
            std::fill(sums.begin(), sums.end(), Sum{0});
            taps(j, [&](Index k, Sum weight) {
                const In* read = line + k * layout.inner;
                for (Sum& sum : sums) sum += weight * static_cast<Sum>(*read++);
            });
            write = std::transform(sums.begin(), sums.end(), write, finish);
        }
    }
    return out;
}

}  // namespace oldphoto::detail
