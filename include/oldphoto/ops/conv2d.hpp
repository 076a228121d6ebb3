#pragma once

#include <oldphoto/autograd/expression.hpp>
#include <oldphoto/backend/conv_geometry.hpp>
#include <oldphoto/ops/kernel_rows.hpp>

namespace oldphoto {

struct Conv2dOptions {
    Pair stride = 1;
    Pair padding = 0;  ///< zeros on each side; for other borders see pad()
    Pair dilation = 1;
    Index groups = 1;
};

namespace detail {

template <class T, class B>
[[nodiscard]] ConvGeometry conv2d_geometry(const Conv2dOptions& o, const Tensor<T, 4, B>& w) {
    return {{w.dim(2), w.dim(3)}, o.stride, o.padding, o.dilation, o.groups};
}

/// A convolution as run_kernel() takes it.
template <class T, class B>
struct ConvKernel {
    ConvGeometry geometry;
    Tensor<T, 4, B> w;     ///< (O, C / groups, kh, kw)
    Tensor<T, 1, B> bias;  ///< (O), or (0) for none

    [[nodiscard]] Shape<4> shape(const Shape<4>& x) const {
        const Pair size = geometry.output_size({x[2], x[3]});
        return {x[0], w.dim(0), size.h, size.w};
    }
    [[nodiscard]] double operations(const Shape<4>&, const Shape<4>& y) const {
        return 2 * static_cast<double>(y.size()) * static_cast<double>(w.size() / w.dim(0));
    }
    [[nodiscard]] RowRange reads(const RowRange& rows, Index height) const {
        return rows_shown(zeros(), height, windows(rows));
    }
    [[nodiscard]] KernelMemory memory(const Shape<4>& y) const {
        return B::template conv2d_memory<T>(geometry, w.shape(), y);
    }
    void run(const RowSource<T>& x, const RowRange& rows, const View<T, 4>& y,
             Moments* moments) const {
        if (rows.begin == 0 && rows.end == shape(x.shape())[2]) {
            return B::conv2d(geometry, x, w.view(), bias_data(bias), y, moments);
        }
        auto unpadded = geometry;
        unpadded.padding.h = 0;
        const PaddedRows<T> padded(x, zeros());
        const BandRows<T> band(RowSource<T>(padded), windows(rows));
        B::conv2d(unpadded, RowSource<T>(band), w.view(), bias_data(bias), y, moments);
    }

private:
    [[nodiscard]] Padding zeros() const {
        return {.top = geometry.padding.h, .bottom = geometry.padding.h};
    }
    /// The rows of the padded input under rows of the output.
    [[nodiscard]] RowRange windows(const RowRange& rows) const {
        const Index stride = geometry.stride.h;
        return {rows.begin * stride, (rows.end - 1) * stride + geometry.reach().h};
    }
};

/// Sums a gradient over all but its channels.
template <class T, class B>
[[nodiscard]] Tensor<T, 1, B> sum_per_channel(const Tensor<T, 4, B>& gy) {
    return sum(gy, {0, 2, 3}).reshape(Shape<1>{gy.dim(1)});
}

}  // namespace detail

/// y[n, o] = bias[o] + sum over c, ky, kx of w[o, c, ky, kx] * x[n, c, oy * stride + ky * dilation
/// - padding, ...]. A cross-correlation, as the field calls a convolution. Whatever is pending on x
/// is applied while it is pulled; the output comes with the moments of its planes, or is streamed.
struct Conv2dOp {
    static constexpr const char* name = "conv2d";
    Conv2dOptions options;

    template <class T, class B>
    Deferred<T, B> forward(const Variable<T, 4, B>& x, const Variable<T, 4, B>& w,
                           const Variable<T, 1, B>& bias) const {
        const auto g = detail::conv2d_geometry(options, w.value());
        check(g, x.shape(), w.shape(), bias.shape());
        return detail::run_kernel<T, B>(detail::ConvKernel<T, B>{g, w.value(), bias.value()},
                                        x.deferred());
    }

    template <class T, class B>
    auto backward(const Tensor<T, 4, B>& flow, const std::array<bool, 3>& wanted,
                  const Variable<T, 4, B>& x, const Variable<T, 4, B>& w,
                  const Variable<T, 1, B>& bias) const {
        const auto g = detail::conv2d_geometry(options, w.value());
        const auto gy = flow.as_contiguous();
        const TensorRows<T> gy_rows(gy.view());
        Tensor<T, 4, B> gx;
        Tensor<T, 4, B> gw;
        Tensor<T, 1, B> gb;
        if (wanted[0]) {
            gx = Tensor<T, 4, B>::uninitialized(x.shape());
            B::template conv2d_data<T>(g, RowSource<T>(gy_rows), w.value().view(), nullptr,
                                       gx.view(), nullptr);
        }
        if (wanted[1]) {
            gw = Tensor<T, 4, B>::uninitialized(w.shape());
            x.deferred().with_rows([&](const RowSource<T>& rows) {
                B::template conv2d_weights<T>(g, rows, RowSource<T>(gy_rows), gw.view());
            });
        }
        if (wanted[2] && bias.size() != 0) gb = detail::sum_per_channel(gy);
        return std::tuple{gx, gw, gb};
    }

    [[nodiscard]] Window window(const Shape<4>&, const Shape<4>&, const Shape<4>& w,
                                const Shape<1>&) const {
        const Index reach = (w[2] - 1) * options.dilation.h;
        return {std::max(options.padding.h, reach - options.padding.h),
                static_cast<double>(options.stride.h), false};
    }
    [[nodiscard]] static Cost cost(const Shape<4>& y, const Shape<4>& x, const Shape<4>& w,
                                   const Shape<1>&) {
        const double taps = static_cast<double>(w[1] * w[2] * w[3]);
        return {2 * static_cast<double>(y.size()) * taps,
                4 * static_cast<double>(x.size() + y.size() + w.size())};
    }

private:
    static void check(const ConvGeometry& g, const Shape<4>& x, const Shape<4>& w,
                      const Shape<1>& bias) {
        g.check(name);
        const auto fail = [&](std::string_view rule) {
            throw_shape_error(name, rule,
                              {{"x (N, C, H, W)", dims_of(x)},
                               {"w (O, C / groups, kh, kw)", dims_of(w)},
                               {"bias (O)", dims_of(bias)}});
        };
        if (w[1] * g.groups != x[1]) fail("channels of w, times groups, must equal channels of x");
        if (w[0] % g.groups != 0) fail("output channels must be a multiple of groups");
        if (bias[0] != 0 && bias[0] != w[0]) fail("one bias for each output channel, or none");
        if (x[2] + 2 * g.padding.h < g.reach().h || x[3] + 2 * g.padding.w < g.reach().w) {
            fail("the padded picture must not be smaller than a window");
        }
    }
};

/// @param x     (N, C, H, W)
/// @param w     (O, C / groups, kh, kw)
/// @param bias  (O), or (0) for none
/// @return      (N, O, oh, ow), oh = floor((H + 2 padding - dilation (kh - 1) - 1) / stride) + 1
/// @throws ShapeError, OptionError
template <TrackedExpr X, TrackedExpr W, TrackedExpr Bias>
[[nodiscard]] auto conv2d(const X& x, const W& w, const Bias& bias, const Conv2dOptions& o = {}) {
    static_assert(X::rank == 4 && W::rank == 4 && Bias::rank == 1,
                  "conv2d: expected x (N, C, H, W), w (O, C / groups, kh, kw) and bias (O), ranks "
                  "4, 4 and 1; add the batch axis with unsqueeze()");
    return apply(Conv2dOp{o}, x, w, bias);
}

}  // namespace oldphoto
