#pragma once

#include <cmath>
#include <cstddef>
#include <iterator>

// Tests of random numbers. The seeds are fixed, so that a test that passes always passes.

namespace oldphoto::test {

/// Whether `found` of `drawn` lies within four standard deviations of what `probability` lets
/// expect: sqrt(n p (1 - p)). One honest seed in 16000 is outside.
inline bool is_share(std::ptrdiff_t found, std::ptrdiff_t drawn, double probability) {
    const auto n = static_cast<double>(drawn);
    const double deviation = std::sqrt(n * probability * (1.0 - probability));
    return std::abs(static_cast<double>(found) - n * probability) <= 4.0 * deviation;
}

struct MeanAndDeviation {
    double mean;
    double deviation;
};

template <class Numbers>
MeanAndDeviation statistics_of(const Numbers& numbers) {
    const auto n = static_cast<double>(std::size(numbers));
    double sum = 0.0;
    for (const auto number : numbers) sum += static_cast<double>(number);
    const double mean = sum / n;
    double squares = 0.0;
    for (const auto number : numbers) {
        const double difference = static_cast<double>(number) - mean;
        squares += difference * difference;
    }
    return {mean, std::sqrt(squares / n)};
}

}  // namespace oldphoto::test
