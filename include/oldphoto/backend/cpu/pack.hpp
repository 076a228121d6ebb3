#pragma once

#include <oldphoto/core/config.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

/// Packs: as many neighbouring elements as a vector register holds, with the arithmetic and the
/// functions of core/math.hpp. A block of a plan is computed pack by pack, the short rest of it in
/// a partly filled pack, so an element gets the same bits wherever a block begins or ends. (Eigen's
/// array expressions take another path for heads and tails, which a picture cut in bands would
/// show; see docs/architecture.md for what both cost.)
namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// Bytes of a vector register.
#if defined(__AVX512F__)
inline constexpr std::size_t vector_bytes = 64;
#elif defined(__AVX__)
inline constexpr std::size_t vector_bytes = 32;
#else
inline constexpr std::size_t vector_bytes = 16;
#endif

template <class T>
struct PackTypes;
template <>
struct PackTypes<float> {
    typedef float Values __attribute__((vector_size(vector_bytes)));
    typedef std::int32_t Integers __attribute__((vector_size(vector_bytes)));
};
template <>
struct PackTypes<double> {
    typedef double Values __attribute__((vector_size(vector_bytes)));
    typedef std::int64_t Integers __attribute__((vector_size(vector_bytes)));
};

/// The outcome of a comparison: all bits of a lane set where it holds.
template <class T>
struct PackMask {
    typename PackTypes<T>::Integers lanes;
};

template <class T>
struct Pack {
    using Values = typename PackTypes<T>::Values;
    using Integers = typename PackTypes<T>::Integers;
    static constexpr std::size_t lane_count = vector_bytes / sizeof(T);
    static constexpr auto width = static_cast<Index>(lane_count);

    Values lanes;

    Pack() = default;
    explicit Pack(Values values) : lanes(values) {}
    explicit Pack(T number) : lanes(splat(number, std::make_index_sequence<lane_count>{})) {}

    static Pack load(const T* p) {
        Pack pack;
        std::memcpy(&pack.lanes, p, sizeof(Values));
        return pack;
    }
    void store(T* p) const { std::memcpy(p, &lanes, sizeof(Values)); }

    friend Pack operator+(Pack a, Pack b) { return Pack(a.lanes + b.lanes); }
    friend Pack operator-(Pack a, Pack b) { return Pack(a.lanes - b.lanes); }
    friend Pack operator*(Pack a, Pack b) { return Pack(a.lanes * b.lanes); }
    friend Pack operator/(Pack a, Pack b) { return Pack(a.lanes / b.lanes); }
    friend Pack operator-(Pack a) { return Pack(-a.lanes); }
    friend PackMask<T> operator>(Pack a, Pack b) { return {a.lanes > b.lanes}; }
    friend PackMask<T> operator<(Pack a, Pack b) { return {a.lanes < b.lanes}; }
    friend PackMask<T> operator>=(Pack a, Pack b) { return {a.lanes >= b.lanes}; }
    friend PackMask<T> operator<=(Pack a, Pack b) { return {a.lanes <= b.lanes}; }

private:
    template <std::size_t... K>
    static Values splat(T number, std::index_sequence<K...>) {
        return Values{(static_cast<void>(K), number)...};
    }
};

template <class T>
[[nodiscard]] Pack<T> select(PackMask<T> condition, Pack<T> if_true, Pack<T> if_false) {
    return Pack<T>(condition.lanes ? if_true.lanes : if_false.lanes);
}
template <class T>
[[nodiscard]] Pack<T> max(Pack<T> a, Pack<T> b) {
    return select(a > b, a, b);
}
template <class T>
[[nodiscard]] Pack<T> min(Pack<T> a, Pack<T> b) {
    return select(a < b, a, b);
}
template <class T>
[[nodiscard]] Pack<T> abs(Pack<T> x) {
    return select(x > Pack<T>(T(0)), x, Pack<T>(T(0)) - x);
}

/// Applies a scalar function lane by lane.
template <class T, class F>
[[nodiscard]] Pack<T> each_lane(Pack<T> x, F f) {
    for (Index k = 0; k < Pack<T>::width; ++k) x.lanes[k] = f(x.lanes[k]);
    return x;
}
template <class T>
[[nodiscard]] Pack<T> sqrt(Pack<T> x) {
    return each_lane(x, [](T v) { return std::sqrt(v); });
}
template <class T>
[[nodiscard]] Pack<T> log(Pack<T> x) {
    return each_lane(x, [](T v) { return std::log(v); });
}
// Double precision is for checking gradients, where the library's functions are fast enough.
[[nodiscard]] inline Pack<double> exp(Pack<double> x) {
    return each_lane(x, [](double v) { return std::exp(v); });
}
[[nodiscard]] inline Pack<double> tanh(Pack<double> x) {
    return each_lane(x, [](double v) { return std::tanh(v); });
}

/// 2^n, built from the exponent bits; -126 <= n <= 127.
[[nodiscard]] inline Pack<float> power_of_two(Pack<float>::Integers n) {
    const Pack<float>::Integers bits = (n + 127) << 23;
    Pack<float> y;
    std::memcpy(&y.lanes, &bits, sizeof bits);
    return y;
}

/// e^x within 2 units in the last place; 0 below -87.3, clamped to e^88.7 above.
/// x = n ln 2 + r with |r| <= ln 2 / 2; e^r by a polynomial, 2^n by the exponent bits.
/// Coefficients: Moshier, Cephes library, expf.
[[nodiscard]] inline Pack<float> exp(Pack<float> x) {
    using P = Pack<float>;
    const auto underflow = x < P(-87.33654F);
    x = max(P(-87.33654F), min(P(88.72283F), x));  // in this order a NaN passes
    // Adding and taking away 1.5 * 2^23 rounds to the nearest integer.
    const P n = (x * P(1.44269504F) + P(12582912.0F)) - P(12582912.0F);
    const P r = x - n * P(0.693359375F) + n * P(2.12194440e-4F);
    P p(1.9875691500e-4F);
    p = p * r + P(1.3981999507e-3F);
    p = p * r + P(8.3334519073e-3F);
    p = p * r + P(4.1665795894e-2F);
    p = p * r + P(1.6666665459e-1F);
    p = p * r + P(5.0000001201e-1F);
    p = p * r * r + r + P(1.0F);
    // In two steps, because n may be 128 and 2^128 is no float.
    const auto whole = __builtin_convertvector(n.lanes, P::Integers);
    const P::Integers half = whole >> 1;
    return select(underflow, P(0.0F), p * power_of_two(half) * power_of_two(whole - half));
}

/// tanh within 2 units in the last place. Small arguments by an odd polynomial (coefficients:
/// Moshier, Cephes library, tanhf), others as 1 - 2 / (e^(2|x|) + 1) with the sign of x.
[[nodiscard]] inline Pack<float> tanh(Pack<float> x) {
    using P = Pack<float>;
    const P z = x * x;
    P p(-5.70498872745e-3F);
    p = p * z + P(2.06390887954e-2F);
    p = p * z + P(-5.37397155531e-2F);
    p = p * z + P(1.33314422036e-1F);
    p = p * z + P(-3.33332819422e-1F);
    const P small = p * z * x + x;
    const P magnitude = abs(x);
    const P large = P(1.0F) - P(2.0F) / (exp(magnitude + magnitude) + P(1.0F));
    return select(magnitude < P(0.625F), small, select(x < P(0.0F), -large, large));
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
