#pragma once

#include <oldphoto/backend/view.hpp>
#include <oldphoto/core/parallel.hpp>

#include <Eigen/Core>

#include <algorithm>

namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

namespace detail {

using Eigen::Dynamic;
template <class T, int Order>
using MatrixMap =
    Eigen::Map<Eigen::Matrix<T, Dynamic, Dynamic, Order>, Eigen::Unaligned, Eigen::OuterStride<>>;

template <class T, int OrderA, int OrderB>
void gemm_in_orders(const View<T, 2>& c, const View<T, 2>& a, const View<T, 2>& b,
                    bool accumulate) {
    const auto outer = [](const View<T, 2>& m, int order) {
        return Eigen::OuterStride<>(m.strides[order == Eigen::RowMajor ? 0 : 1]);
    };
    const MatrixMap<T, OrderA> left(a.data, a.shape[0], a.shape[1], outer(a, OrderA));
    const MatrixMap<T, OrderB> right(b.data, b.shape[0], b.shape[1], outer(b, OrderB));
    MatrixMap<T, Eigen::RowMajor> result(c.data, c.shape[0], c.shape[1], outer(c, Eigen::RowMajor));
    if (!accumulate) result.setZero();
    result.noalias() += left * right;
}

}  // namespace detail

/// C = A B or C += A B on the calling thread. Columns of C lie side by side; of A and B either the
/// rows or the columns do.
template <class T>
void gemm_serial(const View<T, 2>& c, const View<T, 2>& a, const View<T, 2>& b, bool accumulate) {
#ifdef EIGEN_HAS_OPENMP
    // Eigen would cut the work by the number of threads, and with it change the bits.
    static const bool once = (Eigen::setNbThreads(1), true);
    static_cast<void>(once);
#endif
    using Eigen::ColMajor;
    using Eigen::RowMajor;
    const bool rows_of_a = a.strides[1] == 1;
    const bool rows_of_b = b.strides[1] == 1;
    if (rows_of_a && rows_of_b) {
        detail::gemm_in_orders<T, RowMajor, RowMajor>(c, a, b, accumulate);
    } else if (rows_of_a) {
        detail::gemm_in_orders<T, RowMajor, ColMajor>(c, a, b, accumulate);
    } else if (rows_of_b) {
        detail::gemm_in_orders<T, ColMajor, RowMajor>(c, a, b, accumulate);
    } else {
        detail::gemm_in_orders<T, ColMajor, ColMajor>(c, a, b, accumulate);
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
