#pragma once

#include <oldphoto/backend/conv_geometry.hpp>
#include <oldphoto/backend/cpu/gemm.hpp>
#include <oldphoto/backend/cpu/pack.hpp>
#include <oldphoto/backend/cpu/row_moments.hpp>
#include <oldphoto/backend/cpu/scratch.hpp>
#include <oldphoto/backend/row_source.hpp>

#include <algorithm>
#include <vector>

/// Convolution as a product of matrices: windows of the pulled input become columns, panel by
/// panel. The three functions are each other's adjoints. Work is cut so that every output element
/// is written by one thread, in an order that follows from the shape.
namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// A stretch [begin, end) of a plane's pixels: some whole rows, or a part of one long row.
struct Panel {
    Index begin;
    Index end;
    Index y0;
    Index y1;
    Index x0;
    Index x1;
};

/// Cuts planes into panels of about `moments_block` pixels.
class Panels {
public:
    explicit Panels(Pair size)
        : size_(size),
          rows_(std::max(Index{1}, moments_block / std::max(Index{1}, size.w))),
          tiles_((size.w + moments_block - 1) / moments_block) {}

    [[nodiscard]] Index count() const noexcept { return (size_.h + rows_ - 1) / rows_ * tiles_; }
    /// The largest panel.
    [[nodiscard]] Pair max_size() const noexcept {
        return {std::min(rows_, size_.h), std::min(size_.w, moments_block)};
    }
    [[nodiscard]] Index max_pixels() const noexcept { return max_size().h * max_size().w; }
    [[nodiscard]] Panel operator[](Index k) const noexcept {
        const Index y0 = k / tiles_ * rows_;
        const Index y1 = std::min(y0 + rows_, size_.h);
        const Index x0 = k % tiles_ * moments_block;
        const Index x1 = std::min(x0 + moments_block, size_.w);
        return {y0 * size_.w + x0, (y1 - 1) * size_.w + x1, y0, y1, x0, x1};
    }

private:
    Pair size_;
    Index rows_;
    Index tiles_;
};

/// Columns of channels [c0, c1) for the windows of a panel: one row of `panel pixels` for each
/// (channel, ky, kx).
template <class T>
void windows_to_columns(const ConvGeometry& g, const RowSource<T>& padded, Index n, Index c0,
                        Index c1, const Panel& panel, T* columns) {
    const Index y0 = panel.y0 * g.stride.h;
    const Index y1 = (panel.y1 - 1) * g.stride.h + g.reach().h;
    const Index x0 = panel.x0 * g.stride.w;
    const Index x1 = (panel.x1 - 1) * g.stride.w + g.reach().w;
    const Index width = x1 - x0;
    T* rows = scratch<T, 0>((y1 - y0) * width);
    const Index out_width = panel.x1 - panel.x0;
    for (Index c = c0; c < c1; ++c) {
        padded.pull({n, c, y0, y1, x0, x1}, rows, width);
        for (Index ky = 0; ky < g.kernel.h; ++ky) {
            for (Index kx = 0; kx < g.kernel.w; ++kx) {
                const T* from = rows + ky * g.dilation.h * width + kx * g.dilation.w;
                for (Index y = panel.y0; y < panel.y1; ++y) {
                    if (g.stride.w == 1) {
                        std::copy_n(from, out_width, columns);
                    } else {
                        for (Index x = 0; x < out_width; ++x) columns[x] = from[x * g.stride.w];
                    }
                    columns += out_width;
                    from += g.stride.h * width;
                }
            }
        }
    }
}

/// What columns_conv2d holds.
/// @param w, y  shapes
template <class T>
[[nodiscard]] KernelMemory columns_memory(const ConvGeometry& g, const Shape<4>& w,
                                          const Shape<4>& y) {
    const Panels panels({y[2], y[3]});
    const Pair panel = panels.max_size();
    const Index height = (panel.h - 1) * g.stride.h + g.reach().h;
    const Index width = (panel.w - 1) * g.stride.w + g.reach().w;
    auto memory = gemm_memory<T>();
    memory.hold_on_all(0, bytes_of<T>(height * width));
    memory.hold_on_all(1, bytes_of<T>(w.size() / w[0] * panels.max_pixels()));
    memory.hold_for_now(RowMoments<T>::bytes(y));
    return memory;
}

/// y = conv(x, w) + bias. The input is pulled.
/// @param w        (O, C / groups, kh, kw), dense.
/// @param bias     O numbers, or null.
/// @param y        (N, O, oh, ow), dense.
/// @param moments  N * O places into which the moments of y's planes are merged, or null.
template <class T>
void columns_conv2d(const ConvGeometry& g, const RowSource<T>& x, const View<T, 4>& w,
                    const T* bias, const View<T, 4>& y, Moments* moments) {
    const PaddedRows<T> padding(x, {g.padding.w, g.padding.w, g.padding.h, g.padding.h});
    const RowSource<T> padded(padding);
    const Index channels = w.shape[1];
    const Index outputs = w.shape[0] / g.groups;
    const Index depth = channels * g.kernel.h * g.kernel.w;
    const Index pixels = y.shape[2] * y.shape[3];
    const Panels panels({y.shape[2], y.shape[3]});
    const Index count = panels.count();
    RowMoments<T> row_moments(y, moments);
    for_each_chunk({y.shape[0] * count, 1}, [&](Index begin, Index end) {
        for (Index item = begin; item < end; ++item) {
            const Index n = item / count;
            const Panel panel = panels[item % count];
            const Index size = panel.end - panel.begin;
            T* columns = scratch<T, 1>(depth * panels.max_pixels());
            for (Index group = 0; group < g.groups; ++group) {
                windows_to_columns(g, padded, n, group * channels, (group + 1) * channels, panel,
                                   columns);
                T* out = y.data + (n * y.shape[1] + group * outputs) * pixels + panel.begin;
                gemm_serial<T>({out, {outputs, size}, {pixels, 1}},
                               {w.data + group * outputs * depth, {outputs, depth}, {depth, 1}},
                               {columns, {depth, size}, {size, 1}}, false);
            }
            for (Index o = 0; o < y.shape[1]; ++o) {
                const Index plane = n * y.shape[1] + o;
                T* out = y.data + plane * pixels + panel.begin;
                if (bias != nullptr) {
                    for (Index k = 0; k < size; ++k) out[k] += bias[o];
                }
                for (Index row = panel.y0; row < panel.y1; ++row) {
                    row_moments.measure_block(plane, row, panel.x0 / moments_block);
                }
            }
        }
    });
    row_moments.merge();
}

/// Adds the columns of a panel to the pixels their windows cover; zeros of the padding are dropped.
/// A pixel's windows come row by row, in whichever panels they lie, so that its sum does not depend
/// on where a band of windows begins.
template <class T>
void columns_to_windows(const ConvGeometry& g, const T* columns, const Panel& panel, Index channels,
                        Pair size, T* planes) {
    const Index width = panel.x1 - panel.x0;
    const Index rows = panel.y1 - panel.y0;
    const auto add_row = [&](const T* from, Index kx, T* row) {
        const Index shift = kx * g.dilation.w - g.padding.w;
        // Windows whose pixel ox * stride + shift lies in [0, size.w).
        const Index first =
            std::max(panel.x0, shift >= 0 ? Index{0} : (-shift + g.stride.w - 1) / g.stride.w);
        const Index past = size.w - 1 - shift;
        const Index last = past < 0 ? first : std::min(panel.x1, past / g.stride.w + 1);
        for (Index ox = first; ox < last; ++ox) {
            row[ox * g.stride.w + shift] += from[ox - panel.x0];
        }
    };
    const Index taps = g.kernel.h * g.kernel.w;
    for (Index c = 0; c < channels;
         ++c, planes += size.h * size.w, columns += taps * rows * width) {
        for (Index oy = panel.y0; oy < panel.y1; ++oy) {
            for (Index ky = 0; ky < g.kernel.h; ++ky) {
                const Index y = oy * g.stride.h + ky * g.dilation.h - g.padding.h;
                if (y < 0 || y >= size.h) continue;
                for (Index kx = 0; kx < g.kernel.w; ++kx) {
                    const Index row = (ky * g.kernel.w + kx) * rows + oy - panel.y0;
                    add_row(columns + row * width, kx, planes + y * size.w);
                }
            }
        }
    }
}

/// Channels that one thread owns in the two gradients.
inline constexpr Index channel_block = 16;

/// What columns_conv2d_data holds.
/// @param w, x  shapes
/// @param y     the size of the pictures pulled
template <class T>
[[nodiscard]] KernelMemory columns_data_memory(const ConvGeometry& g, const Shape<4>& w, Pair y,
                                               const Shape<4>& x) {
    const Index pixels = Panels(y).max_pixels();
    const Index taps = g.kernel.h * g.kernel.w;
    auto memory = gemm_memory<T>();
    memory.hold_on_all(0, bytes_of<T>(w[0] / g.groups * pixels));
    memory.hold_on_all(1, bytes_of<T>(std::min(channel_block, w[1]) * taps * pixels));
    memory.hold_for_now(RowMoments<T>::bytes(x));
    return memory;
}

/// The adjoint of columns_conv2d with respect to its input, and with a bias the transposed
/// convolution: x = conv^T(y, w) + bias. Every window's share is added by the thread that owns the
/// channel.
/// @param y        (N, O, oh, ow), pulled.
/// @param w        (O, C / groups, kh, kw), dense.
/// @param bias     C numbers, or null.
/// @param x        (N, C, H, W), dense; written.
/// @param moments  N * C places into which the moments of x's planes are merged, or null.
template <class T>
void columns_conv2d_data(const ConvGeometry& g, const RowSource<T>& y, const View<T, 4>& w,
                         const T* bias, const View<T, 4>& x, Moments* moments) {
    const Index channels = w.shape[1];
    const Index outputs = w.shape[0] / g.groups;
    const Index taps = g.kernel.h * g.kernel.w;
    const Pair in{x.shape[2], x.shape[3]};
    const Panels panels({y.shape()[2], y.shape()[3]});
    const Index blocks = (channels + channel_block - 1) / channel_block;
    RowMoments<T> row_moments(x, moments);

    for_each_chunk({x.shape[0] * g.groups * blocks, 1}, [&](Index begin, Index end) {
        for (Index item = begin; item < end; ++item) {
            const Index n = item / (g.groups * blocks);
            const Index group = item / blocks % g.groups;
            const Index c0 = item % blocks * channel_block;
            const Index c1 = std::min(c0 + channel_block, channels);
            const Index depth = (c1 - c0) * taps;
            T* planes = x.data + (n * x.shape[1] + group * channels + c0) * in.h * in.w;
            for (Index c = c0; c < c1; ++c) {
                const T start = bias == nullptr ? T(0) : bias[group * channels + c];
                std::fill_n(planes + (c - c0) * in.h * in.w, in.h * in.w, start);
            }
            T* pulled = scratch<T, 0>(outputs * panels.max_pixels());
            T* columns = scratch<T, 1>(depth * panels.max_pixels());
            for (Index k = 0; k < panels.count(); ++k) {
                const Panel panel = panels[k];
                const Index size = panel.end - panel.begin;
                const Index width = panel.x1 - panel.x0;
                for (Index o = 0; o < outputs; ++o) {
                    y.pull({n, group * outputs + o, panel.y0, panel.y1, panel.x0, panel.x1},
                           pulled + o * size, width);
                }
                gemm_serial<T>({columns, {depth, size}, {size, 1}},
                               {w.data + (group * outputs * channels + c0) * taps,
                                {depth, outputs},
                                {1, channels * taps}},
                               {pulled, {outputs, size}, {size, 1}}, false);
                columns_to_windows(g, columns, panel, c1 - c0, in, planes);
            }
            for (Index c = c0; c < c1; ++c) {
                for (Index row = 0; row < in.h; ++row) {
                    row_moments.measure(n * x.shape[1] + group * channels + c, row);
                }
            }
        }
    });
    row_moments.merge();
}

/// The adjoint of columns_conv2d with respect to its weights: dw[o, c, ky, kx] is the sum over all
/// windows of y[o] times the pixel of x that the tap meets.
/// @param x   (N, C, H, W), pulled.
/// @param y   (N, O, oh, ow), pulled.
/// @param dw  (O, C / groups, kh, kw), dense; written.
template <class T>
void columns_conv2d_weights(const ConvGeometry& g, const RowSource<T>& x, const RowSource<T>& y,
                            const View<T, 4>& dw) {
    const PaddedRows<T> padding(x, {g.padding.w, g.padding.w, g.padding.h, g.padding.h});
    const RowSource<T> padded(padding);
    const Index channels = dw.shape[1];
    const Index outputs = dw.shape[0] / g.groups;
    const Index taps = g.kernel.h * g.kernel.w;
    const Panels panels({y.shape()[2], y.shape()[3]});
    const Index channel_blocks = (channels + channel_block - 1) / channel_block;
    // With few channels the panels are shared out as well, to sums that are added up at the end.
    const Index steps = x.shape()[0] * panels.count();
    const Index parts = channel_blocks > 2 ? 1 : std::min(std::max(Index{1}, steps), Index{4});
    const Index numbers = dw.shape.size();
    std::vector<T> sums(static_cast<std::size_t>((parts - 1) * numbers));
    std::fill_n(dw.data, numbers, T(0));

    for_each_chunk({g.groups * channel_blocks * parts, 1}, [&](Index begin, Index end) {
        for (Index item = begin; item < end; ++item) {
            const Index group = item / (channel_blocks * parts);
            const Index c0 = item / parts % channel_blocks * channel_block;
            const Index c1 = std::min(c0 + channel_block, channels);
            const Index part = item % parts;
            const Index depth = (c1 - c0) * taps;
            T* const sum = part == 0 ? dw.data : sums.data() + (part - 1) * numbers;
            const View<T, 2> tile{sum + (group * outputs * channels + c0) * taps,
                                  {outputs, depth},
                                  {channels * taps, 1}};
            T* pulled = scratch<T, 2>(outputs * panels.max_pixels());
            T* columns = scratch<T, 1>(depth * panels.max_pixels());
            for (Index step = steps * part / parts; step < steps * (part + 1) / parts; ++step) {
                const Index n = step / panels.count();
                const Panel panel = panels[step % panels.count()];
                const Index size = panel.end - panel.begin;
                for (Index o = 0; o < outputs; ++o) {
                    y.pull({n, group * outputs + o, panel.y0, panel.y1, panel.x0, panel.x1},
                           pulled + o * size, panel.x1 - panel.x0);
                }
                windows_to_columns(g, padded, n, group * channels + c0, group * channels + c1,
                                   panel, columns);
                gemm_serial<T>(tile, {pulled, {outputs, size}, {size, 1}},
                               {columns, {size, depth}, {1, size}}, true);
            }
        }
    });
    for (std::size_t k = 0; k < sums.size(); ++k) {
        dw.data[static_cast<Index>(k) % numbers] += sums[k];
    }
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
