#pragma once

#include <oldphoto/autograd/expression.hpp>
#include <oldphoto/backend/conv_geometry.hpp>

namespace oldphoto {

struct FoldOptions {
    Pair kernel;
    Pair stride = 1;
    Pair padding = 0;  ///< zeros on each side
    Pair dilation = 1;
};

namespace detail {

[[nodiscard]] inline ConvGeometry fold_geometry(const FoldOptions& o) {
    return {o.kernel, o.stride, o.padding, o.dilation, 1};
}

/// (N, C kh kw, L) for windows over pictures (N, C, H, W). @throws OptionError, ShapeError
[[nodiscard]] inline Shape<3> unfolded_shape(const char* name, const FoldOptions& options,
                                             const Shape<4>& x) {
    const auto g = fold_geometry(options);
    g.check(name);
    const Pair reach = g.reach();
    if (x[2] + 2 * g.padding.h < reach.h || x[3] + 2 * g.padding.w < reach.w) {
        throw_shape_error(name, "the padded picture must not be smaller than a window",
                          {{"x (N, C, H, W)", dims_of(x)},
                           {"window", {reach.h, reach.w}},
                           {"padding", {g.padding.h, g.padding.w}}});
    }
    const Pair windows = g.output_size({x[2], x[3]});
    return {x[0], x[1] * g.kernel.h * g.kernel.w, windows.h * windows.w};
}

template <class T, class B>
[[nodiscard]] Tensor<T, 3, B> unfolded(const FoldOptions& options, const Deferred<T, B>& x,
                                       const Shape<3>& shape) {
    auto columns = Tensor<T, 3, B>::uninitialized(shape);
    x.with_rows(
        [&](const RowSource<T>& rows) { B::unfold(fold_geometry(options), rows, columns.view()); });
    return columns;
}

template <class T, class B>
[[nodiscard]] Tensor<T, 4, B> folded(const FoldOptions& options, const Tensor<T, 3, B>& columns,
                                     const Shape<4>& shape) {
    auto x = Tensor<T, 4, B>::uninitialized(shape);
    B::fold(fold_geometry(options), columns.as_contiguous().view(), x.view());
    return x;
}

[[nodiscard]] inline Cost fold_cost(const Shape<4>& picture, const Shape<3>& columns) {
    return {static_cast<double>(columns.size()),
            4 * static_cast<double>(picture.size() + columns.size())};
}

}  // namespace detail

/// The windows of a picture side by side; its gradient is their fold.
struct UnfoldOp {
    static constexpr const char* name = "unfold";
    FoldOptions options;

    template <class T, class B>
    Tensor<T, 3, B> forward(const Variable<T, 4, B>& x) const {
        const auto shape = detail::unfolded_shape(name, options, x.shape());
        return detail::unfolded(options, x.deferred(), shape);
    }
    template <class T, class B>
    Tensor<T, 4, B> backward(const Tensor<T, 3, B>& gy, const Variable<T, 4, B>& x) const {
        return detail::folded(options, gy, x.shape());
    }
    [[nodiscard]] static Window window(const Shape<3>&, const Shape<4>&) {
        return Window::everything();
    }
    [[nodiscard]] static Cost cost(const Shape<3>& y, const Shape<4>& x) {
        return detail::fold_cost(x, y);
    }
};

/// The sum of windows laid over a picture; its gradient is an unfold.
struct FoldOp {
    static constexpr const char* name = "fold";
    Pair size;
    FoldOptions options;

    template <class T, class B>
    Tensor<T, 4, B> forward(const Tensor<T, 3, B>& columns) const {
        return detail::folded(options, columns, picture_shape(columns.shape()));
    }
    template <class T, class B>
    Tensor<T, 3, B> backward(const Tensor<T, 4, B>& gy, const Tensor<T, 3, B>& columns) const {
        return detail::unfolded(options, Deferred<T, B>(gy), columns.shape());
    }
    [[nodiscard]] static Window window(const Shape<4>&, const Shape<3>&) {
        return Window::everything();
    }
    [[nodiscard]] static Cost cost(const Shape<4>& y, const Shape<3>& columns) {
        return detail::fold_cost(y, columns);
    }

private:
    [[nodiscard]] Shape<4> picture_shape(const Shape<3>& columns) const {
        const Index taps = std::max(Index{1}, options.kernel.h * options.kernel.w);
        const Shape<4> picture{columns[0], columns[1] / taps, size.h, size.w};
        const auto expected = detail::unfolded_shape(name, options, picture);
        if (!(columns == expected)) {
            throw_shape_error(name, "columns must be the windows of a picture of that size",
                              {{"columns (N, C kh kw, L)", dims_of(columns)},
                               {"expected", dims_of(expected)},
                               {"picture (N, C, H, W)", dims_of(picture)}});
        }
        return picture;
    }
};

/// @param x  (N, C, H, W)
/// @return   (N, C kh kw, L): windows in row-major order, L of them; in each the pixels (c, ky, kx)
/// @throws OptionError, ShapeError
template <TrackedExpr X>
[[nodiscard]] auto unfold(const X& x, const FoldOptions& o) {
    static_assert(
        X::rank == 4,
        "unfold: expected a picture (N, C, H, W), rank 4; add the batch axis with unsqueeze()");
    return apply(UnfoldOp{o}, x);
}

/// Adds windows up to a picture; pixels that none of them covers are zero.
/// @param columns  (N, C kh kw, L)
/// @param size     (H, W)
/// @return         (N, C, H, W)
/// @throws OptionError, ShapeError
template <TrackedExpr X>
[[nodiscard]] auto fold(const X& columns, Pair size, const FoldOptions& o) {
    static_assert(
        X::rank == 3,
        "fold: expected columns (N, C kh kw, L), rank 3; add the batch axis with unsqueeze()");
    return apply(FoldOp{size, o}, columns);
}

}  // namespace oldphoto
