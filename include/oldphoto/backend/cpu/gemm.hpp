#pragma once

#include <oldphoto/backend/view.hpp>
#include <oldphoto/core/parallel.hpp>

#include <Eigen/Core>

#include <algorithm>

namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// Whether the elements of a row or those of a column lie side by side.
enum class Order { rows, columns };

/// C = A B or C += A B on the calling thread; C by rows. The orders are template arguments because
/// each pair costs a program the compilation of one more product.
///
/// Calls the product under Eigen's expressions, the entry that its own BLAS uses: `c += a * b`
/// would have a program compile matrix-vector and coefficient-wise products besides, which takes a
/// compiler three times as long.
template <Order order_a, Order order_b, class T>
void gemm_serial(const View<T, 2>& c, const View<T, 2>& a, const View<T, 2>& b, bool accumulate) {
    using Eigen::Dynamic;
    constexpr int major_a = order_a == Order::rows ? Eigen::RowMajor : Eigen::ColMajor;
    constexpr int major_b = order_b == Order::rows ? Eigen::RowMajor : Eigen::ColMajor;
    using Product =
        Eigen::internal::general_matrix_matrix_product<Index, T, major_a, false, T, major_b, false,
                                                       Eigen::RowMajor, 1>;
    const Index m = c.shape[0];
    const Index n = c.shape[1];
    const Index k = a.shape[1];
    if (!accumulate) {
        for (Index row = 0; row < m; ++row) std::fill_n(c.data + row * c.strides[0], n, T(0));
    }
    if (m == 0 || n == 0 || k == 0) return;
    const auto stride = [](const View<T, 2>& x, Order order) {
        return x.strides[order == Order::rows ? 0 : 1];
    };
    // One thread: Eigen would cut the work by the number of threads, and with it change the bits.
    Eigen::internal::gemm_blocking_space<Eigen::RowMajor, T, T, Dynamic, Dynamic, Dynamic> blocking(
        m, n, k, 1, true);
    Product::run(m, n, k, a.data, stride(a, order_a), b.data, stride(b, order_b), c.data, 1,
                 c.strides[0], T(1), blocking, nullptr);
}

/// The same for operands of which either the rows or the columns lie side by side.
template <class T>
void gemm_serial(const View<T, 2>& c, const View<T, 2>& a, const View<T, 2>& b, bool accumulate) {
    const bool rows_a = a.strides[1] == 1;
    const bool rows_b = b.strides[1] == 1;
    if (rows_a && rows_b) {
        gemm_serial<Order::rows, Order::rows>(c, a, b, accumulate);
    } else if (rows_a) {
        gemm_serial<Order::rows, Order::columns>(c, a, b, accumulate);
    } else if (rows_b) {
        gemm_serial<Order::columns, Order::rows>(c, a, b, accumulate);
    } else {
        gemm_serial<Order::columns, Order::columns>(c, a, b, accumulate);
    }
}

/// C[s] = A[s] B[s] or C[s] += A[s] B[s] for all matrices of a batch, on all threads. Each C[s] is
/// cut along its longer side, into blocks that follow from the shape.
template <class T>
void batched_gemm(const View<T, 3>& c, const View<T, 3>& a, const View<T, 3>& b, bool accumulate) {
    constexpr Index lines = 256;
    const std::size_t side = c.shape[1] > c.shape[2] ? 0 : 1;
    const Index length = c.shape[side + 1];
    const Index blocks = Partition{length, lines}.chunks();
    for_each_chunk({c.shape[0] * blocks, 1}, [&](Index begin, Index end) {
        for (Index k = begin; k < end; ++k) {
            const auto matrix = [s = k / blocks](const View<T, 3>& m) {
                return View<T, 2>{m.data + s * m.strides[0],
                                  {m.shape[1], m.shape[2]},
                                  {m.strides[1], m.strides[2]}};
            };
            const Index first = k % blocks * lines;
            const auto block = [&](View<T, 2> m) {
                m.data += first * m.strides[side];
                m.shape[side] = std::min(lines, length - first);
                return m;
            };
            gemm_serial(block(matrix(c)), side == 0 ? block(matrix(a)) : matrix(a),
                        side == 1 ? block(matrix(b)) : matrix(b), accumulate);
        }
    });
}

/// C = A B or C += A B on all threads.
template <class T>
void gemm(const View<T, 2>& c, const View<T, 2>& a, const View<T, 2>& b, bool accumulate) {
    const auto batch = [](const View<T, 2>& m) {
        return View<T, 3>{m.data, {1, m.shape[0], m.shape[1]}, {0, m.strides[0], m.strides[1]}};
    };
    batched_gemm(batch(c), batch(a), batch(b), accumulate);
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
