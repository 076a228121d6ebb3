#pragma once

#include <oldphoto/image/axis.hpp>
#include <oldphoto/image/color.hpp>
#include <oldphoto/image/image.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace oldphoto {

namespace detail {

/// Replaces each sample by the extremum of its window [k - before, k + after] along one axis.
/// Positions outside count as `neutral`, which never wins.
///
/// Windows of 2, 4, 8 ... samples are built by pairing; two that overlap make any other length.
template <class Pick>
void spread_along_axis(std::span<std::uint8_t> samples, const AxisLayout& layout, Index before,
                       Index after, std::uint8_t neutral, const Pick& pick) {
    // A window that reaches beyond both ends sees no more than the whole line.
    before = std::min(before, layout.length - 1);
    after = std::min(after, layout.length - 1);
    const Index window = before + 1 + after;
    const Index line_size = layout.length * layout.inner;
    std::vector<std::uint8_t> padded(
        static_cast<std::size_t>(line_size + (before + after) * layout.inner));
    const auto merge = [&](Index shift, Index count, std::uint8_t* out) {
        const std::uint8_t* low = padded.data();
        const std::uint8_t* high = low + shift * layout.inner;
        for (Index i = 0; i < count; ++i) out[i] = pick(low[i], high[i]);
    };
    for (Index a = 0; a < layout.outer; ++a) {
        std::uint8_t* line = samples.data() + a * line_size;
        std::fill(padded.begin(), padded.end(), neutral);
        std::copy_n(line, line_size, padded.begin() + before * layout.inner);
        Index covered = 1;
        for (; 2 * covered <= window; covered *= 2) {
            merge(covered, static_cast<Index>(padded.size()) - covered * layout.inner,
                  padded.data());
        }
        merge(window - covered, line_size, line);
    }
}

/// `iterations` passes of a kernel equal one pass of a window that reaches as far as they do.
template <class Pick>
Image spread(const Image& image, Size kernel, Index iterations, std::uint8_t neutral,
             const Pick& pick, std::string_view op) {
    check_size(op, kernel);
    constexpr Index most_iterations = Index{1} << 30;
    if (iterations < 0 || iterations > most_iterations) {
        throw_option_error(op,
                           "iterations must lie in 0 .. 2^30, got " + std::to_string(iterations));
    }
    Image result = image;
    const auto pass = [&](const AxisLayout& layout, Index length) {
        const Index before = length / 2;
        const Index after = length - 1 - before;
        spread_along_axis(result.samples(), layout, iterations * before, iterations * after,
                          neutral, pick);
    };
    pass(along_rows(image.size(), image.channels()), kernel.width);
    pass(along_columns(image.size(), image.channels()), kernel.height);
    return result;
}

}  // namespace detail

/// Each sample becomes the largest of a rectangle of `kernel` pixels around it, `iterations` times:
/// white grows. The anchor of an even side lies right of (below) its middle; what is outside the
/// picture does not count. Channels are independent, alpha is kept as it is.
/// @throws OptionError when a side of `kernel` or `iterations` is out of range or the picture has
/// 16 bits.
[[nodiscard]] inline Image dilate(const Image& image, Size kernel, Index iterations = 1) {
    return detail::spread(
        image, kernel, iterations, 0, [](std::uint8_t a, std::uint8_t b) { return std::max(a, b); },
        "dilate");
}

/// As dilate(), with the smallest sample: black grows.
[[nodiscard]] inline Image erode(const Image& image, Size kernel, Index iterations = 1) {
    return detail::spread(
        image, kernel, iterations, 255,
        [](std::uint8_t a, std::uint8_t b) { return std::min(a, b); }, "erode");
}

}  // namespace oldphoto
