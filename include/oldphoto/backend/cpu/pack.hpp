#pragma once

#include <oldphoto/core/config.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
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

[[nodiscard]] inline Pack<float>::Integers bits_of(Pack<float> x) {
    Pack<float>::Integers bits;
    std::memcpy(&bits, &x.lanes, sizeof bits);
    return bits;
}
[[nodiscard]] inline Pack<float> from_bits(Pack<float>::Integers bits) {
    Pack<float> x;
    std::memcpy(&x.lanes, &bits, sizeof bits);
    return x;
}

using Floats = Pack<float>::Values;
using Integers = Pack<float>::Integers;
#include <oldphoto/backend/cpu/exp.inc>

[[nodiscard]] inline Pack<float> exp(Pack<float> x) {
    return Pack<float>(exp(x.lanes));
}

/// tanh within 2.5 units in the last place: with m = e^(2|x|) - 1 it is m / (m + 2), and the sign
/// of x. Beyond 10 it is 1 in any case.
[[nodiscard]] inline Pack<float> tanh(Pack<float> x) {
    using P = Pack<float>;
    const P::Integers sign = bits_of(x) & std::numeric_limits<std::int32_t>::min();
    const P magnitude = min(P(10.0F), from_bits(bits_of(x) ^ sign));
    const auto [exponent, rest] = exp_parts((magnitude + magnitude).lanes);
    const P power(power_of_two(exponent));
    const P m = P(rest) * power + (power - P(1.0F));
    return from_bits(bits_of(m / (m + P(2.0F))) | sign);
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
