#pragma once

#include <oldphoto/autograd/variable.hpp>
#include <oldphoto/tensor/random.hpp>

namespace oldphoto::test {

/// Normal numbers, the same for the same seed.
template <class T = double, std::size_t R>
Tensor<T, R> random_tensor(const Shape<R>& shape, std::uint64_t seed) {
    Rng rng(seed);
    return normal<T, R>(shape, rng);
}

/// A parameter of normal numbers.
template <class T = double, std::size_t R>
Variable<T, R> random_variable(const Shape<R>& shape, std::uint64_t seed) {
    return Variable<T, R>(random_tensor<T>(shape, seed), true);
}

/// The same of shape (N, C, H, W).
inline Variable<double, 4> random_picture(const Shape<4>& shape, std::uint64_t seed = 1) {
    return random_variable(shape, seed);
}

}  // namespace oldphoto::test
