#pragma once

#include <oldphoto/autograd/expression.hpp>

#include <cmath>

namespace oldphoto {

namespace detail {

/// The value of a norm is its input with scale and shift pending.
template <class T, class B>
[[nodiscard]] Deferred<T, B> normalized(const Deferred<T, B>& x, const Tensor<T, 4, B>& mean,
                                        const Tensor<T, 4, B>& inverse_deviation,
                                        const Tensor<T, 1, B>& weight,
                                        const Tensor<T, 1, B>& bias) {
    const auto per_channel = [](const Tensor<T, 1, B>& v) {
        return v.reshape(Shape<4>{1, v.dim(0), 1, 1});
    };
    Tensor<T, 4, B> scale = inverse_deviation.clone();
    if (weight.size() != 0) scale *= per_channel(weight);
    Tensor<T, 4, B> shift = -(mean * scale);
    if (bias.size() != 0) shift += per_channel(bias);
    return x.with_affine(scale, shift);
}

/// What a norm works on: a value with nothing pending.
template <class T, class B>
[[nodiscard]] Deferred<T, B> norm_input(const Variable<T, 4, B>& x) {
    return x.deferred().plain() ? x.deferred() : Deferred<T, B>(x.value());
}

inline void check_norm(const char* name, const Shape<4>& x, const Shape<1>& weight,
                       const Shape<1>& bias) {
    if ((weight[0] != 0 && weight[0] != x[1]) || bias[0] != weight[0]) {
        throw_shape_error(name, "weight and bias have one number for each channel, or none",
                          {{"x (N, C, H, W)", to_vector(x)},
                           {"weight (C)", to_vector(weight)},
                           {"bias (C)", to_vector(bias)}});
    }
    if (x[0] * x[2] * x[3] == 0) {
        throw_shape_error(name, "statistics need at least one pixel",
                          {{"x (N, C, H, W)", to_vector(x)}});
    }
}

}  // namespace detail

/// y = (x - mean) / sqrt(variance + eps) * weight + bias, with mean and biased variance of each
/// plane (n, c). Only annotates: its input's producer has gathered the moments.
///
///     dL/dx = weight / sqrt(variance + eps) * (g - mean(g) - xhat * mean(g * xhat))
///
/// Source: Ulyanov, Vedaldi, Lempitsky, "Instance normalization", 2016.
template <class T, class B>
struct InstanceNormOp {
    static constexpr const char* name = "instance_norm";
    double eps = 1e-5;

    // Kept for backward: (N, C, 1, 1).
    Tensor<T, 4, B> mean;
    Tensor<T, 4, B> inverse_deviation;

    Deferred<T, B> forward(const Variable<T, 4, B>& x, const Variable<T, 1, B>& weight,
                           const Variable<T, 1, B>& bias) {
        detail::check_norm(name, x.shape(), weight.shape(), bias.shape());
        const auto input = detail::norm_input(x);
        const auto moments = input.moments();
        std::vector<T> means;
        std::vector<T> deviations;
        for (const Moments& m : *moments) {
            means.push_back(static_cast<T>(m.mean));
            deviations.push_back(static_cast<T>(1 / std::sqrt(m.biased_variance() + eps)));
        }
        const Shape<4> planes{x.dim(0), x.dim(1), 1, 1};
        mean = Tensor<T, 4, B>::from_values(planes, means);
        inverse_deviation = Tensor<T, 4, B>::from_values(planes, deviations);
        return detail::normalized(input, mean, inverse_deviation, weight.value(), bias.value());
    }

    auto backward(const Tensor<T, 4, B>& gy, const std::array<bool, 3>& wanted,
                  const Tensor<T, 4, B>& x, const Tensor<T, 1, B>& weight,
                  const Tensor<T, 1, B>&) const {
        const auto xhat = (x - mean) * inverse_deviation;
        const auto sum_g = sum(gy, {2, 3});
        const auto sum_gx = sum(gy * xhat, {2, 3});
        Tensor<T, 4, B> gx;
        Tensor<T, 1, B> gw;
        Tensor<T, 1, B> gb;
        if (wanted[0]) {
            const T pixels = static_cast<T>(gy.dim(2) * gy.dim(3));
            Tensor<T, 4, B> scale = inverse_deviation.clone();
            if (weight.size() != 0) scale *= weight.reshape(Shape<4>{1, gy.dim(1), 1, 1});
            const Tensor<T, 4, B> mean_g = sum_g / pixels;
            const Tensor<T, 4, B> mean_gx = sum_gx / pixels;
            gx = scale * (gy - mean_g - xhat * mean_gx);
        }
        const auto per_channel = [&](const Tensor<T, 4, B>& planes) {
            return sum(planes, {0}).reshape(Shape<1>{gy.dim(1)});
        };
        if (wanted[1] && weight.size() != 0) gw = per_channel(sum_gx);
        if (wanted[2] && weight.size() != 0) gb = per_channel(sum_g);
        return std::tuple{gx, gw, gb};
    }

    [[nodiscard]] static Window window(const Shape<4>&, const Shape<4>&, const Shape<1>&,
                                       const Shape<1>&) {
        return Window::everything();
    }
    [[nodiscard]] static Cost cost(const Shape<4>& y, const Shape<4>&, const Shape<1>&,
                                   const Shape<1>&) {
        return {2 * static_cast<double>(y.size()), 0};
    }
};

/// @param x             (N, C, H, W)
/// @param weight, bias  (C) each, or (0) for none
template <TrackedExpr X, TrackedExpr W, TrackedExpr Bias>
[[nodiscard]] auto instance_norm(const X& x, const W& weight, const Bias& bias, double eps = 1e-5) {
    return apply(InstanceNormOp<typename X::value_type, typename X::backend_type>{eps, {}, {}}, x,
                 weight, bias);
}

}  // namespace oldphoto
