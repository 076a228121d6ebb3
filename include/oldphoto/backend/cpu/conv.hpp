#pragma once

#include <oldphoto/backend/cpu/conv_columns.hpp>
#include <oldphoto/backend/cpu/winograd.hpp>
#include <oldphoto/core/numerics.hpp>

#include <type_traits>

/// Convolution and its two adjoints, each by the kernel that is fastest for the shape.
namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// Winograd's kernels for windows of 3 x 3, one pixel apart; null where transforming weights and
/// pixels would cost more than it saves.
/// @param size  of the picture that is written, or for the weights' sake read.
template <class T>
[[nodiscard]] const WinogradKernels* winograd_kernels(const ConvGeometry& g, Index channels,
                                                      Index outputs, Pair size) {
    if constexpr (std::is_same_v<T, float>) {
        const bool possible = g.kernel == Pair(3) && g.stride == Pair(1) && g.dilation == Pair(1) &&
                              g.groups == 1 && g.padding.h <= 2 && g.padding.w <= 2;
        const bool pays = std::min(channels, outputs) >= 8 && size.h * size.w >= 64;
        if (possible && pays) {
            return NumericsScope::current() == Numerics::fast ? &kernels().winograd_4
                                                              : &kernels().winograd_2;
        }
    }
    return nullptr;
}

/// y = conv(x, w) + bias. The input is pulled.
/// @param w        (O, C / groups, kh, kw), dense.
/// @param bias     O numbers, or null.
/// @param y        (N, O, oh, ow), dense.
/// @param moments  N * O places for the moments of y's planes, or null.
template <class T>
void conv2d(const ConvGeometry& g, const RowSource<T>& x, const View<T, 4>& w, const T* bias,
            const View<T, 4>& y, Moments* moments) {
    if constexpr (std::is_same_v<T, float>) {
        const auto* kernels =
            winograd_kernels<T>(g, w.shape[1], w.shape[0], {y.shape[2], y.shape[3]});
        if (kernels != nullptr) {
            const PaddedRows<T> padded(x, {g.padding.w, g.padding.w, g.padding.h, g.padding.h});
            return winograd_conv2d(*kernels, RowSource<T>(padded), WindowWeights::of(w), bias, y,
                                   moments);
        }
    }
    columns_conv2d(g, x, w, bias, y, moments);
}

/// The adjoint of conv2d with respect to its input, and with a bias the transposed convolution:
/// x = conv^T(y, w) + bias.
/// @param y        (N, O, oh, ow), pulled.
/// @param w        (O, C / groups, kh, kw), dense.
/// @param bias     C numbers, or null.
/// @param x        (N, C, H, W), dense; written.
/// @param moments  N * C places for the moments of x's planes, or null.
template <class T>
void conv2d_data(const ConvGeometry& g, const RowSource<T>& y, const View<T, 4>& w, const T* bias,
                 const View<T, 4>& x, Moments* moments) {
    if constexpr (std::is_same_v<T, float>) {
        const auto* kernels =
            winograd_kernels<T>(g, w.shape[0], w.shape[1], {x.shape[2], x.shape[3]});
        if (kernels != nullptr) {
            const Pair around{2 - g.padding.h, 2 - g.padding.w};
            const PaddedRows<T> padded(y, {around.w, around.w, around.h, around.h});
            return winograd_conv2d(*kernels, RowSource<T>(padded), WindowWeights::adjoint_of(w),
                                   bias, x, moments);
        }
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
        const auto* kernels =
            winograd_kernels<T>(g, dw.shape[1], dw.shape[0], {y.shape()[2], y.shape()[3]});
        if (kernels != nullptr) {
            const PaddedRows<T> padded(x, {g.padding.w, g.padding.w, g.padding.h, g.padding.h});
            return winograd_conv2d_weights(*kernels, RowSource<T>(padded), y, dw);
        }
    }
    columns_conv2d_weights(g, x, y, dw);
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
