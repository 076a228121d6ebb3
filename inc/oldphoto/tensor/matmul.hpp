#pragma once

#include <oldphoto/tensor/tensor.hpp>

/// Products of matrices. Transposed, sliced and broadcast views are read where they lie as long as
/// their rows or their columns are dense; others are copied first.
namespace oldphoto {

namespace detail {

/// The matrix, or the batch of them, with dense rows or columns.
template <class T, std::size_t R, class B>
[[nodiscard]] Tensor<T, R, B> gemm_operand(const Tensor<T, R, B>& m) {
    return m.strides()[R - 2] == 1 || m.strides()[R - 1] == 1 ? m : m.clone();
}

template <class T, class B>
[[nodiscard]] Tensor<T, 2, B> product(const Tensor<T, 2, B>& a, const Tensor<T, 2, B>& b) {
    if (a.dim(1) != b.dim(0)) {
        throw_shape_error("matmul", "columns of a must equal rows of b",
                          {{"a (M, K)", dims_of(a.shape())}, {"b (K, N)", dims_of(b.shape())}});
    }
    auto c = Tensor<T, 2, B>::uninitialized({a.dim(0), b.dim(1)});
    B::gemm(c.view(), gemm_operand(a).view(), gemm_operand(b).view());
    return c;
}

template <class T, class B>
[[nodiscard]] Tensor<T, 3, B> product(const Tensor<T, 3, B>& a, const Tensor<T, 3, B>& b) {
    const bool same_batch = a.dim(0) == b.dim(0) || a.dim(0) == 1 || b.dim(0) == 1;
    if (!same_batch || a.dim(2) != b.dim(1)) {
        throw_shape_error(
            "matmul",
            same_batch ? "columns of a must equal rows of b" : "batches must be equal, or 1",
            {{"a (S, M, K)", dims_of(a.shape())}, {"b (S, K, N)", dims_of(b.shape())}});
    }
    const Index batch = a.dim(0) == 1 ? b.dim(0) : a.dim(0);
    const auto operand = [batch](const Tensor<T, 3, B>& m) {
        return gemm_operand(m).broadcast_to({batch, m.dim(1), m.dim(2)});
    };
    auto c = Tensor<T, 3, B>::uninitialized({batch, a.dim(1), b.dim(2)});
    B::batched_gemm(c.view(), operand(a).view(), operand(b).view());
    return c;
}

/// A matrix (M, N) as (M, 1, N, 1), over whose axes of extent 1 the other factor of a Kronecker
/// product stretches.
template <class T, class B>
[[nodiscard]] Tensor<T, 4, B> kron_left(const Tensor<T, 2, B>& a) {
    return a.unsqueeze(1).unsqueeze(3);
}
/// A matrix (P, Q) as (1, P, 1, Q).
template <class T, class B>
[[nodiscard]] Tensor<T, 4, B> kron_right(const Tensor<T, 2, B>& b) {
    return b.unsqueeze(0).unsqueeze(2);
}

}  // namespace detail

/// C = A B of matrices, a (M, K) and b (K, N); or C[s] = A[s] B[s] of batches, a (S, M, K) and
/// b (S, K, N), where a batch of 1 serves all of the other's.
/// @throws ShapeError
template <TensorExpr A, TensorExpr C>
[[nodiscard]] auto matmul(const A& a, const C& b) {
    static_assert(A::rank == C::rank && (A::rank == 2 || A::rank == 3),
                  "matmul: expected two matrices (rank 2) or two batches of them (rank 3); add the "
                  "batch axis with unsqueeze(0)");
    return detail::product(evaluate(a), evaluate(b));
}

/// The Kronecker product, every element of a (M, N) times all of b (P, Q):
/// y[i * P + k, j * Q + l] = a[i, j] * b[k, l]. The elementwise product is operator*.
/// @return  (M * P, N * Q), written by one loop without intermediates
template <TensorExpr A, TensorExpr C>
[[nodiscard]] auto kron(const A& a, const C& b) {
    static_assert(A::rank == 2 && C::rank == 2, "kron: expected two matrices (rank 2)");
    const auto left = detail::kron_left(evaluate(a));
    const auto right = detail::kron_right(evaluate(b));
    const auto product = left * right;
    const auto shape = product.shape();
    auto y = Tensor<typename A::value_type, 2, typename A::backend_type>::uninitialized(
        {shape[0] * shape[1], shape[2] * shape[3]});
    y.reshape(shape).assign(product);
    return y;
}

}  // namespace oldphoto
