#pragma once

#include <oldphoto/core/config.hpp>

namespace oldphoto {

/// Count, mean and sum of squared deviations of a set of numbers: all that a norm needs to know.
/// Producers gather them per fixed block of a row; merged in that order they have the same bits for
/// any number of threads, and for a picture cut in bands.
struct Moments {
    double count = 0;
    double mean = 0;
    double m2 = 0;

    /// Source: Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing
    /// sample variances", 1979.
    void merge(const Moments& other) {
        const double total = count + other.count;
        if (total == 0) return;
        const double delta = other.mean - mean;
        mean += delta * (other.count / total);
        m2 += other.m2 + delta * delta * (count * other.count / total);
        count = total;
    }

    /// Divides by the count.
    [[nodiscard]] double biased_variance() const { return m2 / count; }
    /// Divides by the count less one.
    [[nodiscard]] double unbiased_variance() const { return m2 / (count - 1); }
};

/// Elements of a row that one block of moments covers; a longer row has several.
inline constexpr Index moments_block = 512;

}  // namespace oldphoto
