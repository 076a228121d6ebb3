#pragma once

#include <oldphoto/core/rng.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

/// Random numbers for every sample of a picture. A field takes one stream, and every block of
/// Philox, which is what costs time, gives four numbers.
namespace oldphoto::detail {

/// @param four  makes four numbers of a block.
template <class T, class Four>
std::vector<T> random_field(std::size_t count, Rng& rng, const Four& four) {
    std::vector<T> field(count);
    const std::uint64_t stream = rng.next_stream();
    for (std::size_t i = 0; i < count; i += 4) {
        const std::array<T, 4> numbers = four(philox(rng.seed(), i / 4, stream));
        std::copy_n(numbers.begin(), std::min<std::size_t>(4, count - i), field.data() + i);
    }
    return field;
}

/// Numbers of the normal distribution with mean 0, by both halves of the transform of Box and
/// Muller.
inline std::vector<double> normal_field(std::size_t count, double deviation, Rng& rng) {
    return random_field<double>(count, rng, [deviation](const PhiloxWords& words) {
        std::array<double, 4> numbers{};
        for (std::size_t k = 0; k < 4; k += 2) {
            // In (0, 1], so that the logarithm stays finite.
            const double u = (static_cast<double>(words.word[k]) + 1.0) * 0x1p-32;
            const double angle =
                2.0 * std::numbers::pi * 0x1p-32 * static_cast<double>(words.word[k + 1]);
            const double radius = deviation * std::sqrt(-2.0 * std::log(u));
            numbers[k] = radius * std::cos(angle);
            numbers[k + 1] = radius * std::sin(angle);
        }
        return numbers;
    });
}

/// 1 with the given probability, else 0.
inline std::vector<std::uint8_t> chance_field(std::size_t count, double probability, Rng& rng) {
    const double limit = probability * 0x1p32;
    return random_field<std::uint8_t>(count, rng, [limit](const PhiloxWords& words) {
        std::array<std::uint8_t, 4> numbers{};
        for (std::size_t k = 0; k < 4; ++k) {
            numbers[k] = static_cast<double>(words.word[k]) < limit ? 1 : 0;
        }
        return numbers;
    });
}

}  // namespace oldphoto::detail
