#pragma once

#include <oldphoto/backend/conv_geometry.hpp>
#include <oldphoto/backend/cpu/gemm.hpp>
#include <oldphoto/backend/cpu/kernel_table.hpp>
#include <oldphoto/backend/cpu/row_moments.hpp>
#include <oldphoto/backend/cpu/scratch.hpp>
#include <oldphoto/backend/cpu/weight_cache.hpp>
#include <oldphoto/backend/row_source.hpp>
#include <oldphoto/core/numerics.hpp>
#include <oldphoto/core/parallel.hpp>

#include <algorithm>
#include <vector>

/// Convolution by Winograd's transforms (kernels.inc): windows of 3 x 3, one pixel apart, and of
/// 4 x 4, two pixels apart, which are windows of 2 x 2 over the four pictures of every second
/// pixel. The picture is worked off in stretches of tile rows: all planes of a stretch are pulled
/// and transformed, multiplied with the transformed weights frequency by frequency, and transformed
/// back. A tile has the same bits in whatever stretch it lies.
namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// Windows (O, C, 4, 4) taken apart into those (O, 4 C, 2, 2) over every second pixel.
class SplitWindows {
public:
    explicit SplitWindows(const Shape<4>& w)
        : windows_(w[0] * w[1]),
          shape_{w[0], 4 * w[1], 2, 2},
          values_(static_cast<std::size_t>(w.size())) {}

    [[nodiscard]] View<float, 4> view() { return {values_.data(), shape_, dense_strides(shape_)}; }
    void split(const float* w) {
        visit([&](Index whole, Index part) { values_[static_cast<std::size_t>(part)] = w[whole]; });
    }
    void join(float* w) const {
        visit([&](Index whole, Index part) { w[whole] = values_[static_cast<std::size_t>(part)]; });
    }

private:
    template <class Visit>
    void visit(const Visit& visit_pair) const {
        for (Index k = 0; k < windows_; ++k) {
            for (Index y = 0; y < 4; ++y) {
                for (Index x = 0; x < 4; ++x) {
                    const Index plane = 4 * k + y % 2 * 2 + x % 2;
                    visit_pair(16 * k + 4 * y + x, 4 * plane + y / 2 * 2 + x / 2);
                }
            }
        }
    }

    Index windows_;
    Shape<4> shape_;
    std::vector<float> values_;
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
/// beside them. Weights that come from further away are read once a stretch, which then takes as
/// many bytes as they, within these bounds.
inline constexpr Index winograd_small_weights = Index{1} << 20;
inline constexpr Index winograd_small_stretch = Index{1} << 20;
inline constexpr Index winograd_least_stretch = Index{2} << 20;
inline constexpr Index winograd_most_stretch = Index{40} << 20;
/// Outputs that are multiplied, and planes that are transformed at a time.
inline constexpr Index winograd_block_rows = 48;
inline constexpr Index winograd_planes = 8;

/// How a plane is cut into tiles, and these into stretches.
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
        rows_per_stretch =
            std::clamp(bytes / bytes_of_row(kernels, planes, picture.w), Index{1}, down);
    }
    /// Bytes that the frequencies of a row of tiles take.
    [[nodiscard]] static Index bytes_of_row(const WinogradKernels& kernels, Index planes,
                                            Index width) {
        return kernels.frequencies() * planes * ((width + kernels.tile - 1) / kernels.tile) *
               static_cast<Index>(sizeof(float));
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

/// A picture as tiles see it, with its padding on. With pixels two apart it is taken apart into
/// four planes a channel: plane 4 c + 2 i + j holds the pixels (2 y + i, 2 x + j).
struct TileSource {
    RowSource<float> padded;
    Index apart;   ///< 1 or 2
    Pair size;     ///< pixels that there are for tiles
    bool goes_on;  ///< with the pixels of the border where tiles reach beyond them, or with zeros

    /// What windows over it see, whose tiles may reach further.
    [[nodiscard]] static TileSource under_windows(const RowSource<float>& padded,
                                                  const WinogradKernels& kernels, Index apart,
                                                  Pair windows) {
        const Index reach = kernels.reach();
        return {padded, apart, {(windows.h + reach) * apart, (windows.w + reach) * apart}, true};
    }
    /// All of it, and zeros around.
    [[nodiscard]] static TileSource whole(const RowSource<float>& x) {
        return {x, 1, {x.shape()[2], x.shape()[3]}, false};
    }
    [[nodiscard]] Index planes() const noexcept { return padded.shape()[1] * apart * apart; }
};

/// Pulls rows [y0, y0 + height) of a channel up to `width`, and what lies beyond the picture's end.
inline void pull_rows(const TileSource& source, Index n, Index c, Index y0, Index height,
                      Index width, float* to) {
    const Index y1 = std::clamp(source.size.h, y0, y0 + height);
    const Index x1 = std::min(width, source.size.w);
    if (y1 > y0 && x1 > 0) source.padded.pull({n, c, y0, y1, 0, x1}, to, width);
    for (Index y = y0; y < y0 + height; ++y, to += width) {
        if (y < y1) {
            std::fill(to + x1, to + width, source.goes_on ? to[x1 - 1] : 0.0F);
        } else if (source.goes_on) {
            std::copy_n(to - width, width, to);
        } else {
            std::fill_n(to, width, 0.0F);
        }
    }
}

/// Pulls what the tiles of a stretch see of planes [begin, end).
/// @param reach  pixels that tiles see beyond their own, on the right and below.
inline TilePlanes pull_tiles(const TileSource& source, Index begin, Index end,
                             const WinogradTiles& tiles, const WinogradStretch& stretch,
                             Index reach) {
    const Index width = tiles.across * tiles.tile + reach;
    const Index height = (stretch.last - stretch.first) * tiles.tile + reach;
    const Index y0 = stretch.first * tiles.tile;
    const Index plane = height * width;
    float* const planes = scratch<float, 0>((end - begin) * plane);
    if (source.apart == 1) {
        for (Index c = begin; c < end; ++c) {
            pull_rows(source, stretch.n, c, y0, height, width, planes + (c - begin) * plane);
        }
    } else {
        float* const rows = scratch<float, 1>(4 * plane);
        for (Index c = begin; c < end; c += 4) {
            pull_rows(source, stretch.n, c / 4, 2 * y0, 2 * height, 2 * width, rows);
            for (Index y = 0; y < 2 * height; ++y) {
                float* to = planes + (c - begin + y % 2 * 2) * plane + y / 2 * width;
                const float* from = rows + y * 2 * width;
                for (Index x = 0; x < width; ++x) {
                    to[x] = from[2 * x];
                    to[plane + x] = from[2 * x + 1];
                }
            }
        }
    }
    return {planes, end - begin, plane, width, tiles.across, stretch.tiles(tiles)};
}

/// Where tiles are written: a picture, dense, or with pixels two apart the four planes of each of
/// its channels, of which `cut` pixels are left out above and on the left.
struct TileTarget {
    View<float, 4> y;
    Index apart;  ///< 1 or 2
    Pair cut;

    [[nodiscard]] Index planes() const noexcept { return y.shape[1] * apart * apart; }
};

/// The tiles of a stretch, transformed back and written for planes [begin, end).
/// @param m  frequencies of the first of these planes; of others plane_step behind.
inline void write_tiles(const WinogradKernels& kernels, float* m, Index plane_step,
                        Index frequency_step, const float* bias, Index begin, Index end,
                        const WinogradTiles& tiles, const WinogradStretch& stretch,
                        const TileTarget& target, RowMoments<float>& moments) {
    const Index count = stretch.tiles(tiles);
    const Index first = stretch.first * tiles.tile;
    const Index height = std::min(stretch.last * tiles.tile, tiles.size.h) - first;
    const Index width = tiles.size.w;
    const Index parts = target.apart * target.apart;
    const Index y0 = std::max(Index{0}, first * target.apart - target.cut.h);
    const Index y1 = std::min((first + height) * target.apart - target.cut.h, target.y.shape[2]);
    for (Index plane = begin; plane < end; plane += parts) {
        const Index c = plane / parts;
        const Index to = stretch.n * target.y.shape[1] + c;
        const Index row_length = target.y.shape[3];
        float* const rows = target.y.data + (to * target.y.shape[2] + y0) * row_length;
        float* const planes = target.apart == 1 ? rows : scratch<float, 0>(parts * height * width);
        for (Index part = 0; part < parts; ++part, m += plane_step) {
            kernels.transform_back(kernels, m, frequency_step, bias == nullptr ? 0.0F : bias[c],
                                   tiles.across, count, planes + part * height * width, height,
                                   width);
        }
        for (Index y = y0; y < y1; ++y) {
            if (target.apart == 2) {
                const Index row = y + target.cut.h - 2 * first;
                const float* even = planes + (row % 2 * 2 * height + row / 2) * width;
                const float* odd = even + height * width;
                float* out = rows + (y - y0) * row_length;
                Index left = row_length;
                if (target.cut.w == 1 && left > 0) {
                    *out++ = *odd++;
                    ++even;
                    --left;
                }
                for (Index x = 0; x < left / 2; ++x) {
                    out[2 * x] = even[x];
                    out[2 * x + 1] = odd[x];
                }
                if (left % 2 == 1) out[left - 1] = even[left / 2];
            }
            moments.measure(to, y);
        }
    }
}

/// How a convolution is cut, and where its frequencies lie: both follow from its shapes.
struct WinogradLayout {
    const WinogradKernels& kernels;
    Index planes;   ///< of the source
    Index outputs;  ///< planes of the target
    Index u_step;   ///< between the frequencies of the windows
    bool small;     ///< whether threads share out stretches, not the work within them
    WinogradTiles tiles;

    /// @param size  of the planes of the source that windows begin in, and of those of the target.
    WinogradLayout(const WinogradKernels& by, Index from, Index to, Pair size)
        : kernels(by),
          planes(from),
          outputs(to),
          u_step(frequency_step(round_up(to, by.tile_rows) * from)),
          small(weight_bytes() < winograd_small_weights &&
                WinogradTiles::bytes_of_row(by, from + to, size.w) <= winograd_small_stretch),
          tiles(size, by, from + to,
                small ? winograd_small_stretch
                      : std::clamp(weight_bytes(), winograd_least_stretch, winograd_most_stretch)) {
    }

    /// The frequencies of a stretch: those of the source, and behind them those of the target.
    struct Frequencies {
        Index columns;  ///< tiles, as many as panels hold
        Index v_step;
        Index m_step;
    };
    [[nodiscard]] Frequencies frequencies(Index tiles_of_stretch) const noexcept {
        const Index columns = round_up(tiles_of_stretch, kernels.tile_columns);
        return {columns, frequency_step(columns * planes), frequency_step(columns * outputs)};
    }
    [[nodiscard]] Index weight_numbers() const noexcept { return kernels.frequencies() * u_step; }

private:
    [[nodiscard]] Index weight_bytes() const noexcept {
        return weight_numbers() * static_cast<Index>(sizeof(float));
    }
};

/// What winograd_conv2d holds.
/// @param apart     pixels of the source from window to window
/// @param together  planes that each channel of the target is put together from: 1 or 4
[[nodiscard]] inline KernelMemory winograd_memory(const WinogradLayout& layout, Index apart,
                                                  Index together) {
    const WinogradKernels& kernels = layout.kernels;
    const WinogradTiles& tiles = layout.tiles;
    const auto at = layout.frequencies(tiles.rows_per_stretch * tiles.across);
    const Index reach = kernels.reach();
    const Index height = tiles.rows_per_stretch * tiles.tile;
    const Index pulled = (height + reach) * (tiles.across * tiles.tile + reach);
    KernelMemory memory;
    memory.hold_on_all(0, bytes_of<float>(std::min(winograd_planes, layout.planes) * pulled));
    if (apart == 2) memory.hold_on_all(1, bytes_of<float>(4 * pulled));
    if (together > 1) {
        const Index written = std::min(height, tiles.size.h) * tiles.size.w;
        memory.hold_on_all(0, bytes_of<float>(together * written));
    }
    if (WeightCache::current() == nullptr) {
        memory.hold(6, bytes_of<float>(layout.weight_numbers()));
    }
    const double stretch = bytes_of<float>(kernels.frequencies() * (at.v_step + at.m_step));
    if (layout.small) {
        memory.hold_on_all(7, stretch);
    } else {
        memory.hold(7, stretch);
    }
    return memory;
}

/// The frequencies of all windows, u_step apart: those that a cache keeps, or in memory of the
/// calling thread.
[[nodiscard]] inline const float* transformed_weights(const WinogradKernels& kernels,
                                                      const WindowWeights& w, Index u_step) {
    const auto transform = [&](float* u) {
        for_each_chunk({w.outputs, kernels.tile_rows}, [&](Index begin, Index end) {
            kernels.transform_weights(kernels, w.part(begin, end), u + begin * w.planes, u_step);
        });
    };
    const Index size = kernels.frequencies() * u_step;
    if (WeightCache* cache = WeightCache::current()) {
        return cache->get({w.origin, &kernels, w.rotated}, size, transform);
    }
    float* const u = scratch<float, 6>(size);
    transform(u);
    return u;
}

/// The target is the convolution of the source with w, plus bias.
/// @param size     of the planes of the source that windows begin in, and of those of the target.
/// @param bias     a number for each channel of the target, or null.
/// @param moments  a place for each plane of the target, or null.
inline void winograd_conv2d(const WinogradKernels& kernels, const TileSource& source,
                            const WindowWeights& w, const float* bias, Pair size,
                            const TileTarget& target, Moments* moments) {
    const Index frequencies = kernels.frequencies();
    const WinogradLayout layout(kernels, w.planes, w.outputs, size);
    const WinogradTiles& tiles = layout.tiles;
    const Index u_step = layout.u_step;
    const float* const u = transformed_weights(kernels, w, u_step);
    RowMoments<float> row_moments(target.y, moments);
    const auto convolve = [&](const WinogradStretch& stretch) {
        const auto at = layout.frequencies(stretch.tiles(tiles));
        const Index columns = at.columns;
        const Index v_step = at.v_step;
        const Index m_step = at.m_step;
        float* const v = scratch<float, 7>(frequencies * (v_step + m_step));
        float* const m = v + frequencies * v_step;
        for_each_chunk({w.planes, winograd_planes}, [&](Index begin, Index end) {
            kernels.transform_tiles(kernels.tile, kernels.input,
                                    pull_tiles(source, begin, end, tiles, stretch, kernels.reach()),
                                    {v + begin * kernels.tile_columns, kernels.tile_columns,
                                     w.planes * kernels.tile_columns, v_step});
        });
        const Index blocks = Partition{w.outputs, winograd_block_rows}.chunks();
        for_each_chunk({frequencies * blocks, 1}, [&](Index begin, Index end) {
            for (Index item = begin; item < end; ++item) {
                const Index f = item / blocks;
                const Index o = item % blocks * winograd_block_rows;
                const Index rows = std::min(winograd_block_rows, w.outputs - o);
                kernels.multiply_panels(
                    u + f * u_step + o * w.planes, v + f * v_step, w.planes,
                    {m + f * m_step + o * columns, {rows, columns}, {columns, 1}}, false);
            }
        });
        for_each_chunk({w.outputs, winograd_planes}, [&](Index begin, Index end) {
            write_tiles(kernels, m + begin * columns, columns, m_step, bias, begin, end, tiles,
                        stretch, target, row_moments);
        });
    };
    const Index items = target.y.shape[0] * tiles.stretches();
    const auto convolve_range = [&](Index begin, Index end) {
        for (Index item = begin; item < end; ++item) convolve(WinogradStretch(tiles, item));
    };
    // Threads share out small stretches, and the work within large ones.
    if (layout.small) {
        for_each_chunk({items, 1}, convolve_range);
    } else {
        convolve_range(0, items);
    }
    row_moments.merge();
}

/// dw, the adjoint of winograd_conv2d in its weights.
/// @param y   (N, O, H, W), pulled.
/// @param dw  (O, planes of x, taps, taps), dense; written.
inline void winograd_conv2d_weights(const WinogradKernels& kernels, const TileSource& x,
                                    const RowSource<float>& y, const View<float, 4>& dw) {
    // Transforming back would enlarge what rounded factors leave off.
    const NumericsScope exact(Numerics::fast);
    const Index outputs = dw.shape[0];
    const Index planes = dw.shape[1];
    const Index frequencies = kernels.frequencies();
    const WinogradTiles tiles({y.shape()[2], y.shape()[3]}, kernels, planes + outputs,
                              winograd_most_stretch);
    const Index u_step = frequency_step(outputs * planes);
    // Transforming back reads whole vectors.
    constexpr Index beyond = 16;
    float* const u = scratch<float, 6>(frequencies * u_step + beyond);
    const Index items = y.shape()[0] * tiles.stretches();
    if (items == 0) std::fill_n(u, frequencies * u_step, 0.0F);
    for (Index item = 0; item < items; ++item) {
        const WinogradStretch stretch(tiles, item);
        const Index columns = round_up(stretch.tiles(tiles), kernels.tile_columns);
        const Index x_step = frequency_step(columns * planes);
        const Index y_step = frequency_step(columns * outputs);
        float* const x_tiles = scratch<float, 7>(frequencies * (x_step + y_step));
        float* const y_tiles = x_tiles + frequencies * x_step;
        for_each_chunk({planes, winograd_planes}, [&](Index begin, Index end) {
            kernels.transform_tiles(
                kernels.tile, kernels.input,
                pull_tiles(x, begin, end, tiles, stretch, kernels.reach()),
                {x_tiles + begin * columns, columns, kernels.tile_columns, x_step});
        });
        for_each_chunk({outputs, winograd_planes}, [&](Index begin, Index end) {
            kernels.transform_tiles(
                kernels.tile, kernels.output_adjoint,
                pull_tiles(TileSource::whole(y), begin, end, tiles, stretch, 0),
                {y_tiles + begin * columns, columns, kernels.tile_columns, y_step});
        });
        for_each_chunk({frequencies, 1}, [&](Index begin, Index end) {
            for (Index f = begin; f < end; ++f) {
                gemm_serial<float>({u + f * u_step, {outputs, planes}, {planes, 1}},
                                   {y_tiles + f * y_step, {outputs, columns}, {columns, 1}},
                                   {x_tiles + f * x_step, {columns, planes}, {1, columns}},
                                   item > 0);
            }
        });
    }
    const Index taps = dw.shape[2] * dw.shape[3];
    for_each_chunk({outputs, winograd_planes}, [&](Index begin, Index end) {
        kernels.transform_weights_back(kernels, u + begin * planes, u_step, (end - begin) * planes,
                                       dw.data + begin * planes * taps);
    });
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
