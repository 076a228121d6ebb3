#pragma once

#include <cstdint>

namespace oldphoto::detail {

/// a * b, rounded before anything is added to it. A compiler may otherwise fuse the product with a
/// following sum, and where the result is truncated to 8 bits one unit in the last place is a grey
/// level.
template <class T>
T rounded_product(T a, T b) {
    volatile T product = a * b;
    return product;
}

/// The integer part of `value` within 0 .. 255; 0 for NaN.
template <class T>
std::uint8_t truncated_to_byte(T value) {
    if (!(value > T{0})) return 0;
    return value < T{255} ? static_cast<std::uint8_t>(value) : std::uint8_t{255};
}

}  // namespace oldphoto::detail
