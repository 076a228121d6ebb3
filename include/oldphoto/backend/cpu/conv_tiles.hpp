#pragma once

#include <oldphoto/backend/conv_geometry.hpp>
#include <oldphoto/backend/cpu/kernel_table.hpp>
#include <oldphoto/backend/cpu/row_moments.hpp>
#include <oldphoto/backend/cpu/scratch.hpp>
#include <oldphoto/backend/cpu/weight_cache.hpp>
#include <oldphoto/backend/cpu/winograd.hpp>
#include <oldphoto/backend/row_source.hpp>
#include <oldphoto/core/parallel.hpp>

#include <algorithm>

/// Convolutions of bfloat16 by registers that hold whole tiles (kernels.inc), with windows one
/// pixel apart. The picture is worked off in bands of rows, whose pixels are rounded once and read
/// once a tap. A pixel has the same bits in whatever band it lies.
namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// Of the pixels of a band, which shares the second cache with the windows of 32 outputs.
inline constexpr Index tile_band_bytes = Index{1} << 20;
inline constexpr Index tile_band_least = 4;  ///< rows
inline constexpr Index tile_band_most = 16;

/// How a convolution by tiles is cut, and how its numbers lie.
struct TileConvLayout {
    const TileConvKernels& kernels;
    ConvGeometry geometry;
    Index channels;
    Index outputs;
    Index pieces;  ///< of `side` channels
    Index panels;  ///< of `side` outputs
    Index line;    ///< words of a line of pixels
    Index row;     ///< words of all lines of a row
    Index rows;    ///< of outputs in a band

    /// @param w      (O, C, kh, kw)
    /// @param width  of the output
    TileConvLayout(const TileConvKernels& by, const ConvGeometry& g, const Shape<4>& w, Index width)
        : kernels(by),
          geometry(g),
          channels(w[1]),
          outputs(w[0]),
          pieces(Partition{w[1], by.side}.chunks()),
          panels(Partition{w[0], by.side}.chunks()),
          line(frequency_step(round_up(width, by.side) + g.reach().w - 1)),
          row(pieces * by.parts * by.side / 2 * line),
          rows(std::clamp(tile_band_bytes / (row * static_cast<Index>(sizeof(float))) - beyond(),
                          tile_band_least, tile_band_most)) {}

    /// Rows that windows see beyond their own.
    [[nodiscard]] Index beyond() const noexcept { return geometry.reach().h - 1; }
    [[nodiscard]] Index taps() const noexcept { return geometry.kernel.h * geometry.kernel.w; }
    /// Sums of a panel.
    [[nodiscard]] Index sums(Index band_rows, Index width) const noexcept {
        return band_rows * round_up(width, kernels.side) * kernels.side;
    }
    /// Words of a panel's windows.
    [[nodiscard]] Index panel() const noexcept {
        return pieces * taps() * kernels.parts * kernels.side * kernels.side / 2;
    }
};

/// What tiles_conv2d holds.
/// @param y  its shape
[[nodiscard]] inline KernelMemory tiles_memory(const TileConvLayout& layout, const Shape<4>& y) {
    KernelMemory memory;
    const Index rows = std::min(layout.rows, y[2]);
    const Index seen = rows + layout.beyond();
    memory.hold_on_all(0, bytes_of<float>(2 * seen * layout.line));
    memory.hold_on_all(1, bytes_of<float>(seen * layout.row));
    memory.hold_on_all(2, bytes_of<float>(layout.sums(rows, y[3])));
    if (WeightCache::current() == nullptr) {
        memory.hold(6, bytes_of<float>(layout.panels * layout.panel()));
    }
    memory.hold_for_now(RowMoments<float>::bytes(y));
    return memory;
}

/// All windows in tiles: those that a cache keeps, or in memory of the calling thread.
[[nodiscard]] inline const float* packed_windows(const TileConvLayout& layout,
                                                 const WindowWeights& w) {
    const Index side = layout.kernels.side;
    const auto pack = [&](float* packed) {
        for_each_chunk({w.outputs, side}, [&](Index begin, Index end) {
            layout.kernels.pack_windows(w.part(begin, end), layout.taps(),
                                        packed + begin / side * layout.panel());
        });
    };
    const Index size = layout.panels * layout.panel();
    if (WeightCache* cache = WeightCache::current()) {
        return cache->get({w.origin, &layout.kernels, w.rotated}, size, pack);
    }
    float* const packed = scratch<float, 6>(size);
    pack(packed);
    return packed;
}

/// Rows [y0, y0 + rows) of all channels as words of two.
inline void pack_pixels(const TileConvLayout& layout, const RowSource<float>& padded, Index n,
                        Index y0, Index rows, float* words) {
    const auto& kernels = layout.kernels;
    const Index line = layout.line;
    const Index plane = rows * line;
    float* const pair = scratch<float, 0>(2 * plane);
    std::fill_n(pair, 2 * plane, 0.0F);  // what lies beyond the pixels stays so
    for (Index c = 0; c < layout.pieces * kernels.side; c += 2) {
        for (Index k = 0; k < 2; ++k) {
            if (c + k < layout.channels) {
                padded.pull({n, c + k, y0, y0 + rows, 0, padded.shape()[3]}, pair + k * plane,
                            line);
            } else {
                std::fill_n(pair + k * plane, plane, 0.0F);
            }
        }
        const Index half = kernels.side / 2;
        float* const to = words + (c / kernels.side * kernels.parts * half + c / 2 % half) * line;
        for (Index y = 0; y < rows; ++y) {
            kernels.write_pairs(kernels.parts, pair + y * line, pair + plane + y * line, line,
                                to + y * layout.row, half * line);
        }
    }
}

/// y = conv(x, w) + bias, of factors that are rounded to bfloat16 or split into two.
/// @param padded   x with its padding, (N, C, H, W), pulled.
/// @param bias     O numbers, or null.
/// @param y        (N, O, oh, ow), dense.
/// @param moments  N * O places into which the moments of y's planes are merged, or null.
inline void tiles_conv2d(const TileConvLayout& layout, const RowSource<float>& padded,
                         const WindowWeights& w, const float* bias, const View<float, 4>& y,
                         Moments* moments) {
    const float* const windows = packed_windows(layout, w);
    const Index height = y.shape[2];
    const Index width = y.shape[3];
    RowMoments<float> row_moments(y, moments);
    const Index bands = Partition{height, layout.rows}.chunks();
    for_each_chunk({y.shape[0] * bands, 1}, [&](Index begin, Index end) {
        for (Index item = begin; item < end; ++item) {
            const Index n = item / bands;
            const Index y0 = item % bands * layout.rows;
            const Index rows = std::min(layout.rows, height - y0);
            float* const words = scratch<float, 1>((rows + layout.beyond()) * layout.row);
            float* const sums = scratch<float, 2>(layout.sums(rows, width));
            pack_pixels(layout, padded, n, y0, rows + layout.beyond(), words);
            const PixelWords x{words,      layout.pieces,          layout.line,
                               layout.row, layout.geometry.kernel, layout.geometry.dilation};
            for (Index panel = 0; panel < layout.panels; ++panel) {
                const Index o = panel * layout.kernels.side;
                const Index count = std::min(layout.kernels.side, layout.outputs - o);
                const Index plane = n * layout.outputs + o;
                layout.kernels.convolve(x, windows + panel * layout.panel(),
                                        bias == nullptr ? nullptr : bias + o,
                                        {y.data + (plane * height + y0) * width,
                                         {count, rows, width},
                                         {height * width, width, 1}},
                                        sums);
                for (Index k = plane; k < plane + count; ++k) {
                    for (Index at = y0; at < y0 + rows; ++at) row_moments.measure(k, at);
                }
            }
        }
    });
    row_moments.merge();
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
