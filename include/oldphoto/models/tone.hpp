#pragma once

#include <oldphoto/autograd/expression.hpp>
#include <oldphoto/tensor/reduce.hpp>

#include <cmath>
#include <utility>
#include <vector>

namespace oldphoto {

/// What becomes of a picture's brightness, contrast and cast, to which the encoder of the published
/// system is blind: a padded convolution before an instance norm does not see x -> a x + b.
enum class ToneKind {
    free,     ///< as published: the decoder invents them
    carried,  ///< taken off before the encoder and given back after the decoder
};

struct ToneOptions {
    ToneKind kind = ToneKind::free;
    double eps = 1e-4;  ///< added to the variance

    [[nodiscard]] friend bool operator==(const ToneOptions&, const ToneOptions&) = default;

    /// @throws OptionError
    void check() const {
        require_option(eps >= 1e-12 && eps <= 1, "tone", "eps must lie in 1e-12..1", eps);
    }
};

/// Mean and deviation = sqrt(biased variance + eps) of each plane of a picture, (N, C, 1, 1); 0 and
/// 1 where the tone is free.
template <class T, class B = Cpu>
struct Tone {
    Tensor<T, 4, B> mean;
    Tensor<T, 4, B> deviation;

    /// The picture without its tone: (x - mean) / deviation.
    [[nodiscard]] Tensor<T, 4, B> taken_off(const Tensor<T, 4, B>& x) const {
        return (x - mean) / deviation;
    }
    /// y * deviation + mean, lazily: y is a tensor, a variable or an expression of them.
    template <class Y>
    [[nodiscard]] auto given_to(const Y& y) const {
        return y * deviation + mean;
    }
};

/// @param x  (N, C, H, W)
template <class T, class B>
[[nodiscard]] Tone<T, B> tone_of(const Deferred<T, B>& x, const ToneOptions& options) {
    const Shape<4> planes{x.shape()[0], x.shape()[1], 1, 1};
    if (options.kind == ToneKind::free) {
        return {Tensor<T, 4, B>::zeros(planes), Tensor<T, 4, B>::ones(planes)};
    }
    const auto moments = x.moments();
    std::vector<T> means;
    std::vector<T> deviations;
    for (const Moments& m : *moments) {
        means.push_back(static_cast<T>(m.mean));
        deviations.push_back(static_cast<T>(std::sqrt(m.biased_variance() + options.eps)));
    }
    return {Tensor<T, 4, B>::from_values(planes, means),
            Tensor<T, 4, B>::from_values(planes, deviations)};
}
template <class T, class B>
[[nodiscard]] Tone<T, B> tone_of(const Tensor<T, 4, B>& x, const ToneOptions& options) {
    return tone_of(Deferred<T, B>(x), options);
}

/// The tone of what is clean: a pixel counts as much as it is no hole, w = 1 - mask.
///
///     mean = sum(w x) / sum(w),  deviation = sqrt(sum(w (x - mean)^2) / sum(w) + eps)
///
/// @param x     (N, C, H, W)
/// @param mask  (N, 1, H, W), in [0, 1]: 1 is a hole, 0 is clean
/// @throws OptionError when the tone is carried and a picture is nothing but a hole
template <class T, class B>
[[nodiscard]] Tone<T, B> tone_of(const Deferred<T, B>& picture, const Tensor<T, 4, B>& mask,
                                 const ToneOptions& options) {
    if (options.kind == ToneKind::free) return tone_of(picture, options);
    const auto x = picture.materialized();
    const Tensor<T, 4, B> weight = 1 - mask;
    const Tensor<T, 4, B> total = sum(weight, {1, 2, 3});
    if (!(min(total) > 0)) {
        throw_option_error("tone", "a picture is nothing but a hole, it has no tone to carry");
    }
    Tensor<T, 4, B> mean = sum(weight * x, {2, 3}) / total;
    const Tensor<T, 4, B> variance = sum(weight * square(x - mean), {2, 3}) / total;
    return {std::move(mean), sqrt(variance + options.eps)};
}
template <class T, class B>
[[nodiscard]] Tone<T, B> tone_of(const Tensor<T, 4, B>& x, const Tensor<T, 4, B>& mask,
                                 const ToneOptions& options) {
    return tone_of(Deferred<T, B>(x), mask, options);
}

}  // namespace oldphoto
