#pragma once

#include <oldphoto/autograd/expression.hpp>

#include <algorithm>

/// A weight divided by its largest singular value, read as a matrix M whose rows are the extents of
/// one axis. The singular vectors are kept in the weight's rank, with extent 1 where they stretch:
/// for rows along axis 0 of (O, C, kh, kw), u is (O, 1, 1, 1) and v (1, C, kh, kw).
/// Source: Miyato, Kataoka, Koyama, Yoshida, "Spectral normalization for generative adversarial
/// networks", ICLR 2018, algorithm 1.
namespace oldphoto {

namespace detail {

/// x / max(||x||, 1e-12)
template <class T, std::size_t R, class B>
[[nodiscard]] auto unit_vector(const Tensor<T, R, B>& x) {
    return x / std::max(norm_l2(x), T(1e-12));
}

}  // namespace detail

/// One step of the power iteration, written to v and then u: v = M^T u / ||M^T u||,
/// u = M v / ||M v||.
template <class T, std::size_t R, class B>
void power_iteration(const Tensor<T, R, B>& w, const Tensor<T, R, B>& u, const Tensor<T, R, B>& v) {
    v.assign(detail::unit_vector(reduce_to<SumReducer>(w * u, v.shape())));
    u.assign(detail::unit_vector(reduce_to<SumReducer>(w * v, u.shape())));
}

/// y = w / sigma, sigma = u^T M v = sum(w * u * v). u and v are constants:
///
///     dL/dw = (g - sum(g * y) * u * v) / sigma
template <class T, std::size_t R, class B>
struct SpectralNormOp {
    static constexpr const char* name = "spectral_norm";
    Tensor<T, R, B> u;
    Tensor<T, R, B> v;

    T sigma{};  ///< kept for backward

    Tensor<T, R, B> forward(const Tensor<T, R, B>& w) {
        check(w.shape());
        sigma = sum(w * u * v);
        return w / sigma;
    }
    Tensor<T, R, B> backward(const Tensor<T, R, B>& gy, const Tensor<T, R, B>& w) const {
        const T share = sum(gy * w) / sigma;
        return (gy - share * u * v) / sigma;
    }
    [[nodiscard]] static Window window(const Shape<R>&, const Shape<R>&) {
        return Window::everything();
    }
    [[nodiscard]] static Cost cost(const Shape<R>& y, const Shape<R>&) {
        return {4 * static_cast<double>(y.size()), 12 * static_cast<double>(y.size())};
    }

private:
    void check(const Shape<R>& w) const {
        if (u.size() * v.size() != w.size() ||
            !(broadcast_shapes(u.shape(), v.shape(), name) == w)) {
            throw_shape_error(
                name, "u times v must have the shape of the weight",
                {{"w", dims_of(w)}, {"u", dims_of(u.shape())}, {"v", dims_of(v.shape())}});
        }
    }
};

/// w / sum(w * u * v). Copies u and v, so that a later power iteration does not change what this
/// one's gradient is computed from.
/// @param u, v  unit vectors as power_iteration() leaves them
/// @throws ShapeError
template <TrackedExpr W, class T = typename W::value_type, class B = typename W::backend_type>
[[nodiscard]] auto spectral_norm(const W& w, const Tensor<T, W::rank, B>& u,
                                 const Tensor<T, W::rank, B>& v) {
    return apply(SpectralNormOp<T, W::rank, B>{u.clone(), v.clone()}, w);
}

}  // namespace oldphoto
