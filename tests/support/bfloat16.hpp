#pragma once

#include <oldphoto/tensor/tensor.hpp>

#include <cmath>

namespace oldphoto::test {

/// Rounded to bfloat16 by keeping 8 bits of the mantissa, as no kernel does it.
inline float as_bfloat16(float x) {
    int exponent = 0;
    const double mantissa = std::frexp(static_cast<double>(x), &exponent);
    return static_cast<float>(std::ldexp(std::nearbyint(std::ldexp(mantissa, 8)), exponent - 8));
}

template <std::size_t R>
Tensor<float, R> as_bfloat16(const Tensor<float, R>& x) {
    const auto rounded = Tensor<float, R>::uninitialized(x.shape());
    const auto values = x.to_values();
    for (Index k = 0; k < x.size(); ++k) {
        rounded[k] = as_bfloat16(values[static_cast<std::size_t>(k)]);
    }
    return rounded;
}

}  // namespace oldphoto::test
