#pragma once

#include <oldphoto/core/config.hpp>
#include <oldphoto/core/error.hpp>

#include <cmath>
#include <cstdint>

namespace oldphoto {

/// Four 32-bit words.
struct PhiloxWords {
    std::uint32_t word[4];
};

/// Philox4x32-10: a bijection of the 128-bit counter (element, stream) under a 64-bit key. Being a
/// pure function, it gives element i of a stream on any thread, device or order of evaluation.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
[[nodiscard]] OLDPHOTO_HD inline PhiloxWords philox(std::uint64_t key, std::uint64_t element,
                                                    std::uint64_t stream) {
    PhiloxWords c{{static_cast<std::uint32_t>(element), static_cast<std::uint32_t>(element >> 32U),
                   static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32U)}};
    auto k0 = static_cast<std::uint32_t>(key);
    auto k1 = static_cast<std::uint32_t>(key >> 32U);
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t a = std::uint64_t{0xD2511F53U} * c.word[0];
        const std::uint64_t b = std::uint64_t{0xCD9E8D57U} * c.word[2];
        c = {{static_cast<std::uint32_t>(b >> 32U) ^ c.word[1] ^ k0, static_cast<std::uint32_t>(b),
              static_cast<std::uint32_t>(a >> 32U) ^ c.word[3] ^ k1,
              static_cast<std::uint32_t>(a)}};
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
    return c;
}

/// A number of [0, 1) with the 24 (float) or 53 (double) bits that the type can hold.
template <class T>
[[nodiscard]] OLDPHOTO_HD T uniform_from(const PhiloxWords& words) {
    if constexpr (sizeof(T) == sizeof(float)) {
        return static_cast<T>(words.word[0] >> 8U) * T(0x1p-24);
    } else {
        const std::uint64_t bits =
            (static_cast<std::uint64_t>(words.word[0]) << 21U) ^ (words.word[1] >> 11U);
        return static_cast<T>(bits) * T(0x1p-53);
    }
}

/// A standard normal number by the transform of Box and Muller (1958).
template <class T>
[[nodiscard]] OLDPHOTO_HD T normal_from(const PhiloxWords& words) {
    // Half-open the other way, so that the logarithm stays finite.
    const double u = (static_cast<double>(words.word[0]) + 1.0) * 0x1p-32;
    const double v = static_cast<double>(words.word[1]) * 0x1p-32;
    return static_cast<T>(std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v));
}

/// A seed and the number of streams drawn so far: all there is to save and restore. Every draw, be
/// it one number or a whole tensor (tensor/random.hpp), takes the next stream; always passed in.
class Rng {
public:
    explicit Rng(std::uint64_t seed = 0, std::uint64_t streams_drawn = 0) noexcept
        : seed_(seed), streams_drawn_(streams_drawn) {}

    [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
    [[nodiscard]] std::uint64_t streams_drawn() const noexcept { return streams_drawn_; }
    std::uint64_t next_stream() noexcept { return streams_drawn_++; }

    /// One number of [low, high).
    double uniform(double low = 0.0, double high = 1.0) noexcept {
        return low + (high - low) * uniform_from<double>(philox(seed_, 0, next_stream()));
    }

    double normal(double mean = 0.0, double deviation = 1.0) noexcept {
        return mean + deviation * normal_from<double>(philox(seed_, 0, next_stream()));
    }

    /// One integer of [0, count), each with the same probability to within count / 2^64.
    /// @throws OptionError when count < 1.
    Index integer(Index count) {
        if (count < 1) throw_option_error("Rng::integer", "expected a positive count");
        const PhiloxWords words = philox(seed_, 0, next_stream());
        const std::uint64_t bits =
            (static_cast<std::uint64_t>(words.word[0]) << 32U) | words.word[1];
        return static_cast<Index>(bits % static_cast<std::uint64_t>(count));
    }

private:
    std::uint64_t seed_;
    std::uint64_t streams_drawn_;
};

/// A generator of its own for each pair of numbers, such as batch and place in the batch: a pure
/// function of its arguments, so that work can be handed out in any order.
[[nodiscard]] inline Rng derived_rng(std::uint64_t seed, std::uint64_t first,
                                     std::uint64_t second = 0) noexcept {
    const PhiloxWords words = philox(seed, first, second);
    return Rng((static_cast<std::uint64_t>(words.word[0]) << 32U) | words.word[1]);
}

}  // namespace oldphoto
