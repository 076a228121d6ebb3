#pragma once

#include <oldphoto/backend/conv_geometry.hpp>
#include <oldphoto/backend/view.hpp>

#include <vector>

/// The heavy kernels as plain loops on one thread, summed in double precision: the oracle of the
/// fast ones, and all that a backend without them needs.
namespace oldphoto::naive {

/// C = A B, or C += A B.
template <class T>
void gemm(const View<T, 2>& c, const View<T, 2>& a, const View<T, 2>& b, bool accumulate = false) {
    const auto element = [](const View<T, 2>& m, Index i, Index j) -> T& {
        return m.data[i * m.strides[0] + j * m.strides[1]];
    };
    for (Index i = 0; i < c.shape[0]; ++i) {
        for (Index j = 0; j < c.shape[1]; ++j) {
            double sum = accumulate ? double(element(c, i, j)) : 0;
            for (Index k = 0; k < a.shape[1]; ++k) {
                sum += double(element(a, i, k)) * double(element(b, k, j));
            }
            element(c, i, j) = static_cast<T>(sum);
        }
    }
}

/// A convolution is a sum of products w * x, one for each output, channel and tap that meets a
/// pixel. Calls visit(y, w, x) for all of them, with the row-major numbers of the elements.
/// @param x  (N, C, H, W)
/// @param w  (O, C / groups, kh, kw)
/// @param y  (N, O, oh, ow)
template <class Visit>
void for_each_product(const ConvGeometry& g, const Shape<4>& x, const Shape<4>& w,
                      const Shape<4>& y, Visit visit) {
    const auto number = [](const Shape<4>& shape, Index n, Index c, Index row, Index column) {
        return ((n * shape[1] + c) * shape[2] + row) * shape[3] + column;
    };
    const Index windows = y.size();
    const Index taps = w.size() / w[0];
    for (Index window = 0; window < windows; ++window) {
        const Index ox = window % y[3];
        const Index oy = window / y[3] % y[2];
        const Index o = window / (y[3] * y[2]) % y[1];
        const Index n = window / (y[3] * y[2] * y[1]);
        const Index group = o / (w[0] / g.groups);
        for (Index tap = 0; tap < taps; ++tap) {
            const Index kx = tap % w[3];
            const Index ky = tap / w[3] % w[2];
            const Index c = tap / (w[3] * w[2]);
            const Index row = oy * g.stride.h + ky * g.dilation.h - g.padding.h;
            const Index column = ox * g.stride.w + kx * g.dilation.w - g.padding.w;
            if (row < 0 || row >= x[2] || column < 0 || column >= x[3]) continue;
            visit(window, o * taps + tap, number(x, n, group * w[1] + c, row, column));
        }
    }
}

/// Sums of a picture (N, C, H, W) before anything is added: the bias of their channel, or 0.
template <class T>
[[nodiscard]] std::vector<double> initial_sums(const Shape<4>& shape, const T* bias) {
    std::vector<double> sums(static_cast<std::size_t>(shape.size()), 0.0);
    const Index pixels = shape[2] * shape[3];
    for (Index i = 0; bias != nullptr && i < shape.size(); ++i) {
        sums[static_cast<std::size_t>(i)] = double(bias[i / pixels % shape[1]]);
    }
    return sums;
}

template <class T>
void write_sums(const std::vector<double>& sums, const View<T, 4>& to) {
    for (std::size_t i = 0; i < sums.size(); ++i) to.data[i] = static_cast<T>(sums[i]);
}

/// y = conv(x, w) + bias; all dense, bias O numbers or null.
template <class T>
void conv2d(const ConvGeometry& g, const View<T, 4>& x, const View<T, 4>& w, const T* bias,
            const View<T, 4>& y) {
    auto sums = initial_sums(y.shape, bias);
    for_each_product(g, x.shape, w.shape, y.shape, [&](Index to, Index tap, Index pixel) {
        sums[static_cast<std::size_t>(to)] += double(w.data[tap]) * double(x.data[pixel]);
    });
    write_sums(sums, y);
}

/// The adjoint in x, and the transposed convolution: x = conv^T(y, w) + bias; bias C numbers or
/// null.
template <class T>
void conv2d_data(const ConvGeometry& g, const View<T, 4>& y, const View<T, 4>& w, const T* bias,
                 const View<T, 4>& x) {
    auto sums = initial_sums(x.shape, bias);
    for_each_product(g, x.shape, w.shape, y.shape, [&](Index from, Index tap, Index pixel) {
        sums[static_cast<std::size_t>(pixel)] += double(w.data[tap]) * double(y.data[from]);
    });
    write_sums(sums, x);
}

/// The adjoint in w.
template <class T>
void conv2d_weights(const ConvGeometry& g, const View<T, 4>& x, const View<T, 4>& y,
                    const View<T, 4>& dw) {
    auto sums = initial_sums<T>(dw.shape, nullptr);
    for_each_product(g, x.shape, dw.shape, y.shape, [&](Index from, Index tap, Index pixel) {
        sums[static_cast<std::size_t>(tap)] += double(y.data[from]) * double(x.data[pixel]);
    });
    write_sums(sums, dw);
}

}  // namespace oldphoto::naive
