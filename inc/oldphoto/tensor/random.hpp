#pragma once

#include <oldphoto/core/rng.hpp>
#include <oldphoto/tensor/tensor.hpp>

/// Random tensors. Element i depends on (seed, stream, i) alone, so that it is the same on every
/// backend and for any number of threads.
namespace oldphoto {

namespace detail {

template <class T>
struct UniformDraw {
    T low;
    T range;
    OLDPHOTO_HD T operator()(const PhiloxWords& words) const {
        return low + range * uniform_from<T>(words);
    }
};

template <class T>
struct NormalDraw {
    T mean;
    T deviation;
    OLDPHOTO_HD T operator()(const PhiloxWords& words) const {
        return mean + deviation * normal_from<T>(words);
    }
};

template <class T, std::size_t R, class B, class Draw>
[[nodiscard]] Tensor<T, R, B> draw(const Shape<R>& shape, Draw draw, Rng& rng) {
    auto x = Tensor<T, R, B>::uninitialized(shape);
    B::assign(x.view(), RandomPlan<T, Draw>{draw, rng.seed(), rng.next_stream(), 0});
    return x;
}

}  // namespace detail

/// Numbers of [low, high), all equally likely.
template <class T, std::size_t R, class B = Cpu>
[[nodiscard]] Tensor<T, R, B> uniform(const Shape<R>& shape, Rng& rng, T low = T(0),
                                      T high = T(1)) {
    return detail::draw<T, R, B>(shape, detail::UniformDraw<T>{low, high - low}, rng);
}

/// Numbers of the normal distribution.
template <class T, std::size_t R, class B = Cpu>
[[nodiscard]] Tensor<T, R, B> normal(const Shape<R>& shape, Rng& rng, T mean = T(0),
                                     T deviation = T(1)) {
    return detail::draw<T, R, B>(shape, detail::NormalDraw<T>{mean, deviation}, rng);
}

}  // namespace oldphoto
