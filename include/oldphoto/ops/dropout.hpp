#pragma once

#include <oldphoto/autograd/expression.hpp>
#include <oldphoto/core/rng.hpp>

namespace oldphoto {

namespace detail {

/// 1 / (1 - p) with probability 1 - p, else 0. Always drawn in double, so that float and double
/// keep the same elements.
template <class T>
struct KeepDraw {
    double p;
    OLDPHOTO_HD T operator()(const PhiloxWords& words) const {
        return uniform_from<double>(words) < p ? T(0) : static_cast<T>(1 / (1 - p));
    }
};

}  // namespace detail

/// y = x * mask. The mask is not stored: backward draws it again, from the same stream.
/// Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
/// 2014, in the form that scales during training.
struct DropoutOp {
    static constexpr const char* name = "dropout";
    double p;
    std::uint64_t seed;
    std::uint64_t stream;

    template <class T, std::size_t R, class B>
    Tensor<T, R, B> forward(const Tensor<T, R, B>& x) const {
        return masked(x);
    }
    template <class T, std::size_t R, class B>
    Tensor<T, R, B> backward(const Tensor<T, R, B>& gy, const Tensor<T, R, B>&) const {
        return masked(gy);
    }
    template <std::size_t R>
    [[nodiscard]] static Window window(const Shape<R>&, const Shape<R>&) {
        return Window::everything();  // an element's number counts from the picture's start
    }
    template <std::size_t R>
    [[nodiscard]] static Cost cost(const Shape<R>& y, const Shape<R>&) {
        return {static_cast<double>(y.size()), 8 * static_cast<double>(y.size())};
    }

private:
    template <class T, std::size_t R, class B>
    [[nodiscard]] Tensor<T, R, B> masked(const Tensor<T, R, B>& x) const {
        using Mask = RandomPlan<T, detail::KeepDraw<T>>;
        using Masked = ZipPlan<fn::MultiplyFn, LeafPlan<T, R>, Mask>;
        auto y = Tensor<T, R, B>::uninitialized(x.shape());
        B::assign(y.view(), Masked{{}, x.plan(x.shape()), {{p}, seed, stream, 0}});
        return y;
    }
};

/// Drops each element with probability p and multiplies the others by 1 / (1 - p), so that the
/// expected value stays. Outside training, or for p = 0, x itself.
/// @param p    in [0, 1]
/// @param rng  of which one stream is drawn where elements may be dropped
/// @throws OptionError for another p, and in the second run of a checkpoint(), which would drop
///         other elements than the first
template <TrackedExpr X>
[[nodiscard]] auto dropout(const X& x, double p, Rng& rng, bool training) {
    if (!(p >= 0 && p <= 1)) {
        throw_option_error("dropout", "p must lie in [0, 1], got " + std::to_string(p));
    }
    if (!training || p == 0) return as_variable(x);
    if (Program::replaying()) {
        throw_option_error("dropout", "cannot be a part of what checkpoint() runs again");
    }
    return apply(DropoutOp{p, rng.seed(), rng.next_stream()}, x);
}

}  // namespace oldphoto
