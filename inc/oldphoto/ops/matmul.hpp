#pragma once

#include <oldphoto/autograd/expression.hpp>
#include <oldphoto/tensor/matmul.hpp>

namespace oldphoto {

/// C = A B.  dA = dC B^T,  dB = A^T dC.
struct MatMulOp {
    static constexpr const char* name = "matmul";

    template <class T, class B>
    static Tensor<T, 2, B> forward(const Tensor<T, 2, B>& a, const Tensor<T, 2, B>& b) {
        return matmul(a, b);
    }
    template <class T, class B>
    static auto backward(const Tensor<T, 2, B>& gc, const std::array<bool, 2>& wanted,
                         const Tensor<T, 2, B>& a, const Tensor<T, 2, B>& b) {
        Tensor<T, 2, B> ga;
        Tensor<T, 2, B> gb;
        if (wanted[0]) ga = matmul(gc, b.transpose(0, 1));
        if (wanted[1]) gb = matmul(a.transpose(0, 1), gc);
        return std::tuple{ga, gb};
    }
    [[nodiscard]] static Window window(const Shape<2>&, const Shape<2>&, const Shape<2>&) {
        return Window::everything();
    }
    [[nodiscard]] static Cost cost(const Shape<2>& c, const Shape<2>& a, const Shape<2>& b) {
        return {2 * static_cast<double>(c.size() * a[1]),
                4 * static_cast<double>(a.size() + b.size() + c.size())};
    }
};

/// C[s] = A[s] B[s]; the gradients are those of the matrices, summed where one serves a whole
/// batch.
struct BatchedMatMulOp {
    static constexpr const char* name = "matmul";

    template <class T, class B>
    static Tensor<T, 3, B> forward(const Tensor<T, 3, B>& a, const Tensor<T, 3, B>& b) {
        return matmul(a, b);
    }
    template <class T, class B>
    static auto backward(const Tensor<T, 3, B>& gc, const std::array<bool, 2>& wanted,
                         const Tensor<T, 3, B>& a, const Tensor<T, 3, B>& b) {
        const auto shrunk = [](const Tensor<T, 3, B>& g, const Shape<3>& shape) {
            return g.shape() == shape ? g : reduce_to<SumReducer>(g, shape);
        };
        Tensor<T, 3, B> ga;
        Tensor<T, 3, B> gb;
        if (wanted[0]) ga = shrunk(matmul(gc, b.transpose(1, 2)), a.shape());
        if (wanted[1]) gb = shrunk(matmul(a.transpose(1, 2), gc), b.shape());
        return std::tuple{ga, gb};
    }
    [[nodiscard]] static Window window(const Shape<3>&, const Shape<3>&, const Shape<3>&) {
        return Window::everything();
    }
    [[nodiscard]] static Cost cost(const Shape<3>& c, const Shape<3>& a, const Shape<3>& b) {
        return {2 * static_cast<double>(c.size() * a[2]),
                4 * static_cast<double>(a.size() + b.size() + c.size())};
    }
};

/// Y = A (x) B.  dA[i, j] = sum over k, l of dY[i P + k, j Q + l] B[k, l], and dB likewise.
struct KroneckerOp {
    static constexpr const char* name = "kron";

    template <class T, class B>
    static Tensor<T, 2, B> forward(const Tensor<T, 2, B>& a, const Tensor<T, 2, B>& b) {
        return kron(a, b);
    }
    template <class T, class B>
    static auto backward(const Tensor<T, 2, B>& gy, const std::array<bool, 2>& wanted,
                         const Tensor<T, 2, B>& a, const Tensor<T, 2, B>& b) {
        const auto g = gy.reshape(Shape<4>{a.dim(0), b.dim(0), a.dim(1), b.dim(1)});
        Tensor<T, 2, B> ga;
        Tensor<T, 2, B> gb;
        if (wanted[0]) ga = sum(g * detail::kron_right(b), {1, 3}).reshape(a.shape());
        if (wanted[1]) gb = sum(g * detail::kron_left(a), {0, 2}).reshape(b.shape());
        return std::tuple{ga, gb};
    }
    [[nodiscard]] static Window window(const Shape<2>&, const Shape<2>&, const Shape<2>&) {
        return Window::everything();
    }
    [[nodiscard]] static Cost cost(const Shape<2>& y, const Shape<2>& a, const Shape<2>& b) {
        return {static_cast<double>(y.size()),
                4 * static_cast<double>(a.size() + b.size() + y.size())};
    }
};

/// The product of two matrices, or of two batches of them; see tensor/matmul.hpp.
/// @throws ShapeError
template <TrackedExpr A, TrackedExpr C>
[[nodiscard]] auto matmul(const A& a, const C& b) {
    static_assert(A::rank == C::rank && (A::rank == 2 || A::rank == 3),
                  "matmul: expected two matrices (rank 2) or two batches of them (rank 3); add the "
                  "batch axis with unsqueeze(0)");
    return apply(std::conditional_t<A::rank == 2, MatMulOp, BatchedMatMulOp>{}, a, b);
}

/// The Kronecker product of two matrices; see tensor/matmul.hpp.
template <TrackedExpr A, TrackedExpr C>
[[nodiscard]] auto kron(const A& a, const C& b) {
    static_assert(A::rank == 2 && C::rank == 2, "kron: expected two matrices (rank 2)");
    return apply(KroneckerOp{}, a, b);
}

}  // namespace oldphoto
