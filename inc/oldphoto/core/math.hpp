#pragma once

#include <cmath>
#include <concepts>

#include <oldphoto/core/config.hpp>

/// The vocabulary in which elementwise functors are written. Here it is for scalars; the same
/// names exist for packs of neighbouring elements (backend/cpu/pack.hpp), found by argument type,
/// so that one functor serves a device thread and a vectorised host loop.
namespace oldphoto::math {

template <std::floating_point T>
[[nodiscard]] OLDPHOTO_HD constexpr T select(bool condition, T if_true, T if_false) {
    return condition ? if_true : if_false;
}
template <std::floating_point T>
[[nodiscard]] OLDPHOTO_HD constexpr T max(T a, T b) {
    return a > b ? a : b;
}
template <std::floating_point T>
[[nodiscard]] OLDPHOTO_HD constexpr T min(T a, T b) {
    return a < b ? a : b;
}
template <std::floating_point T>
[[nodiscard]] OLDPHOTO_HD T abs(T x) {
    return std::fabs(x);
}
template <std::floating_point T>
[[nodiscard]] OLDPHOTO_HD T sqrt(T x) {
    return std::sqrt(x);
}
template <std::floating_point T>
[[nodiscard]] OLDPHOTO_HD T exp(T x) {
    return std::exp(x);
}
template <std::floating_point T>
[[nodiscard]] OLDPHOTO_HD T log(T x) {
    return std::log(x);
}
template <std::floating_point T>
[[nodiscard]] OLDPHOTO_HD T tanh(T x) {
    return std::tanh(x);
}

}  // namespace oldphoto::math
