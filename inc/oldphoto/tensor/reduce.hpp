#pragma once

#include <oldphoto/core/reducers.hpp>
#include <oldphoto/tensor/tensor.hpp>

#include <initializer_list>

/// Reductions of any expression, to one number or along axes. Axes that are reduced stay, with
/// extent 1, so that the result stretches back over its operand.
namespace oldphoto {

/// The shape after reducing along `axes`. @throws ShapeError for an axis at or above the rank.
template <std::size_t R>
[[nodiscard]] Shape<R> reduced_shape(const Shape<R>& shape,
                                     std::initializer_list<std::size_t> axes) {
    auto reduced = shape;
    for (const std::size_t axis : axes) {
        check_axis("reduce", axis, shape);
        reduced[axis] = 1;
    }
    return reduced;
}

/// Reduces `e` to `target`: along every axis where `target` has extent 1.
template <class Reducer, TensorExpr E>
[[nodiscard]] auto reduce_to(const E& e, const Shape<E::rank>& target) {
    using T = typename E::value_type;
    using B = typename E::backend_type;
    auto result = Tensor<T, E::rank, B>::uninitialized(target);
    B::template reduce_axes<Reducer>(result.view(), e.plan(e.shape()), e.shape());
    return result;
}

template <TensorExpr E>
[[nodiscard]] typename E::value_type sum(const E& e) {
    return E::backend_type::template reduce_all<SumReducer, typename E::value_type>(
        e.plan(e.shape()), e.shape());
}
template <TensorExpr E>
[[nodiscard]] auto sum(const E& e, std::initializer_list<std::size_t> axes) {
    return reduce_to<SumReducer>(e, reduced_shape(e.shape(), axes));
}

template <TensorExpr E>
[[nodiscard]] typename E::value_type mean(const E& e) {
    return sum(e) / static_cast<typename E::value_type>(e.shape().size());
}
template <TensorExpr E>
[[nodiscard]] auto mean(const E& e, std::initializer_list<std::size_t> axes) {
    auto total = sum(e, axes);
    using T = typename E::value_type;
    total *= static_cast<T>(total.size()) / static_cast<T>(e.shape().size());
    return total;
}

/// The largest element; -infinity where there is none.
template <TensorExpr E>
[[nodiscard]] typename E::value_type max(const E& e) {
    return E::backend_type::template reduce_all<MaxReducer, typename E::value_type>(
        e.plan(e.shape()), e.shape());
}
template <TensorExpr E>
[[nodiscard]] auto max(const E& e, std::initializer_list<std::size_t> axes) {
    return reduce_to<MaxReducer>(e, reduced_shape(e.shape(), axes));
}
template <TensorExpr E>
[[nodiscard]] typename E::value_type min(const E& e) {
    return -max(-e);
}
template <TensorExpr E>
[[nodiscard]] auto min(const E& e, std::initializer_list<std::size_t> axes) {
    return evaluate(-max(-e, axes));
}

/// The sum of absolute values.
template <TensorExpr E>
[[nodiscard]] typename E::value_type norm_l1(const E& e) {
    return sum(abs(e));
}
template <TensorExpr E>
[[nodiscard]] auto norm_l1(const E& e, std::initializer_list<std::size_t> axes) {
    return sum(abs(e), axes);
}
/// The Euclidean norm: the root of the sum of squares.
template <TensorExpr E>
[[nodiscard]] typename E::value_type norm_l2(const E& e) {
    return std::sqrt(sum(square(e)));
}
template <TensorExpr E>
[[nodiscard]] auto norm_l2(const E& e, std::initializer_list<std::size_t> axes) {
    return evaluate(sqrt(sum(square(e), axes)));
}

}  // namespace oldphoto
