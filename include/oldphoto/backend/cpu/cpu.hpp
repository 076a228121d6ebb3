#pragma once

#include <oldphoto/backend/cpu/conv.hpp>
#include <oldphoto/backend/cpu/gemm.hpp>
#include <oldphoto/backend/cpu/lower.hpp>
#include <oldphoto/backend/cpu/pad.hpp>
#include <oldphoto/backend/cpu/pending.hpp>

#include <cstring>
#include <memory>
#include <new>

namespace oldphoto {

/// The host processor: plans become loops over packs, matrix products go to Eigen.
struct Cpu {
    static constexpr const char* name = "cpu";

    /// Uninitialised memory for n elements, aligned to 64 bytes, freed with the last handle.
    template <class T>
    [[nodiscard]] static std::shared_ptr<T> allocate(Index n) {
        constexpr std::align_val_t alignment{64};
        const auto bytes = static_cast<std::size_t>(n) * sizeof(T);
        return std::shared_ptr<T>(static_cast<T*>(::operator new(bytes, alignment)),
                                  [](T* p) { ::operator delete(p, alignment); });
    }
    template <class T>
    static void upload(const T* host, T* device, Index n) {
        if (n > 0) std::memcpy(device, host, static_cast<std::size_t>(n) * sizeof(T));
    }
    template <class T>
    static void download(const T* device, T* host, Index n) {
        if (n > 0) std::memcpy(host, device, static_cast<std::size_t>(n) * sizeof(T));
    }

    /// destination[i] = plan[i]
    template <class T, std::size_t R, Plan P>
    static void assign(const View<T, R>& destination, const P& plan) {
        cpu::assign(destination, plan);
    }
    template <class Reducer, class T, std::size_t R, Plan P>
    [[nodiscard]] static T reduce_all(const P& plan, const Shape<R>& shape) {
        return cpu::reduce_all<Reducer, T>(plan, shape);
    }
    /// Reduces along the axes where `result` has extent 1.
    template <class Reducer, class T, std::size_t R, Plan P>
    static void reduce_axes(const View<T, R>& result, const P& plan, const Shape<R>& shape) {
        cpu::reduce_axes<Reducer>(result, plan, shape);
    }

    /// C = A B, or C += A B.
    template <class T>
    static void gemm(const View<T, 2>& c, const View<T, 2>& a, const View<T, 2>& b,
                     bool accumulate = false) {
        cpu::gemm(c, a, b, accumulate);
    }

    /// y = conv(x, w) + bias; bias and moments may be null.
    template <class T>
    static void conv2d(const ConvGeometry& g, const RowSource<T>& x, const View<T, 4>& w,
                       const T* bias, const View<T, 4>& y, Moments* moments) {
        cpu::conv2d(g, x, w, bias, y, moments);
    }
    /// x = conv^T(y, w) + bias, the adjoint of conv2d in its input; bias and moments may be null.
    template <class T>
    static void conv2d_data(const ConvGeometry& g, const RowSource<T>& y, const View<T, 4>& w,
                            const T* bias, const View<T, 4>& x, Moments* moments) {
        cpu::conv2d_data(g, y, w, bias, x, moments);
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
    /// Moments of each plane of a dense (N, C, H, W), into N * C places.
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
    /// Writes all rows of a source into a dense tensor.
    template <class T>
    static void materialize(const RowSource<T>& source, const View<T, 4>& x) {
        cpu::materialize(source, x);
    }
};

}  // namespace oldphoto
