#pragma once

#include <oldphoto/backend/cpu/conv_columns.hpp>
#include <oldphoto/backend/cpu/conv_shifted.hpp>
#include <oldphoto/backend/cpu/conv_tiles.hpp>
#include <oldphoto/backend/cpu/winograd.hpp>
#include <oldphoto/core/numerics.hpp>

#include <type_traits>

/// Convolution and its two adjoints, each by the kernel that is fastest for the shape.
namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// How Winograd's kernels compute a convolution.
struct WinogradPlan {
    const WinogradKernels* kernels;  ///< null where columns serve better, or must
    Index apart;                     ///< pixels from window to window
};

/// Whether convolutions with windows one pixel apart multiply bfloat16. Transforms would enlarge
/// what these leave off. Those with windows two pixels apart have too few products to gain from it,
/// and stay fast.
[[nodiscard]] inline bool multiplies_bfloat16() {
    const Numerics numerics = NumericsScope::current();
    return numerics == Numerics::bf16 ||
           (numerics == Numerics::bf16x3 && instruction_set() == InstructionSet::amx);
}

/// The kernels that compute a convolution of bfloat16 by tile registers, or null.
/// @param width  of the picture behind the convolution.
template <class T>
[[nodiscard]] const TileConvKernels* plan_tiles(const ConvGeometry& g, const Shape<4>& w,
                                                Index width) {
    if constexpr (std::is_same_v<T, float>) {
        // Tiles must not be mostly empty.
        const bool pays = std::min({w[0], w[1], width}) >= 16;
        if (!pays || g.stride != Pair(1) || g.groups != 1) return nullptr;
        const Numerics numerics = NumericsScope::current();
        if (numerics == Numerics::bf16) return kernels().conv_bf16;
        if (numerics == Numerics::bf16x3) return kernels().conv_bf16x3;
    }
    return nullptr;
}

/// @param width  of the picture behind the convolution. (Its height decides nothing: bands of a
///               picture are computed as the whole.)
template <class T>
[[nodiscard]] WinogradPlan plan_winograd(const ConvGeometry& g, const Shape<4>& w, Index width) {
    if constexpr (std::is_same_v<T, float>) {
        const Index apart = g.stride.h;
        if (apart == 1 && multiplies_bfloat16()) return {nullptr, 0};
        const bool fast = NumericsScope::current() != Numerics::accurate;
        const bool fits =
            (apart == 1 && g.kernel == Pair(3)) || (apart == 2 && g.kernel == Pair(4) && fast);
        // Transforming weights and pixels must not cost more than it saves.
        const bool pays = std::min(w[0], w[1]) >= 8 && width >= 8;
        if (fits && pays && g.stride == Pair(apart) && g.dilation == Pair(1) && g.groups == 1) {
            const auto& all = kernels();
            return {apart == 2 ? &all.winograd_4x2
                    : fast     ? &all.winograd_4x3
                               : &all.winograd_2x3,
                    apart};
        }
    }
    return {nullptr, 0};
}

/// Rows of another source, from the pixel `first` on.
template <class T>
struct CroppedRows {
    Shape<4> shape;
    RowSource<T> inner;
    Pair first;

    CroppedRows(const RowSource<T>& source, Pair from)
        : shape{source.shape()[0], source.shape()[1],
                std::max(Index{0}, source.shape()[2] - from.h),
                std::max(Index{0}, source.shape()[3] - from.w)},
          inner(source),
          first(from) {}

    void pull(const RowWindow& window, T* to, Index stride) const {
        inner.pull({window.n, window.c, window.y0 + first.h, window.y1 + first.h,
                    window.x0 + first.w, window.x1 + first.w},
                   to, stride);
    }
};

/// Calls use(w) with the windows that meet planes of pixels `apart`.
template <class Use>
void with_windows(const View<float, 4>& w, Index apart, const Use& use) {
    if (apart == 1) return use(w);
    SplitWindows windows(w.shape);
    windows.split(w.data);
    use(windows.view());
}

/// Whether a convolution has so few outputs that its channels are better left alone: then windows
/// are laid over the outputs instead.
[[nodiscard]] inline bool few_outputs(const ConvGeometry& g, const Shape<4>& w) {
    return g.groups == 1 && g.stride == Pair(1) && g.kernel != Pair(1) && 4 * w[0] <= w[1];
}

/// Of the convolution that leads back, with turned windows.
[[nodiscard]] inline ConvGeometry turned(ConvGeometry g) {
    g.padding = {g.reach().h - 1 - g.padding.h, g.reach().w - 1 - g.padding.w};
    return g;
}

/// Numbers in windows that are taken apart, which are copied.
[[nodiscard]] inline double split_bytes(const Shape<4>& w, Index apart) {
    return apart == 1 ? 0 : bytes_of<float>(w.size());
}

/// What conv2d holds.
/// @param w, y  shapes
template <class T>
[[nodiscard]] KernelMemory conv2d_memory(const ConvGeometry& g, const Shape<4>& w,
                                         const Shape<4>& y) {
    const auto plan = plan_winograd<T>(g, w, y[3]);
    if (plan.kernels != nullptr) {
        const Index planes = w[1] * plan.apart * plan.apart;
        auto memory = winograd_memory({*plan.kernels, planes, w[0], {y[2], y[3]}}, plan.apart, 1);
        memory.hold_for_now(split_bytes(w, plan.apart) + RowMoments<T>::bytes(y));
        return memory;
    }
    if (const auto* kernels = plan_tiles<T>(g, w, y[3])) {
        return tiles_memory({*kernels, g, w, y[3]}, y);
    }
    return few_outputs(g, w) ? shifted_memory<T>(g, w, y) : columns_memory<T>(g, w, y);
}

/// y = conv(x, w) + bias. The input is pulled.
/// @param w        (O, C / groups, kh, kw), dense.
/// @param bias     O numbers, or null.
/// @param y        (N, O, oh, ow), dense.
/// @param moments  N * O places into which the moments of y's planes are merged, or null.
template <class T>
void conv2d(const ConvGeometry& g, const RowSource<T>& x, const View<T, 4>& w, const T* bias,
            const View<T, 4>& y, Moments* moments) {
    if constexpr (std::is_same_v<T, float>) {
        const Pair size{y.shape[2], y.shape[3]};
        const auto plan = plan_winograd<T>(g, w.shape, size.w);
        if (plan.kernels != nullptr) {
            const PaddedRows<T> padded(x, {g.padding.w, g.padding.w, g.padding.h, g.padding.h});
            return with_windows(w, plan.apart, [&](const View<T, 4>& windows) {
                winograd_conv2d(*plan.kernels,
                                TileSource::under_windows(RowSource<T>(padded), *plan.kernels,
                                                          plan.apart, size),
                                WindowWeights::of(windows, w.data), bias, size, {y, 1, 0}, moments);
            });
        }
        if (const auto* tiles = plan_tiles<T>(g, w.shape, size.w)) {
            const PaddedRows<T> padded(x, {g.padding.w, g.padding.w, g.padding.h, g.padding.h});
            return tiles_conv2d({*tiles, g, w.shape, size.w}, RowSource<T>(padded),
                                WindowWeights::of(w, w.data), bias, y, moments);
        }
    }
    if (few_outputs(g, w.shape)) {
        const PaddedRows<T> padded(x, {g.padding.w, g.padding.w, g.padding.h, g.padding.h});
        return shifted_conv2d(g, RowSource<T>(padded), w, bias, y, moments);
    }
    columns_conv2d(g, x, w, bias, y, moments);
}

/// How conv2d_data computes x of this size by Winograd's kernels: the size of its planes, of which
/// there are four a channel where windows are two pixels apart, and what is cut off them.
struct WinogradTarget {
    Pair size;
    Pair cut;

    WinogradTarget(const ConvGeometry& g, Index apart, Pair x)
        : size(x), cut{g.padding.h % apart, g.padding.w % apart} {
        size = {Partition{x.h + cut.h, apart}.chunks(), Partition{x.w + cut.w, apart}.chunks()};
    }
};

/// What conv2d_data holds.
/// @param w, x  shapes
template <class T>
[[nodiscard]] KernelMemory conv2d_data_memory(const ConvGeometry& g, const Shape<4>& w,
                                              const Shape<4>& x) {
    const Pair y = g.output_size({x[2], x[3]});
    const auto plan = plan_winograd<T>(g, w, y.w);
    if (plan.kernels != nullptr) {
        const Index together = plan.apart * plan.apart;
        const WinogradTarget target(g, plan.apart, {x[2], x[3]});
        auto memory =
            winograd_memory({*plan.kernels, w[0], w[1] * together, target.size}, 1, together);
        memory.hold_for_now(split_bytes(w, plan.apart) + RowMoments<T>::bytes(x));
        return memory;
    }
    const ConvGeometry back = turned(g);
    if (few_outputs(g, w) && std::min(back.padding.h, back.padding.w) >= 0) {
        auto memory = columns_memory<T>(back, {w[1], w[0], w[2], w[3]}, x);
        memory.hold_for_now(bytes_of<T>(w.size()));
        return memory;
    }
    return columns_data_memory<T>(g, w, y, x);
}

/// The adjoint of conv2d with respect to its input, and with a bias the transposed convolution:
/// x = conv^T(y, w) + bias.
/// @param y        (N, O, oh, ow), pulled.
/// @param w        (O, C / groups, kh, kw), dense.
/// @param bias     C numbers, or null.
/// @param x        (N, C, H, W), dense; written.
/// @param moments  N * C places into which the moments of x's planes are merged, or null.
template <class T>
void conv2d_data(const ConvGeometry& g, const RowSource<T>& y, const View<T, 4>& w, const T* bias,
                 const View<T, 4>& x, Moments* moments) {
    if constexpr (std::is_same_v<T, float>) {
        const auto plan = plan_winograd<T>(g, w.shape, y.shape()[3]);
        if (plan.kernels != nullptr) {
            // With their zeros around, tiles of y begin where the padding of x ends.
            const PaddedRows<T> padded(y, Padding::all(plan.kernels->reach(), PaddingMode::zero));
            const CroppedRows<T> rows(RowSource<T>(padded),
                                      {g.padding.h / plan.apart, g.padding.w / plan.apart});
            const WinogradTarget target(g, plan.apart, {x.shape[2], x.shape[3]});
            return with_windows(w, plan.apart, [&](const View<T, 4>& windows) {
                winograd_conv2d(*plan.kernels, TileSource::whole(RowSource<T>(rows)),
                                WindowWeights::adjoint_of(windows, w.data), bias, target.size,
                                {x, plan.apart, target.cut}, moments);
            });
        }
    }
    const ConvGeometry back = turned(g);
    if (few_outputs(g, w.shape) && std::min(back.padding.h, back.padding.w) >= 0) {
        TurnedWindows<T> windows(w.shape);
        windows.turn(w.data);
        return columns_conv2d(back, y, windows.view(), bias, x, moments);
    }
    columns_conv2d_data(g, y, w, bias, x, moments);
}

/// The adjoint of conv2d with respect to its weights: dw[o, c, ky, kx] is the sum over all windows
/// of y[o] times the pixel of x that the tap meets.
/// @param x   (N, C, H, W), pulled.
/// @param y   (N, O, oh, ow), pulled.
/// @param dw  (O, C / groups, kh, kw), dense; written.
template <class T>
void conv2d_weights(const ConvGeometry& g, const RowSource<T>& x, const RowSource<T>& y,
                    const View<T, 4>& dw) {
    if constexpr (std::is_same_v<T, float>) {
        const auto plan = plan_winograd<T>(g, dw.shape, y.shape()[3]);
        if (plan.kernels != nullptr) {
            const PaddedRows<T> padding(x, {g.padding.w, g.padding.w, g.padding.h, g.padding.h});
            const auto padded = TileSource::under_windows(RowSource<T>(padding), *plan.kernels,
                                                          plan.apart, {y.shape()[2], y.shape()[3]});
            if (plan.apart == 1) return winograd_conv2d_weights(*plan.kernels, padded, y, dw);
            SplitWindows windows(dw.shape);
            winograd_conv2d_weights(*plan.kernels, padded, y, windows.view());
            return windows.join(dw.data);
        }
    }
    if (few_outputs(g, dw.shape)) {
        // What the windows of y, padded, see of the padded x.
        ConvGeometry exchanged = g;
        exchanged.padding = {g.reach().h - 1, g.reach().w - 1};
        const PaddedRows<T> padded(x, {g.padding.w, g.padding.w, g.padding.h, g.padding.h});
        TurnedWindows<T> windows(dw.shape);
        columns_conv2d_weights(exchanged, y, RowSource<T>(padded), windows.view());
        return windows.turn_back(dw.data);
    }
    columns_conv2d_weights(g, x, y, dw);
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
