#pragma once

#include <oldphoto/backend/cpu/attention.hpp>
#include <oldphoto/backend/cpu/conv.hpp>
#include <oldphoto/backend/cpu/fold.hpp>
#include <oldphoto/backend/cpu/gemm.hpp>
#include <oldphoto/backend/cpu/lower.hpp>
#include <oldphoto/backend/cpu/materialize.hpp>
#include <oldphoto/backend/cpu/max_adjoint.hpp>
#include <oldphoto/backend/cpu/pad.hpp>
#include <oldphoto/backend/cpu/patches.hpp>
#include <oldphoto/backend/cpu/pending.hpp>
#include <oldphoto/backend/cpu/pool.hpp>
#include <oldphoto/backend/cpu/resample.hpp>
#include <oldphoto/backend/host_memory.hpp>

#include <span>

namespace oldphoto {

/// The host processor: plans become loops over packs.
struct Cpu : HostMemory {
    static constexpr const char* name = "cpu";

    /// destination[i] = plan[i]
    template <class T, std::size_t R, Plan P>
    static void assign(const View<T, R>& destination, const P& plan) {
        cpu::assign(destination, cpu::BlockSource<T>(plan, destination.shape));
    }
    template <class Reducer, class T, std::size_t R, Plan P>
    [[nodiscard]] static T reduce_all(const P& plan, const Shape<R>& shape) {
        return cpu::reduce_all<Reducer>(cpu::BlockSource<T>(plan, shape), shape.size());
    }
    /// Reduces along the axes where `result` has extent 1.
    template <class Reducer, class T, std::size_t R, Plan P>
    static void reduce_axes(const View<T, R>& result, const P& plan, const Shape<R>& shape) {
        cpu::reduce_axes<Reducer>(result, cpu::BlockSource<T>(plan, shape), shape);
    }
    /// The adjoint of a maximum y of a dense x: gx, zero before, gets gy at the first element of x,
    /// in row-major order, that equals y.
    template <class T, std::size_t R>
    static void max_adjoint(const View<T, R>& x, const View<T, R>& y, const View<T, R>& gy,
                            const View<T, R>& gx) {
        cpu::max_adjoint(x, y, gy, gx);
    }

    /// C = A B, or C += A B.
    template <class T>
    static void gemm(const View<T, 2>& c, const View<T, 2>& a, const View<T, 2>& b,
                     bool accumulate = false) {
        cpu::gemm(c, a, b, accumulate);
    }
    /// The same for each matrix of a batch; a batch stride may be 0.
    template <class T>
    static void batched_gemm(const View<T, 3>& c, const View<T, 3>& a, const View<T, 3>& b,
                             bool accumulate = false) {
        cpu::batched_gemm(c, a, b, accumulate);
    }

    /// y = conv(x, w) + bias; bias and moments may be null. An element does not depend on how the
    /// picture is cut into bands of whole rows that begin at multiples of `band_step`; moments are
    /// merged into what is there, so that bands in their order give those of the whole.
    template <class T>
    static void conv2d(const ConvGeometry& g, const RowSource<T>& x, const View<T, 4>& w,
                       const T* bias, const View<T, 4>& y, Moments* moments) {
        cpu::conv2d(g, x, w, bias, y, moments);
    }
    /// What it holds for itself.
    template <class T>
    [[nodiscard]] static KernelMemory conv2d_memory(const ConvGeometry& g, const Shape<4>& w,
                                                    const Shape<4>& y) {
        return cpu::conv2d_memory<T>(g, w, y);
    }
    /// x = conv^T(y, w) + bias, the adjoint of conv2d in its input; bias and moments may be null.
    /// Bands as with conv2d.
    template <class T>
    static void conv2d_data(const ConvGeometry& g, const RowSource<T>& y, const View<T, 4>& w,
                            const T* bias, const View<T, 4>& x, Moments* moments) {
        cpu::conv2d_data(g, y, w, bias, x, moments);
    }
    template <class T>
    [[nodiscard]] static KernelMemory conv2d_data_memory(const ConvGeometry& g, const Shape<4>& w,
                                                         const Shape<4>& x) {
        return cpu::conv2d_data_memory<T>(g, w, x);
    }
    /// dw, the adjoint of conv2d in its weights.
    template <class T>
    static void conv2d_weights(const ConvGeometry& g, const RowSource<T>& x, const RowSource<T>& y,
                               const View<T, 4>& dw) {
        cpu::conv2d_weights(g, x, y, dw);
    }
    /// The adjoint of padding: gx from gy, both dense.
    template <class T>
    static void pad_adjoint(const Padding& padding, const View<T, 4>& gy, const View<T, 4>& gx) {
        cpu::pad_adjoint(padding, gy, gx);
    }
    /// The largest pixel of each window; of equal ones the first.
    template <class T>
    static void max_pool2d(const LineWindows& rows, const LineWindows& columns,
                           const RowSource<T>& x, const View<T, 4>& y) {
        cpu::max_pool2d(rows, columns, x, y);
    }
    /// Its adjoint: gx from gy, both dense; x is pulled to find the largest pixels again.
    template <class T>
    static void max_pool2d_adjoint(const LineWindows& rows, const LineWindows& columns,
                                   const RowSource<T>& x, const View<T, 4>& gy,
                                   const View<T, 4>& gx) {
        cpu::max_pool2d_adjoint(rows, columns, x, gy, gx);
    }
    /// Weighted sums along rows and columns; with both maps transposed, its own adjoint.
    template <class T>
    static void resample(const LineWeights& rows, const LineWeights& columns, const RowSource<T>& x,
                         const View<T, 4>& y) {
        cpu::resample(rows, columns, x, y);
    }
    /// Windows of a picture as columns (N, C kh kw, windows), dense.
    template <class T>
    static void unfold(const ConvGeometry& g, const RowSource<T>& x, const View<T, 3>& columns) {
        cpu::unfold(g, x, columns);
    }
    /// Its adjoint: columns added to the pixels that their windows cover; both dense.
    template <class T>
    static void fold(const ConvGeometry& g, const View<T, 3>& columns, const View<T, 4>& x) {
        cpu::fold(g, columns, x);
    }
    /// y = attention by `rule` (backend/attention_rule.hpp).
    /// @param gate  (N, K) numbers in [0, 1], or null for ones.
    /// @param y     (N, C, Q), written.
    /// @param rows  (3, N, Q), written: what the gradients need to know of each query.
    template <class T>
    static void attention(const AttentionRule& rule, const QueryKeyValue<T>& x, const T* gate,
                          const View<T, 3>& y, const View<T, 3>& rows) {
        cpu::attention(rule, x, gate, y, rows);
    }
    /// What it holds for itself.
    /// @param q, v  shapes
    template <class T>
    [[nodiscard]] static KernelMemory attention_memory(const Shape<3>& q, const Shape<3>& v) {
        return cpu::attention_memory<T>(q, v);
    }
    /// Its gradients by q, k and v, which are written, from gy; all dense.
    template <class T>
    static void attention_gradients(const AttentionRule& rule, const QueryKeyValue<T>& x,
                                    const T* gate, const View<T, 3>& y, const View<T, 3>& rows,
                                    const View<T, 3>& gy, const QueryKeyValue<T>& gradients) {
        cpu::attention_gradients(rule, x, gate, y, rows, gy, gradients);
    }
    /// For each of the queries, patches of a dense x (C, H, W), the key most like it: the one with
    /// the largest cosine between their elements, of equal ones the first. Written to `best`:
    /// positions in `keys`, of which there is at least one.
    template <class T>
    static void match_patches(const PatchGrid& grid, const View<T, 3>& x,
                              std::span<const Index> queries, std::span<const Index> keys,
                              Index* best) {
        cpu::match_patches(grid, x, queries, keys, best);
    }
    /// What it holds for itself.
    template <class T>
    [[nodiscard]] static KernelMemory match_patches_memory() noexcept {
        return cpu::match_patches_memory<T>();
    }
    /// The patches of y, zero before, from those of x that take their places; both dense.
    template <class T>
    static void copy_patches(const PatchGrid& grid, const View<T, 4>& x,
                             const PatchSources& sources, const View<T, 4>& y) {
        cpu::copy_patches(grid, x, sources, y);
    }
    /// Its adjoint: gx, zero before, from gy, both dense.
    template <class T>
    static void copy_patches_adjoint(const PatchGrid& grid, const View<T, 4>& gy,
                                     const PatchSources& sources, const View<T, 4>& gx) {
        cpu::copy_patches_adjoint(grid, gy, sources, gx);
    }
    /// Merges the moments of each plane of a dense (N, C, H, W) into N * C places.
    template <class T>
    static void moments_of_planes(const View<T, 4>& x, Moments* moments) {
        cpu::moments_of_planes(x, moments);
    }

    /// Rows of a raw tensor with what is pending on them.
    template <class T>
    using PendingRows = cpu::PendingRows<T>;
    /// An activation that travels with a tensor.
    template <class T>
    using RowFn = cpu::RowFn<T>;
    /// Writes all rows of a source into a tensor whose rows are dense.
    template <class T>
    static void materialize(const RowSource<T>& source, const View<T, 4>& x) {
        cpu::materialize(source, x);
    }
};

}  // namespace oldphoto
