#pragma once

#include <oldphoto/autograd/expression.hpp>

#include <cmath>
#include <vector>

namespace oldphoto {

namespace detail {

/// What a norm adds and then multiplies by, as (N, C, 1, 1), or (1, C, 1, 1) where a batch shares
/// it.
template <class T, class B>
struct NormStatistics {
    Tensor<T, 4, B> offset;             ///< -mean
    Tensor<T, 4, B> inverse_deviation;  ///< 1 / sqrt(biased variance + eps)
};

/// @param shape  of the statistics, one for each of `moments`.
template <class T, class B>
[[nodiscard]] NormStatistics<T, B> statistics_of(const std::vector<Moments>& moments,
                                                 const Shape<4>& shape, double eps) {
    std::vector<T> offsets;
    std::vector<T> inverse_deviations;
    for (const Moments& m : moments) {
        offsets.push_back(static_cast<T>(-m.mean));
        inverse_deviations.push_back(static_cast<T>(1 / std::sqrt(m.biased_variance() + eps)));
    }
    return {Tensor<T, 4, B>::from_values(shape, offsets),
            Tensor<T, 4, B>::from_values(shape, inverse_deviations)};
}

/// Numbers of the channels, to stretch over a picture.
template <class T, class B>
[[nodiscard]] Tensor<T, 4, B> per_channel(const Tensor<T, 1, B>& v) {
    return v.reshape(Shape<4>{1, v.dim(0), 1, 1});
}

/// What a norm multiplies each plane by.
template <class T, class B>
[[nodiscard]] Tensor<T, 4, B> norm_scale(const NormStatistics<T, B>& statistics,
                                         const Tensor<T, 1, B>& weight) {
    if (weight.size() == 0) return statistics.inverse_deviation;
    return statistics.inverse_deviation * per_channel(weight);
}

/// The value of a norm is its input with scale and shift pending.
template <class T, class B>
[[nodiscard]] Deferred<T, B> normalized(const Deferred<T, B>& x,
                                        const NormStatistics<T, B>& statistics,
                                        const Tensor<T, 1, B>& weight,
                                        const Tensor<T, 1, B>& bias) {
    const auto scale = norm_scale(statistics, weight);
    const Tensor<T, 4, B> shift = statistics.offset * scale;
    if (bias.size() != 0) shift += per_channel(bias);
    const auto for_each_plane =
        [planes = Shape<4>{x.shape()[0], x.shape()[1], 1, 1}](const Tensor<T, 4, B>& v) {
            return v.broadcast_to(planes).as_contiguous();
        };
    return x.with_affine(for_each_plane(scale), for_each_plane(shift));
}

/// Gradients of x, weight and bias.
/// @param of_input  whether the statistics are those of x, and with it depend on x.
template <class T, class B>
[[nodiscard]] auto norm_gradients(const Tensor<T, 4, B>& gy, const std::array<bool, 3>& wanted,
                                  const Tensor<T, 4, B>& x, const Tensor<T, 1, B>& weight,
                                  const NormStatistics<T, B>& statistics, bool of_input) {
    const auto centred = x + statistics.offset;
    const auto sum_g = sum(gy, {2, 3});
    const auto sum_gx = evaluate(sum(gy * centred, {2, 3}) * statistics.inverse_deviation);
    Tensor<T, 4, B> gx;
    Tensor<T, 1, B> gw;
    Tensor<T, 1, B> gb;
    if (wanted[0]) {
        const auto scale = norm_scale(statistics, weight);
        if (of_input) {
            const auto averaged = [&](const Tensor<T, 4, B>& planes) {
                const auto total = reduce_to<SumReducer>(planes, statistics.offset.shape());
                return evaluate(total / (x.size() / total.size()));
            };
            const auto slope = evaluate(averaged(sum_gx) * statistics.inverse_deviation);
            gx = scale * (gy - averaged(sum_g) - centred * slope);
        } else {
            gx = scale * gy;
        }
    }
    const auto sum_over_batch = [](const Tensor<T, 4, B>& planes) {
        return sum(planes, {0}).reshape(Shape<1>{planes.dim(1)});
    };
    if (wanted[1] && weight.size() != 0) gw = sum_over_batch(sum_gx);
    if (wanted[2] && weight.size() != 0) gb = sum_over_batch(sum_g);
    return std::tuple{gx, gw, gb};
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
                          {{"x (N, C, H, W)", dims_of(x)},
                           {"weight (C)", dims_of(weight)},
                           {"bias (C)", dims_of(bias)}});
    }
    if (x[0] * x[2] * x[3] == 0) {
        throw_shape_error(name, "statistics need at least one pixel",
                          {{"x (N, C, H, W)", dims_of(x)}});
    }
}

inline Cost norm_cost(const Shape<4>& y) {
    return {2 * static_cast<double>(y.size()), 0};
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

    detail::NormStatistics<T, B> statistics{};  ///< of the planes of x, kept for backward

    Deferred<T, B> forward(const Variable<T, 4, B>& x, const Variable<T, 1, B>& weight,
                           const Variable<T, 1, B>& bias) {
        detail::check_norm(name, x.shape(), weight.shape(), bias.shape());
        const auto input = detail::norm_input(x);
        statistics = detail::statistics_of<T, B>(*input.moments(), {x.dim(0), x.dim(1), 1, 1}, eps);
        return detail::normalized(input, statistics, weight.value(), bias.value());
    }
    auto backward(const Tensor<T, 4, B>& gy, const std::array<bool, 3>& wanted,
                  const Tensor<T, 4, B>& x, const Tensor<T, 1, B>& weight,
                  const Tensor<T, 1, B>&) const {
        return detail::norm_gradients(gy, wanted, x, weight, statistics, true);
    }
    [[nodiscard]] static Window window(const Shape<4>&, const Shape<4>&, const Shape<1>&,
                                       const Shape<1>&) {
        return Window::everything();
    }
    [[nodiscard]] static Cost cost(const Shape<4>& y, const Shape<4>&, const Shape<1>&,
                                   const Shape<1>&) {
        return detail::norm_cost(y);
    }
};

struct BatchNormOptions {
    double eps = 1e-5;
    double momentum = 0.1;  ///< the weight of a batch in the running statistics
    bool training = false;
};

/// The same with mean and biased variance of each channel over the whole batch, which in training
/// also move the running statistics (there the variance is the unbiased one); outside training with
/// the running statistics, which do not depend on x: dL/dx = weight / sqrt(variance + eps) * g.
///
/// Source: Ioffe, Szegedy, "Batch normalization", 2015.
template <class T, class B>
struct BatchNormOp {
    static constexpr const char* name = "batch_norm";
    BatchNormOptions options;
    Tensor<T, 1, B> running_mean;
    Tensor<T, 1, B> running_var;

    detail::NormStatistics<T, B> statistics{};  ///< of the channels, kept for backward

    Deferred<T, B> forward(const Variable<T, 4, B>& x, const Variable<T, 1, B>& weight,
                           const Variable<T, 1, B>& bias) {
        detail::check_norm(name, x.shape(), weight.shape(), bias.shape());
        check_running(x.shape());
        const auto input = detail::norm_input(x);
        const auto moments =
            options.training ? moments_of_channels(*input.moments(), x.dim(1)) : running_moments();
        statistics = detail::statistics_of<T, B>(moments, {1, x.dim(1), 1, 1}, options.eps);
        if (options.training && !Program::replaying()) move_running(moments);
        return detail::normalized(input, statistics, weight.value(), bias.value());
    }
    auto backward(const Tensor<T, 4, B>& gy, const std::array<bool, 3>& wanted,
                  const Tensor<T, 4, B>& x, const Tensor<T, 1, B>& weight,
                  const Tensor<T, 1, B>&) const {
        return detail::norm_gradients(gy, wanted, x, weight, statistics, options.training);
    }
    [[nodiscard]] Window window(const Shape<4>&, const Shape<4>&, const Shape<1>&,
                                const Shape<1>&) const {
        return options.training ? Window::everything() : Window::pointwise();
    }
    [[nodiscard]] static Cost cost(const Shape<4>& y, const Shape<4>&, const Shape<1>&,
                                   const Shape<1>&) {
        return detail::norm_cost(y);
    }

private:
    void check_running(const Shape<4>& x) const {
        if (running_mean.dim(0) != x[1] || running_var.dim(0) != x[1]) {
            throw_shape_error(name, "running statistics have one number for each channel",
                              {{"x (N, C, H, W)", dims_of(x)},
                               {"running_mean (C)", dims_of(running_mean.shape())},
                               {"running_var (C)", dims_of(running_var.shape())}});
        }
        if (options.training && x[0] * x[2] * x[3] < 2) {
            throw_shape_error(name, "training needs at least two values a channel",
                              {{"x (N, C, H, W)", dims_of(x)}});
        }
    }
    /// Merged picture by picture, so that the bits do not depend on threads.
    [[nodiscard]] static std::vector<Moments> moments_of_channels(
        const std::vector<Moments>& planes, Index channels) {
        std::vector<Moments> merged(static_cast<std::size_t>(channels));
        for (std::size_t k = 0; k < planes.size(); ++k) merged[k % merged.size()].merge(planes[k]);
        return merged;
    }
    /// Moments that have the running statistics as mean and biased variance.
    [[nodiscard]] std::vector<Moments> running_moments() const {
        const auto means = running_mean.to_values();
        const auto variances = running_var.to_values();
        std::vector<Moments> moments(means.size());
        for (std::size_t k = 0; k < moments.size(); ++k) moments[k] = {1, means[k], variances[k]};
        return moments;
    }
    void move_running(const std::vector<Moments>& batch) const {
        auto means = running_mean.to_values();
        auto variances = running_var.to_values();
        const auto move = [this](T& running, double towards) {
            running = static_cast<T>((1 - options.momentum) * running + options.momentum * towards);
        };
        for (std::size_t k = 0; k < batch.size(); ++k) {
            move(means[k], batch[k].mean);
            move(variances[k], batch[k].unbiased_variance());
        }
        running_mean.assign(Tensor<T, 1, B>::from_values(running_mean.shape(), means));
        running_var.assign(Tensor<T, 1, B>::from_values(running_var.shape(), variances));
    }
};

/// @param x             (N, C, H, W)
/// @param weight, bias  (C) each, or (0) for none
/// @throws ShapeError
template <TrackedExpr X, TrackedExpr W, TrackedExpr Bias>
[[nodiscard]] auto instance_norm(const X& x, const W& weight, const Bias& bias, double eps = 1e-5) {
    static_assert(X::rank == 4 && W::rank == 1 && Bias::rank == 1,
                  "instance_norm: expected x (N, C, H, W), weight (C) and bias (C), ranks 4, 1 and "
                  "1; add the batch axis with unsqueeze()");
    return apply(InstanceNormOp<typename X::value_type, typename X::backend_type>{eps}, x, weight,
                 bias);
}

/// @param x                          (N, C, H, W)
/// @param weight, bias               (C) each, or (0) for none
/// @param running_mean, running_var  (C); training writes to them
/// @throws ShapeError, in training also where a channel has a single value
template <TrackedExpr X, TrackedExpr W, TrackedExpr Bias, class T = typename X::value_type,
          class B = typename X::backend_type>
[[nodiscard]] auto batch_norm(const X& x, const W& weight, const Bias& bias,
                              const Tensor<T, 1, B>& running_mean,
                              const Tensor<T, 1, B>& running_var, const BatchNormOptions& o = {}) {
    static_assert(X::rank == 4 && W::rank == 1 && Bias::rank == 1,
                  "batch_norm: expected x (N, C, H, W), weight (C) and bias (C), ranks 4, 1 and 1; "
                  "add the batch axis with unsqueeze()");
    return apply(BatchNormOp<T, B>{o, running_mean, running_var}, x, weight, bias);
}

}  // namespace oldphoto
