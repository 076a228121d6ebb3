#pragma once

#include <oldphoto/losses/same_shape.hpp>
#include <oldphoto/ops/reduce.hpp>

#include <cmath>

namespace oldphoto {

namespace fn {

/// -w t log(s) - (1 - t) log(1 - s) with s = sigmoid(x), w = positive_weight. As
/// -log(s) = softplus(-x) and -log(1 - s) = x + softplus(-x), it is
/// (1 - t) x + (1 + (w - 1) t) softplus(-x), which cannot overflow.
struct BceWithLogitsFn {
    static constexpr const char* name = "bce_with_logits";
    float positive_weight = 1;
    template <class X>
    OLDPHOTO_HD X value(X x, X t) const {
        return (X(1) - t) * x + weight(t) * softplus_of_negative(x);
    }
    template <std::size_t I, class X>
    OLDPHOTO_HD X partial(X x, X t, X) const {
        if constexpr (I == 0) {
            return X(1) - t - weight(t) * SigmoidFn{}.value(-x);
        } else {
            return X(positive_weight - 1) * softplus_of_negative(x) - x;
        }
    }

private:
    template <class X>
    OLDPHOTO_HD X weight(X t) const {
        return X(1) + X(positive_weight - 1) * t;
    }
    /// log(1 + e^-x)
    template <class X>
    OLDPHOTO_HD static X softplus_of_negative(X x) {
        return max(-x, X(0)) + log(X(1) + exp(-abs(x)));
    }
};

}  // namespace fn

/// Binary cross entropy of sigmoid(logits), finite for any logit:
///
///     mean(-positive_weight * target * log(s) - (1 - target) * log(1 - s)), s = sigmoid(logits)
///
/// @param target           probabilities in [0, 1]
/// @param positive_weight  above 0; more than 1 makes up for few positives
/// @throws ShapeError when the shapes differ, OptionError for another positive_weight.
template <TrackedExpr X, TensorExpr Y>
[[nodiscard]] auto bce_with_logits_loss(const X& logits, const Y& target,
                                        double positive_weight = 1) {
    const char* const loss = "bce_with_logits_loss";
    detail::require_same_shape(loss, "logits", logits.shape(), "target", target.shape());
    require_option(positive_weight > 0 && std::isfinite(positive_weight), loss,
                   "positive_weight must be finite and positive", positive_weight);
    return mean(zip(fn::BceWithLogitsFn{static_cast<float>(positive_weight)}, logits, target));
}

}  // namespace oldphoto
