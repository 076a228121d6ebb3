#pragma once

#include <oldphoto/backend/conv_geometry.hpp>
#include <oldphoto/backend/cpu/gemm.hpp>
#include <oldphoto/backend/cpu/kernel_table.hpp>
#include <oldphoto/backend/cpu/row_moments.hpp>
#include <oldphoto/backend/cpu/scratch.hpp>
#include <oldphoto/backend/row_source.hpp>
#include <oldphoto/core/parallel.hpp>

#include <algorithm>

/// Convolution with windows of 3 x 3, one pixel apart, by Winograd's transforms (kernels.inc). The
/// picture is worked off in stretches of tile rows: all channels of a stretch are pulled and
/// transformed, multiplied with the transformed weights frequency by frequency, and transformed
/// back. A tile has the same bits in whatever stretch it lies.
namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// Weights as Winograd's convolution reads them: those of output o and channel c begin at
/// data + o * output_step + c * channel_step.
struct WindowWeights {
    const float* data;
    Index outputs;
    Index channels;
    Index output_step;
    Index channel_step;
    bool rotated;  ///< turned by 180 degrees

    /// Of w (outputs, channels, 3, 3).
    [[nodiscard]] static WindowWeights of(const View<float, 4>& w) {
        return {w.data, w.shape[0], w.shape[1], w.shape[1] * 9, 9, false};
    }
    /// Those that lead from the outputs of w back to its channels.
    [[nodiscard]] static WindowWeights adjoint_of(const View<float, 4>& w) {
        return {w.data, w.shape[1], w.shape[0], 9, w.shape[1] * 9, true};
    }
};

/// Numbers between the frequencies of a buffer: an odd number of cache lines behind its `size`, or
/// they would compete for the same lines.
[[nodiscard]] constexpr Index frequency_step(Index size) noexcept {
    return (size + 15) / 32 * 32 + 16;
}

[[nodiscard]] constexpr Index round_up(Index n, Index multiple) noexcept {
    return (n + multiple - 1) / multiple * multiple;
}

/// Bytes of transformed weights that stay in the second cache, and of the frequencies of a stretch
/// beside them; and those of a stretch whose weights come from further away each time.
inline constexpr Index winograd_small_weights = Index{1} << 20;
inline constexpr Index winograd_small_stretch = Index{1} << 20;
/// Outputs that are multiplied, and planes that are transformed at a time.
inline constexpr Index winograd_block_rows = 48;
inline constexpr Index winograd_planes = 8;
inline constexpr Index winograd_large_stretch = Index{40} << 20;

/// How a picture (channels, height, width) is cut into tiles, and these into stretches.
struct WinogradTiles {
    Pair size;
    Index tile;
    Index across;
    Index down;
    Index rows_per_stretch;  ///< rows of tiles

    /// @param bytes  a stretch is to take, with the frequencies of `planes` planes.
    WinogradTiles(Pair picture, const WinogradKernels& kernels, Index planes, Index bytes)
        : size(picture),
          tile(kernels.tile),
          across((picture.w + tile - 1) / tile),
          down((picture.h + tile - 1) / tile) {
        const Index bytes_per_row =
            kernels.frequencies() * planes * across * static_cast<Index>(sizeof(float));
        rows_per_stretch = std::clamp(bytes / bytes_per_row, Index{1}, down);
    }
    [[nodiscard]] Index stretches() const noexcept {
        return (down + rows_per_stretch - 1) / rows_per_stretch;
    }
};

/// Rows of tiles [first, last) of sample n.
struct WinogradStretch {
    Index n;
    Index first;
    Index last;

    WinogradStretch(const WinogradTiles& tiles, Index item)
        : n(item / tiles.stretches()),
          first(item % tiles.stretches() * tiles.rows_per_stretch),
          last(std::min(first + tiles.rows_per_stretch, tiles.down)) {}
    [[nodiscard]] Index tiles(const WinogradTiles& all) const noexcept {
        return (last - first) * all.across;
    }
};

/// Pulls what the tiles of a stretch see of channels [begin, end); zeros beyond the picture's end.
/// @param reach  pixels that tiles see beyond their own, on the right and below.
inline TilePlanes pull_tiles(const RowSource<float>& source, Index begin, Index end,
                             const WinogradTiles& tiles, const WinogradStretch& stretch,
                             Index reach) {
    const Index width = tiles.across * tiles.tile + reach;
    const Index height = (stretch.last - stretch.first) * tiles.tile + reach;
    const Index y0 = stretch.first * tiles.tile;
    const Index y1 = std::min(y0 + height, source.shape()[2]);
    const Index x1 = std::min(width, source.shape()[3]);
    float* const planes = scratch<float, 0>((end - begin) * height * width);
    float* row = planes;
    for (Index c = begin; c < end; ++c) {
        source.pull({stretch.n, c, y0, y1, 0, x1}, row, width);
        for (Index y = 0; y < height; ++y, row += width) {
            std::fill(row + (y < y1 - y0 ? x1 : 0), row + width, 0.0F);
        }
    }
    return {planes, end - begin, height * width, width, tiles.across, stretch.tiles(tiles)};
}

/// y = conv(x, w) + bias for windows of 3 x 3.
/// @param padded   x with its padding, (N, channels, H + 2, W + 2), pulled.
/// @param bias     a number for each output, or null.
/// @param y        (N, outputs, H, W), dense.
/// @param moments  N * outputs places for the moments of y's planes, or null.
inline void winograd_conv2d(const WinogradKernels& kernels, const RowSource<float>& padded,
                            const WindowWeights& w, const float* bias, const View<float, 4>& y,
                            Moments* moments) {
    const Index channels = w.channels;
    const Index outputs = w.outputs;
    const Index frequencies = kernels.frequencies();
    const Index u_step = frequency_step(round_up(outputs, kernels.tile_rows) * channels);
    float* u = scratch<float, 6>(frequencies * u_step);
    for_each_chunk({outputs, kernels.tile_rows}, [&](Index begin, Index end) {
        kernels.weights(w.data + begin * w.output_step, w.output_step, w.channel_step, w.rotated,
                        end - begin, channels, u + begin * channels, u_step);
    });

    const bool small = frequencies * u_step * 4 < winograd_small_weights;
    const WinogradTiles tiles({y.shape[2], y.shape[3]}, kernels, channels + outputs,
                              small ? winograd_small_stretch : winograd_large_stretch);
    RowMoments<float> row_moments(y, moments);
    const auto convolve = [&](const WinogradStretch& stretch) {
        const Index count = stretch.tiles(tiles);
        const Index columns = round_up(count, kernels.tile_columns);
        const Index v_step = frequency_step(columns * channels);
        const Index m_step = frequency_step(columns * outputs);
        float* v = scratch<float, 7>(frequencies * (v_step + m_step));
        float* m = v + frequencies * v_step;
        for_each_chunk({channels, winograd_planes}, [&](Index begin, Index end) {
            kernels.input(pull_tiles(padded, begin, end, tiles, stretch, 2),
                          {v + begin * kernels.tile_columns, kernels.tile_columns,
                           channels * kernels.tile_columns, v_step});
        });
        const Index blocks = Partition{outputs, winograd_block_rows}.chunks();
        for_each_chunk({frequencies * blocks, 1}, [&](Index begin, Index end) {
            for (Index item = begin; item < end; ++item) {
                const Index f = item / blocks;
                const Index o = item % blocks * winograd_block_rows;
                const Index rows = std::min(winograd_block_rows, outputs - o);
                kernels.multiply_panels(
                    u + f * u_step + o * channels, v + f * v_step, channels,
                    {m + f * m_step + o * columns, {rows, columns}, {columns, 1}}, false);
            }
        });
        const Index y0 = stretch.first * tiles.tile;
        const Index y1 = std::min(stretch.last * tiles.tile, tiles.size.h);
        for_each_chunk({outputs, winograd_planes}, [&](Index begin, Index end) {
            for (Index o = begin; o < end; ++o) {
                const Index plane = stretch.n * outputs + o;
                float* rows = y.data + (plane * tiles.size.h + y0) * tiles.size.w;
                kernels.output(m + o * columns, m_step, bias == nullptr ? 0.0F : bias[o],
                               tiles.across, count, rows, y1 - y0, tiles.size.w);
                for (Index row = y0; row < y1; ++row) row_moments.measure(plane, row);
            }
        });
    };
    const Index items = y.shape[0] * tiles.stretches();
    const auto convolve_range = [&](Index begin, Index end) {
        for (Index item = begin; item < end; ++item) convolve(WinogradStretch(tiles, item));
    };
    // Threads share out small stretches, and the work within large ones.
    if (small) {
        for_each_chunk({items, 1}, convolve_range);
    } else {
        convolve_range(0, items);
    }
    row_moments.merge();
}

/// dw, the adjoint of winograd_conv2d in its weights.
/// @param padded  x with its padding, (N, C, H + 2, W + 2), pulled.
/// @param y       (N, O, H, W), pulled.
/// @param dw      (O, C, 3, 3), dense; written.
inline void winograd_conv2d_weights(const WinogradKernels& kernels, const RowSource<float>& padded,
                                    const RowSource<float>& y, const View<float, 4>& dw) {
    const Index outputs = dw.shape[0];
    const Index channels = dw.shape[1];
    const Index frequencies = kernels.frequencies();
    const WinogradTiles tiles({y.shape()[2], y.shape()[3]}, kernels, channels + outputs,
                              winograd_large_stretch);
    const Index u_step = frequency_step(outputs * channels);
    float* u = scratch<float, 6>(frequencies * u_step);
    const Index items = y.shape()[0] * tiles.stretches();
    if (items == 0) std::fill_n(u, frequencies * u_step, 0.0F);
    for (Index item = 0; item < items; ++item) {
        const WinogradStretch stretch(tiles, item);
        const Index columns = round_up(stretch.tiles(tiles), kernels.tile_columns);
        const Index x_step = frequency_step(columns * channels);
        const Index y_step = frequency_step(columns * outputs);
        float* const x_tiles = scratch<float, 7>(frequencies * (x_step + y_step));
        float* const y_tiles = x_tiles + frequencies * x_step;
        for_each_chunk({channels, winograd_planes}, [&](Index begin, Index end) {
            kernels.input(pull_tiles(padded, begin, end, tiles, stretch, 2),
                          {x_tiles + begin * columns, columns, kernels.tile_columns, x_step});
        });
        for_each_chunk({outputs, winograd_planes}, [&](Index begin, Index end) {
            kernels.output_adjoint(
                pull_tiles(y, begin, end, tiles, stretch, 0),
                {y_tiles + begin * columns, columns, kernels.tile_columns, y_step});
        });
        for_each_chunk({frequencies, 1}, [&](Index begin, Index end) {
            for (Index f = begin; f < end; ++f) {
                gemm_serial<float>({u + f * u_step, {outputs, channels}, {channels, 1}},
                                   {y_tiles + f * y_step, {outputs, columns}, {columns, 1}},
                                   {x_tiles + f * x_step, {columns, channels}, {1, columns}},
                                   item > 0);
            }
        });
    }
    for_each_chunk({outputs, winograd_planes}, [&](Index begin, Index end) {
        kernels.weights_adjoint(u + begin * channels, u_step, (end - begin) * channels,
                                dw.data + begin * channels * 9);
    });
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
