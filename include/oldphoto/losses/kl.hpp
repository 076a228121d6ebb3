#pragma once

#include <oldphoto/losses/same_shape.hpp>
#include <oldphoto/ops/reduce.hpp>

namespace oldphoto {

/// mean(latent^2): Kullback-Leibler divergence from N(latent, 1) to N(0, 1) an element, without its
/// factor 1/2. This is what the published program trains with: the encoder gives the mean alone.
template <TrackedExpr X>
[[nodiscard]] auto kl_unit_variance(const X& latent) {
    return mean(square(latent));
}

/// Kullback-Leibler divergence from N(mu, exp(log_var)) to N(0, 1), summed over the elements of a
/// sample and averaged over the N samples:
///
///     1 / (2 N) * sum(exp(log_var) + mu^2 - 1 - log_var)
///
/// @param mu       (N, ...) means
/// @param log_var  (N, ...) natural logarithms of variances; in float below 88
/// @return         nats a sample; 0 where mu = 0 and log_var = 0
/// @throws ShapeError when the shapes differ.
/// Source: Kingma, Welling, "Auto-encoding variational Bayes", ICLR 2014, appendix B.
template <TrackedExpr X, TensorExpr Y>
[[nodiscard]] auto kl_to_unit_normal(const X& mu, const Y& log_var) {
    static_assert(X::rank > 0, "kl_to_unit_normal: expected samples along the first axis");
    detail::require_same_shape("kl_to_unit_normal", "mu (N, ...)", mu.shape(), "log_var (N, ...)",
                               log_var.shape());
    const double share = 0.5 / static_cast<double>(mu.shape()[0]);
    return sum(share * (exp(log_var) + square(mu) - 1 - log_var));
}

}  // namespace oldphoto
