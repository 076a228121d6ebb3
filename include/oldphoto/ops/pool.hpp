#pragma once

#include <oldphoto/backend/line_windows.hpp>
#include <oldphoto/ops/resample.hpp>

namespace oldphoto {

struct MaxPool2dOptions {
    Pair kernel;
    Pair stride = kernel;
    Pair padding = 0;  ///< on each side, at most half the kernel; padding is never the largest
};

struct AvgPool2dOptions {
    Pair kernel;
    Pair stride = kernel;
    Pair padding = 0;           ///< zeros on each side, at most half the kernel
    bool count_padding = true;  ///< whether the mean counts them
};

namespace detail {

/// The windows that options of a pooling lay over pictures.
class PoolWindows {
public:
    template <class Options>
    explicit PoolWindows(const Options& o) : geometry_{o.kernel, o.stride, o.padding, 1, 1} {}

    [[nodiscard]] LineWindows rows() const noexcept {
        return {geometry_.kernel.h, geometry_.stride.h, geometry_.padding.h};
    }
    [[nodiscard]] LineWindows columns() const noexcept {
        return {geometry_.kernel.w, geometry_.stride.w, geometry_.padding.w};
    }
    [[nodiscard]] Pair output_size(const Shape<4>& x) const noexcept {
        return geometry_.output_size({x[2], x[3]});
    }
    [[nodiscard]] Window window() const noexcept {
        const auto& [kernel, stride, padding] = rows();
        return {std::max(padding, kernel - 1 - padding), static_cast<double>(stride), false};
    }

    void check(const char* name, const Shape<4>& x) const {
        geometry_.check(name);
        const auto& [kernel, stride, padding, dilation, groups] = geometry_;
        if (2 * padding.h > kernel.h || 2 * padding.w > kernel.w) {
            throw_option_error(name, "padding must be at most half the kernel");
        }
        const bool empty = x[2] < 1 || x[3] < 1;
        if (empty || x[2] + 2 * padding.h < kernel.h || x[3] + 2 * padding.w < kernel.w) {
            throw_shape_error(name,
                              empty ? "the picture must not be empty"
                                    : "the padded picture must not be smaller than a window",
                              {{"x (N, C, H, W)", dims_of(x)},
                               {"kernel", {kernel.h, kernel.w}},
                               {"padding", {padding.h, padding.w}}});
        }
    }

private:
    ConvGeometry geometry_;
};

}  // namespace detail

/// y = the largest pixel of each window, to which alone the gradient goes: the first in row-major
/// order of equal ones. Backward finds it again.
struct MaxPool2dOp {
    static constexpr const char* name = "max_pool2d";
    MaxPool2dOptions options;

    template <class T, class B>
    Tensor<T, 4, B> forward(const Variable<T, 4, B>& x) const {
        const detail::PoolWindows windows(options);
        windows.check(name, x.shape());
        const Pair size = windows.output_size(x.shape());
        auto y = Tensor<T, 4, B>::uninitialized({x.dim(0), x.dim(1), size.h, size.w});
        x.deferred().with_rows([&](const RowSource<T>& rows) {
            B::max_pool2d(windows.rows(), windows.columns(), rows, y.view());
        });
        return y;
    }
    template <class T, class B>
    Tensor<T, 4, B> backward(const Tensor<T, 4, B>& gy, const Variable<T, 4, B>& x) const {
        const detail::PoolWindows windows(options);
        auto gx = Tensor<T, 4, B>::uninitialized(x.shape());
        x.deferred().with_rows([&](const RowSource<T>& rows) {
            B::max_pool2d_adjoint(windows.rows(), windows.columns(), rows,
                                  gy.as_contiguous().view(), gx.view());
        });
        return gx;
    }

    [[nodiscard]] Window window(const Shape<4>&, const Shape<4>&) const {
        return detail::PoolWindows(options).window();
    }
    [[nodiscard]] Cost cost(const Shape<4>& y, const Shape<4>& x) const {
        return {static_cast<double>(y.size() * options.kernel.h * options.kernel.w),
                4 * static_cast<double>(x.size() + y.size())};
    }
};

/// y = the mean of each window: a resampling whose weights are 1 / kernel, or without
/// count_padding 1 / (pixels covered), along each axis.
struct AvgPool2dOp {
    static constexpr const char* name = "avg_pool2d";
    AvgPool2dOptions options;

    template <class T, class B>
    Tensor<T, 4, B> forward(const Variable<T, 4, B>& x) const {
        detail::PoolWindows(options).check(name, x.shape());
        return detail::weighed(x.deferred(), rows(x.shape()), columns(x.shape()));
    }
    template <class T, class B>
    Tensor<T, 4, B> backward(const Tensor<T, 4, B>& gy, const Variable<T, 4, B>& x) const {
        return detail::weighed(Deferred<T, B>(gy), rows(x.shape()).transposed(),
                               columns(x.shape()).transposed());
    }

    [[nodiscard]] Window window(const Shape<4>&, const Shape<4>&) const {
        return detail::PoolWindows(options).window();
    }
    [[nodiscard]] Cost cost(const Shape<4>& y, const Shape<4>& x) const {
        const auto across = static_cast<double>(x[0] * x[1] * x[2] * y[3] * options.kernel.w);
        const auto down = static_cast<double>(y.size() * options.kernel.h);
        return {2 * (across + down), 4 * static_cast<double>(x.size() + y.size())};
    }

private:
    [[nodiscard]] LineWeights rows(const Shape<4>& x) const {
        const detail::PoolWindows windows(options);
        return means(windows.rows(), x[2], windows.output_size(x).h);
    }
    [[nodiscard]] LineWeights columns(const Shape<4>& x) const {
        const detail::PoolWindows windows(options);
        return means(windows.columns(), x[3], windows.output_size(x).w);
    }
    [[nodiscard]] LineWeights means(const LineWindows& windows, Index inputs, Index outputs) const {
        return LineWeights(inputs, outputs, [&](Index o, const auto& add) {
            const Stretch covered = windows.covered(o, inputs);
            const Index count = options.count_padding ? windows.kernel : covered.length();
            for (Index place = covered.begin; place < covered.end; ++place) {
                add(place, 1.0 / static_cast<double>(count));
            }
        });
    }
};

/// @param x  (N, C, H, W)
/// @return   (N, C, oh, ow), oh = floor((H + 2 padding - kernel) / stride) + 1
/// @throws OptionError, ShapeError
template <TrackedExpr X>
[[nodiscard]] auto max_pool2d(const X& x, const MaxPool2dOptions& o) {
    static_assert(
        X::rank == 4,
        "max_pool2d: expected a picture (N, C, H, W), rank 4; add the batch axis with unsqueeze()");
    return apply(MaxPool2dOp{o}, x);
}

/// @param x  (N, C, H, W)
/// @return   (N, C, oh, ow), oh = floor((H + 2 padding - kernel) / stride) + 1
/// @throws OptionError, ShapeError
template <TrackedExpr X>
[[nodiscard]] auto avg_pool2d(const X& x, const AvgPool2dOptions& o) {
    static_assert(
        X::rank == 4,
        "avg_pool2d: expected a picture (N, C, H, W), rank 4; add the batch axis with unsqueeze()");
    return apply(AvgPool2dOp{o}, x);
}

}  // namespace oldphoto
