#pragma once

#include <oldphoto/ops/conv2d.hpp>

namespace oldphoto {

struct ConvTranspose2dOptions {
    Pair stride = 1;
    Pair padding = 0;         ///< pixels cut off each side of the output
    Pair output_padding = 0;  ///< rows and columns more, below and to the right
    Pair dilation = 1;
    Index groups = 1;
};

namespace detail {

/// A transposed convolution as run_kernel() takes it.
template <class T, class B>
struct ConvTransposeKernel {
    ConvGeometry geometry;  ///< of the convolution that leads from the output back to x
    Pair size;              ///< of the output
    Tensor<T, 4, B> w;      ///< (C, O / groups, kh, kw)
    Tensor<T, 1, B> bias;   ///< (O), or (0) for none

    [[nodiscard]] Shape<4> shape(const Shape<4>& x) const {
        return {x[0], w.dim(1) * geometry.groups, size.h, size.w};
    }
    [[nodiscard]] double operations(const Shape<4>& x, const Shape<4>&) const {
        return 2 * static_cast<double>(x.size()) * static_cast<double>(w.size() / w.dim(0));
    }
    /// Row r of the output meets the input rows i with 0 <= r + padding - i * stride < reach;
    /// kernels see some below.
    [[nodiscard]] RowRange reads(const RowRange& rows, Index height) const {
        const Index stride = geometry.stride.h;
        const Index first = rows.begin + geometry.padding.h;
        const Index last = rows.end - 1 + geometry.padding.h;
        const Index above = std::max(Index{0}, first - geometry.reach().h + 1);
        const Index begin = std::min({(above + stride - 1) / stride, first / stride, height - 1});
        return {begin, std::min(last / stride + 1 + band_reach, height)};
    }
    [[nodiscard]] KernelMemory memory(const Shape<4>& y) const {
        return B::template conv2d_data_memory<T>(geometry, w.shape(), y);
    }
    void run(const RowSource<T>& x, const RowRange& rows, const View<T, 4>& y,
             Moments* moments) const {
        if (rows.begin == 0 && rows.end == size.h) {
            return B::conv2d_data(geometry, x, w.view(), bias_data(bias), y, moments);
        }
        const RowRange from = reads(rows, x.shape()[2]);
        auto shifted = geometry;
        shifted.padding.h += rows.begin - from.begin * geometry.stride.h;
        const BandRows<T> band(x, from);
        B::conv2d_data(shifted, RowSource<T>(band), w.view(), bias_data(bias), y, moments);
    }
};

}  // namespace detail

/// The adjoint of conv2d in its input: every pixel x[n, c, y, x] adds w[c, o, ky, kx] times itself
/// to y[n, o, y * stride + ky * dilation - padding, ...], and every output gets its bias. Whatever
/// is pending on x is applied while it is pulled; the output comes with the moments of its planes,
/// or is streamed.
struct ConvTranspose2dOp {
    static constexpr const char* name = "conv_transpose2d";
    ConvTranspose2dOptions options;

    template <class T, class B>
    Deferred<T, B> forward(const Variable<T, 4, B>& x, const Variable<T, 4, B>& w,
                           const Variable<T, 1, B>& bias) const {
        const auto g = geometry(w.shape());
        check(g, x.shape(), w.shape(), bias.shape());
        const Pair size = output_size(g, {x.dim(2), x.dim(3)});
        return detail::run_kernel<T, B>(
            detail::ConvTransposeKernel<T, B>{g, size, w.value(), bias.value()}, x.deferred());
    }

    template <class T, class B>
    auto backward(const Tensor<T, 4, B>& flow, const std::array<bool, 3>& wanted,
                  const Variable<T, 4, B>& x, const Variable<T, 4, B>& w,
                  const Variable<T, 1, B>& bias) const {
        const auto g = geometry(w.shape());
        const auto gy = flow.as_contiguous();
        const TensorRows<T> gy_rows(gy.view());
        Tensor<T, 4, B> gx;
        Tensor<T, 4, B> gw;
        Tensor<T, 1, B> gb;
        if (wanted[0]) {
            gx = Tensor<T, 4, B>::uninitialized(x.shape());
            B::template conv2d<T>(g, RowSource<T>(gy_rows), w.value().view(), nullptr, gx.view(),
                                  nullptr);
        }
        if (wanted[1]) {
            gw = Tensor<T, 4, B>::uninitialized(w.shape());
            x.deferred().with_rows([&](const RowSource<T>& rows) {
                B::template conv2d_weights<T>(g, RowSource<T>(gy_rows), rows, gw.view());
            });
        }
        if (wanted[2] && bias.size() != 0) gb = detail::sum_per_channel(gy);
        return std::tuple{gx, gw, gb};
    }

    [[nodiscard]] Window window(const Shape<4>&, const Shape<4>&, const Shape<4>& w,
                                const Shape<1>&) const {
        // Output row r meets the input rows from (r + padding - last tap) / stride to
        // (r + padding) / stride.
        const Index last_tap = (w[2] - 1) * options.dilation.h;
        const Index farthest = std::max(options.padding.h, last_tap - options.padding.h);
        const Index stride = options.stride.h;
        return {(farthest + stride - 1) / stride, 1 / static_cast<double>(stride), false};
    }
    [[nodiscard]] static Cost cost(const Shape<4>& y, const Shape<4>& x, const Shape<4>& w,
                                   const Shape<1>&) {
        const auto taps = static_cast<double>(w[1] * w[2] * w[3]);
        return {2 * static_cast<double>(x.size()) * taps,
                4 * static_cast<double>(x.size() + y.size() + w.size())};
    }

private:
    /// Of the convolution that leads from the output back to x.
    [[nodiscard]] ConvGeometry geometry(const Shape<4>& w) const {
        return {{w[2], w[3]}, options.stride, options.padding, options.dilation, options.groups};
    }
    [[nodiscard]] Pair output_size(const ConvGeometry& g, Pair x) const {
        const auto along = [](Index size, Index stride, Index padding, Index reach, Index more) {
            return (size - 1) * stride - 2 * padding + reach + more;
        };
        return {along(x.h, g.stride.h, g.padding.h, g.reach().h, options.output_padding.h),
                along(x.w, g.stride.w, g.padding.w, g.reach().w, options.output_padding.w)};
    }

    void check(const ConvGeometry& g, const Shape<4>& x, const Shape<4>& w,
               const Shape<1>& bias) const {
        g.check(name);
        const auto fits = [](Index more, Index stride, Index dilation) {
            return more >= 0 && (more < stride || more < dilation);
        };
        const Pair more = options.output_padding;
        if (!fits(more.h, g.stride.h, g.dilation.h) || !fits(more.w, g.stride.w, g.dilation.w)) {
            constexpr const char* rule =
                "output_padding must be smaller than stride or dilation, and not negative";
            throw_option_error(name, detail::joined({rule, ", got (", more.h, ", ", more.w, ")"}));
        }
        const auto fail = [&](std::string_view rule) {
            throw_shape_error(name, rule,
                              {{"x (N, C, H, W)", dims_of(x)},
                               {"w (C, O / groups, kh, kw)", dims_of(w)},
                               {"bias (O)", dims_of(bias)}});
        };
        if (w[0] != x[1]) fail("w must have one filter for each channel of x");
        if (x[1] % g.groups != 0) fail("channels must be a multiple of groups");
        if (bias[0] != 0 && bias[0] != w[1] * g.groups) {
            fail("one bias for each output channel, or none");
        }
        if (x[2] < 1 || x[3] < 1) fail("the picture must not be empty");
        const Pair size = output_size(g, {x[2], x[3]});
        if (size.h < 1 || size.w < 1) fail("padding must leave at least one output pixel");
    }
};

/// @param x     (N, C, H, W)
/// @param w     (C, O / groups, kh, kw)
/// @param bias  (O), or (0) for none
/// @return      (N, O, oh, ow),
///              oh = (H - 1) stride - 2 padding + dilation (kh - 1) + 1 + output_padding
/// @throws ShapeError, OptionError
template <TrackedExpr X, TrackedExpr W, TrackedExpr Bias>
[[nodiscard]] auto conv_transpose2d(const X& x, const W& w, const Bias& bias,
                                    const ConvTranspose2dOptions& o = {}) {
    static_assert(X::rank == 4 && W::rank == 4 && Bias::rank == 1,
                  "conv_transpose2d: expected x (N, C, H, W), w (C, O / groups, kh, kw) and bias "
                  "(O), ranks 4, 4 and 1; add the batch axis with unsqueeze()");
    return apply(ConvTranspose2dOp{o}, x, w, bias);
}

}  // namespace oldphoto
