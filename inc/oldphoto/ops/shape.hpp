#pragma once

#include <oldphoto/autograd/expression.hpp>

#include <concepts>

/// Ops that arrange elements and compute nothing. Their checks and error texts are the tensor
/// views' own (tensor/tensor.hpp). Gradients are views where they can be.
namespace oldphoto {

namespace detail {

/// What all of them share. A picture may be cut in bands of rows only where its rows stay rows.
struct Arrangement {
    template <std::size_t R, std::size_t... S>
    [[nodiscard]] static Window window(const Shape<R>&, const Shape<S>&...) {
        return Window::everything();
    }
    template <std::size_t R, std::size_t... S>
    [[nodiscard]] static Cost cost(const Shape<R>& y, const Shape<S>&...) {
        return {0, 8 * static_cast<double>(y.size())};
    }
};

/// Of an op that leaves all axes of a tensor of rank R as they are but one.
template <std::size_t R>
[[nodiscard]] Window window_along(std::size_t axis) {
    return R == 4 && axis < 2 ? Window::pointwise() : Window::everything();
}

}  // namespace detail

template <std::size_t S>
struct ReshapeOp : detail::Arrangement {
    static constexpr const char* name = "reshape";
    Shape<S> shape{};

    explicit ReshapeOp(const Shape<S>& to) : shape(to) {}

    template <class T, std::size_t R, class B>
    Tensor<T, S, B> forward(const Tensor<T, R, B>& x) const {
        return x.reshape(shape);
    }
    template <class T, std::size_t R, class B>
    Tensor<T, R, B> backward(const Tensor<T, S, B>& gy, const Tensor<T, R, B>& x) const {
        return gy.reshape(x.shape());
    }
};

struct UnsqueezeOp : detail::Arrangement {
    static constexpr const char* name = "unsqueeze";
    std::size_t axis;

    explicit UnsqueezeOp(std::size_t before) : axis(before) {}

    template <class T, std::size_t R, class B>
    Tensor<T, R + 1, B> forward(const Tensor<T, R, B>& x) const {
        return x.unsqueeze(axis);
    }
    template <class T, std::size_t R, class B>
    Tensor<T, R, B> backward(const Tensor<T, R + 1, B>& gy, const Tensor<T, R, B>&) const {
        return gy.squeeze(axis);
    }
};

struct SqueezeOp : detail::Arrangement {
    static constexpr const char* name = "squeeze";
    std::size_t axis;

    explicit SqueezeOp(std::size_t without) : axis(without) {}

    template <class T, std::size_t R, class B>
    Tensor<T, R - 1, B> forward(const Tensor<T, R, B>& x) const {
        return x.squeeze(axis);
    }
    template <class T, std::size_t R, class B>
    Tensor<T, R, B> backward(const Tensor<T, R - 1, B>& gy, const Tensor<T, R, B>&) const {
        return gy.unsqueeze(axis);
    }
};

template <std::size_t R>
struct PermuteOp : detail::Arrangement {
    static constexpr const char* name = "permute";
    Shape<R> order;

    explicit PermuteOp(const Shape<R>& axes) : order(axes) {}

    template <class T, class B>
    Tensor<T, R, B> forward(const Tensor<T, R, B>& x) const {
        return x.permute(order);
    }
    template <class T, class B>
    Tensor<T, R, B> backward(const Tensor<T, R, B>& gy, const Tensor<T, R, B>&) const {
        Shape<R> inverse{};
        for (std::size_t k = 0; k < R; ++k) {
            inverse[static_cast<std::size_t>(order[k])] = static_cast<Index>(k);
        }
        return gy.permute(inverse);
    }
};

struct TransposeOp : detail::Arrangement {
    static constexpr const char* name = "transpose";
    std::size_t a;
    std::size_t b;

    TransposeOp(std::size_t one, std::size_t other) : a(one), b(other) {}

    template <class T, std::size_t R, class B>
    Tensor<T, R, B> forward(const Tensor<T, R, B>& x) const {
        return x.transpose(a, b);
    }
    template <class T, std::size_t R, class B>
    Tensor<T, R, B> backward(const Tensor<T, R, B>& gy, const Tensor<T, R, B>&) const {
        return gy.transpose(a, b);
    }
};

template <std::size_t R>
struct BroadcastOp : detail::Arrangement {
    static constexpr const char* name = "broadcast_to";
    Shape<R> shape;

    explicit BroadcastOp(const Shape<R>& to) : shape(to) {}

    template <class T, class B>
    Tensor<T, R, B> forward(const Tensor<T, R, B>& x) const {
        return x.broadcast_to(shape);
    }
    template <class T, class B>
    Tensor<T, R, B> backward(const Tensor<T, R, B>& gy, const Tensor<T, R, B>& x) const {
        return reduce_to<SumReducer>(gy, x.shape());
    }
};

struct SliceOp : detail::Arrangement {
    static constexpr const char* name = "slice";
    std::size_t axis;
    Index begin;
    Index end;
    Index step;

    SliceOp(std::size_t along, Index first, Index last, Index by)
        : axis(along), begin(first), end(last), step(by) {}

    template <class T, std::size_t R, class B>
    Tensor<T, R, B> forward(const Tensor<T, R, B>& x) const {
        return x.slice(axis, begin, end, step);
    }
    template <class T, std::size_t R, class B>
    Tensor<T, R, B> backward(const Tensor<T, R, B>& gy, const Tensor<T, R, B>& x) const {
        auto gx = Tensor<T, R, B>::zeros(x.shape());
        gx.slice(axis, begin, end, step).assign(gy);
        return gx;
    }
    template <std::size_t R>
    [[nodiscard]] Window window(const Shape<R>&, const Shape<R>&) const {
        return detail::window_along<R>(axis);
    }
};

struct ConcatOp : detail::Arrangement {
    static constexpr const char* name = "concat";
    std::size_t axis;

    explicit ConcatOp(std::size_t along) : axis(along) {}

    template <class T, std::size_t R, class B, std::same_as<Tensor<T, R, B>>... X>
    Tensor<T, R, B> forward(const Tensor<T, R, B>& x, const X&... others) const {
        check_axis(name, axis, x.shape());
        auto shape = x.shape();
        (extend(shape, others.shape()), ...);
        auto y = Tensor<T, R, B>::uninitialized(shape);
        Index at = 0;
        const auto place = [&](const Tensor<T, R, B>& part) {
            y.slice(axis, at, at + part.dim(axis)).assign(part);
            at += part.dim(axis);
        };
        place(x);
        (place(others), ...);
        return y;
    }
    template <class T, std::size_t R, class B, std::same_as<Tensor<T, R, B>>... X>
    auto backward(const Tensor<T, R, B>& gy, const X&... parts) const {
        Index at = 0;
        const auto share = [&](Index extent) {
            at += extent;
            return gy.slice(axis, at - extent, at);
        };
        return std::tuple{share(parts.dim(axis))...};
    }
    template <std::size_t R, class... S>
    [[nodiscard]] Window window(const Shape<R>&, const S&...) const {
        return detail::window_along<R>(axis);
    }

private:
    template <std::size_t R>
    void extend(Shape<R>& shape, const Shape<R>& other) const {
        for (std::size_t k = 0; k < R; ++k) {
            if (k != axis && shape[k] != other[k]) {
                throw_shape_error(name, "extents must be equal but along the axis",
                                  {{"axis", {static_cast<Index>(axis)}},
                                   {"so far", dims_of(shape)},
                                   {"next", dims_of(other)}});
            }
        }
        shape[axis] += other[axis];
    }
};

/// The same elements in row-major order under another shape.
template <TrackedExpr X, std::size_t S>
[[nodiscard]] auto reshape(const X& x, const Shape<S>& shape) {
    return apply(ReshapeOp<S>(shape), x);
}
/// A new axis of extent 1 before `axis` (0 to the rank).
template <TrackedExpr X>
[[nodiscard]] auto unsqueeze(const X& x, std::size_t axis) {
    return apply(UnsqueezeOp(axis), x);
}
/// Without `axis`, whose extent must be 1.
template <TrackedExpr X>
[[nodiscard]] auto squeeze(const X& x, std::size_t axis) {
    return apply(SqueezeOp(axis), x);
}
/// Axis k of the result is axis order[k] of x.
template <TrackedExpr X>
[[nodiscard]] auto permute(const X& x, const Shape<X::rank>& order) {
    return apply(PermuteOp<X::rank>(order), x);
}
template <TrackedExpr X>
[[nodiscard]] auto transpose(const X& x, std::size_t a, std::size_t b) {
    return apply(TransposeOp(a, b), x);
}
/// Axes of extent 1 stretched to `shape`.
template <TrackedExpr X>
[[nodiscard]] auto broadcast_to(const X& x, const Shape<X::rank>& shape) {
    return apply(BroadcastOp<X::rank>(shape), x);
}
/// Elements begin, begin + step, ... below end of one axis.
template <TrackedExpr X>
[[nodiscard]] auto slice(const X& x, std::size_t axis, Index begin, Index end, Index step = 1) {
    return apply(SliceOp(axis, begin, end, step), x);
}
/// One behind the other along `axis`; the other extents are equal.
template <TrackedExpr X, TrackedExpr... Others>
[[nodiscard]] auto concat(std::size_t axis, const X& x, const Others&... others) {
    static_assert(((X::rank == Others::rank) && ...), "concat: all operands have the same rank");
    return apply(ConcatOp(axis), x, others...);
}

}  // namespace oldphoto
