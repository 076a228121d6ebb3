#pragma once

#include <oldphoto/autograd/expression.hpp>

#include <limits>

/// Reductions of variables: of everything, to a variable of rank 0, or along axes, which stay with
/// extent 1. All throw ShapeError for an axis at or above the rank.
namespace oldphoto {

namespace detail {

/// What an op that reduces rank R leaves: `kept` has extent 1 along the axes that go. Its result
/// has that shape (S = R) or, where everything goes, rank 0 (S = 0).
template <std::size_t R, std::size_t S>
struct Reduction {
    static_assert(S == R || S == 0);

    Shape<R> kept;

    template <class Reducer, TensorExpr E>
    [[nodiscard]] auto reduce(const E& e) const {
        const auto reduced = reduce_to<Reducer>(e, kept);
        if constexpr (S == R) {
            return reduced;
        } else {
            return reduced.reshape(Shape<0>{});
        }
    }
    /// A result, or its gradient, so that it stretches over the operand.
    template <class T, class B>
    [[nodiscard]] Tensor<T, R, B> aligned(const Tensor<T, S, B>& result) const {
        return result.reshape(kept);
    }

    [[nodiscard]] static Window window(const Shape<S>&, const Shape<R>&) {
        return Window::everything();
    }
    [[nodiscard]] static Cost cost(const Shape<S>&, const Shape<R>& x) {
        const auto elements = static_cast<double>(x.size());
        return {elements, 4 * elements};
    }
};

template <template <std::size_t, std::size_t> class Op, std::size_t R>
[[nodiscard]] Op<R, 0> reducing_everything(const Shape<R>&) {
    Op<R, 0> op{};
    for (std::size_t k = 0; k < R; ++k) op.kept[k] = 1;
    return op;
}
template <template <std::size_t, std::size_t> class Op, std::size_t R>
[[nodiscard]] Op<R, R> reducing_along(const Shape<R>& shape,
                                      std::initializer_list<std::size_t> axes) {
    Op<R, R> op{};
    op.kept = reduced_shape(shape, axes);
    return op;
}

}  // namespace detail

/// The sum, or the mean: the sum over how many there are. dL/dx = g, or g over as many.
template <std::size_t R, std::size_t S, bool Mean>
struct ScaledSumOp : detail::Reduction<R, S> {
    static constexpr const char* name = Mean ? "mean" : "sum";

    template <class T, class B>
    Tensor<T, S, B> forward(const Tensor<T, R, B>& x) const {
        const auto total = this->template reduce<SumReducer>(x);
        if constexpr (Mean) total *= factor(x.shape());
        return total;
    }
    template <class T, class B>
    Tensor<T, R, B> backward(const Tensor<T, S, B>& gy, const Tensor<T, R, B>& x) const {
        const Tensor<T, R, B> g = this->aligned(gy) * factor(x.shape());
        return g.broadcast_to(x.shape());
    }

private:
    [[nodiscard]] double factor(const Shape<R>& x) const {
        return Mean ? static_cast<double>(this->kept.size()) / static_cast<double>(x.size()) : 1;
    }
};
template <std::size_t R, std::size_t S>
using SumOp = ScaledSumOp<R, S, false>;
template <std::size_t R, std::size_t S>
using MeanOp = ScaledSumOp<R, S, true>;

/// The largest element. dL/dx = g at the first of the largest, in row-major order, 0 elsewhere.
template <std::size_t R, std::size_t S>
struct MaxOp : detail::Reduction<R, S> {
    static constexpr const char* name = "max";

    template <class T, class B>
    Tensor<T, S, B> forward(const Tensor<T, R, B>& x) const {
        return this->template reduce<MaxReducer>(x);
    }
    template <class T, class B>
    Tensor<T, R, B> backward(const Tensor<T, S, B>& gy, const Tensor<T, R, B>& x) const {
        const auto y = reduce_to<MaxReducer>(x, this->kept);
        const auto gx = Tensor<T, R, B>::zeros(x.shape());
        B::max_adjoint(x.view(), y.view(), this->aligned(gy).view(), gx.view());
        return gx;
    }
};

/// The sum of absolute values. dL/dx = g * sign(x).
template <std::size_t R, std::size_t S>
struct NormL1Op : detail::Reduction<R, S> {
    static constexpr const char* name = "norm_l1";

    template <class T, class B>
    Tensor<T, S, B> forward(const Tensor<T, R, B>& x) const {
        return this->template reduce<SumReducer>(abs(x));
    }
    template <class T, class B>
    Tensor<T, R, B> backward(const Tensor<T, S, B>& gy, const Tensor<T, R, B>& x) const {
        return this->aligned(gy) * sign(x);
    }
};

/// The Euclidean norm y. dL/dx = g * x / y, taken as 0 where y = 0.
template <std::size_t R, std::size_t S>
struct NormL2Op : detail::Reduction<R, S> {
    static constexpr const char* name = "norm_l2";

    template <class T, class B>
    Tensor<T, S, B> forward(const Tensor<T, R, B>& x) const {
        return sqrt(this->template reduce<SumReducer>(square(x)));
    }
    template <class T, class B>
    Tensor<T, R, B> backward(const Tensor<T, S, B>& gy, const Tensor<T, R, B>& x) const {
        const auto squares = reduce_to<SumReducer>(square(x), this->kept);
        const Tensor<T, R, B> share =
            this->aligned(gy) / maximum(sqrt(squares), std::numeric_limits<T>::min());
        return share * x;
    }
};

/// @return a Variable of rank 0
template <TrackedExpr X>
[[nodiscard]] auto sum(const X& x) {
    return apply(detail::reducing_everything<SumOp>(x.shape()), x);
}
/// @return a Variable of x's rank; extents along `axes` are 1
template <TrackedExpr X>
[[nodiscard]] auto sum(const X& x, std::initializer_list<std::size_t> axes) {
    return apply(detail::reducing_along<SumOp>(x.shape(), axes), x);
}

template <TrackedExpr X>
[[nodiscard]] auto mean(const X& x) {
    return apply(detail::reducing_everything<MeanOp>(x.shape()), x);
}
template <TrackedExpr X>
[[nodiscard]] auto mean(const X& x, std::initializer_list<std::size_t> axes) {
    return apply(detail::reducing_along<MeanOp>(x.shape(), axes), x);
}

template <TrackedExpr X>
[[nodiscard]] auto max(const X& x) {
    return apply(detail::reducing_everything<MaxOp>(x.shape()), x);
}
template <TrackedExpr X>
[[nodiscard]] auto max(const X& x, std::initializer_list<std::size_t> axes) {
    return apply(detail::reducing_along<MaxOp>(x.shape(), axes), x);
}

template <TrackedExpr X>
[[nodiscard]] auto norm_l1(const X& x) {
    return apply(detail::reducing_everything<NormL1Op>(x.shape()), x);
}
template <TrackedExpr X>
[[nodiscard]] auto norm_l1(const X& x, std::initializer_list<std::size_t> axes) {
    return apply(detail::reducing_along<NormL1Op>(x.shape(), axes), x);
}

template <TrackedExpr X>
[[nodiscard]] auto norm_l2(const X& x) {
    return apply(detail::reducing_everything<NormL2Op>(x.shape()), x);
}
template <TrackedExpr X>
[[nodiscard]] auto norm_l2(const X& x, std::initializer_list<std::size_t> axes) {
    return apply(detail::reducing_along<NormL2Op>(x.shape(), axes), x);
}

}  // namespace oldphoto
