#pragma once

#include <oldphoto/backend/cpu/kernel_table.hpp>
#include <oldphoto/backend/cpu/scratch.hpp>
#include <oldphoto/backend/view.hpp>
#include <oldphoto/core/parallel.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

/// Products of matrices. A is cut into blocks that stay in the second cache, B into panels that
/// stay in the first, C into tiles that stay in registers (Goto and van de Geijn, "Anatomy of
/// high-performance matrix multiplication", 2008). Copying the blocks of A and B into the order in
/// which tiles read them is also what lets one product serve rows, columns and any stride.
///
/// An element of C is summed up in the order of the inner dimension, block by block of
/// `gemm_depth`, wherever its tile lies: it has the same bits in a part of a matrix.
namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// Blocks of A (96 KiB of float) and of B (512 KiB), and the depth of both.
inline constexpr Index gemm_depth = 256;
inline constexpr Index gemm_block_rows = 96;
inline constexpr Index gemm_block_columns = 512;

/// What a product holds on each thread.
template <class T>
[[nodiscard]] KernelMemory gemm_memory() noexcept {
    KernelMemory memory;
    memory.hold_on_all(3, bytes_of<T>(gemm_block_rows * gemm_depth));
    memory.hold_on_all(4, bytes_of<T>(gemm_block_columns * gemm_depth));
    return memory;
}

/// C = A B or C += A B for at most gemm_depth columns of A and as many rows of B, of which at most
/// gemm_block_columns columns are packed.
template <class T>
void multiply_packed(const GemmKernels<T>& kernels, const View<T, 2>& c, const View<T, 2>& a,
                     const T* packed_b, bool accumulate) {
    T* packed_a = scratch<T, 3>(gemm_block_rows * gemm_depth);
    for (Index i = 0; i < c.shape[0]; i += gemm_block_rows) {
        const Index height = std::min(gemm_block_rows, c.shape[0] - i);
        kernels.pack_rows(a.data + i * a.strides[0], a.strides[0], a.strides[1], height, a.shape[1],
                          packed_a);
        kernels.multiply_panels(packed_a, packed_b, a.shape[1],
                                {c.data + i * c.strides[0], {height, c.shape[1]}, c.strides},
                                accumulate);
    }
}

/// C = A B or C += A B on the calling thread. C has dense rows; A and B are best read where their
/// rows or their columns are dense.
template <class T>
void gemm_serial(const View<T, 2>& c, const View<T, 2>& a, const View<T, 2>& b, bool accumulate) {
    const Index m = c.shape[0];
    const Index n = c.shape[1];
    const Index depth = a.shape[1];
    if (depth == 0 && !accumulate) {
        for (Index row = 0; row < m; ++row) std::fill_n(c.data + row * c.strides[0], n, T(0));
    }
    const auto& kernels = gemm_kernels<T>();
    T* packed_b = scratch<T, 4>(gemm_block_columns * gemm_depth);
    for (Index k = 0; k < depth; k += gemm_depth) {
        const Index steps = std::min(gemm_depth, depth - k);
        const View<T, 2> a_part{a.data + k * a.strides[1], {m, steps}, a.strides};
        for (Index j = 0; j < n; j += gemm_block_columns) {
            const Index width = std::min(gemm_block_columns, n - j);
            kernels.pack_columns(b.data + k * b.strides[0] + j * b.strides[1], b.strides[1],
                                 b.strides[0], width, steps, packed_b);
            multiply_packed(kernels, {c.data + j, {m, width}, c.strides}, a_part, packed_b,
                            accumulate || k > 0);
        }
    }
}

/// At most gemm_block_columns columns of a matrix B, packed to be multiplied again and again.
template <class T>
class PackedColumns {
public:
    /// Numbers that a matrix of this size takes.
    [[nodiscard]] static Index size(Index depth, Index columns) {
        const auto& kernels = gemm_kernels<T>();
        const auto filled = [](Index n, Index tile) { return Partition{n, tile}.chunks() * tile; };
        return filled(columns, kernels.tile_columns) * filled(depth, kernels.tile_depth);
    }

    /// @param memory  size() places, which must outlive it.
    PackedColumns(const View<T, 2>& b, T* memory)
        : kernels_(gemm_kernels<T>()), columns_(b.shape[1]), packed_(memory) {
        for (Index k = 0; k < b.shape[0]; k += gemm_depth) {
            kernels_.pack_columns(b.data + k * b.strides[0], b.strides[1], b.strides[0], columns_,
                                  std::min(gemm_depth, b.shape[0] - k), memory + size(k, columns_));
        }
    }

    /// C = A B
    void multiply(const View<T, 2>& c, const View<T, 2>& a) const {
        for (Index k = 0; k < a.shape[1]; k += gemm_depth) {
            const Index steps = std::min(gemm_depth, a.shape[1] - k);
            multiply_packed(kernels_, c,
                            {a.data + k * a.strides[1], {a.shape[0], steps}, a.strides},
                            packed_ + size(k, columns_), k > 0);
        }
    }

private:
    const GemmKernels<T>& kernels_;
    Index columns_;
    const T* packed_;
};

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
