#pragma once

#include <oldphoto/core/config.hpp>
#include <oldphoto/core/error.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

namespace oldphoto {

namespace detail {

template <class T>
double mean_squared_error(std::span<const T> a, std::span<const T> b) {
    if (a.size() != b.size() || a.empty()) {
        throw_shape_error("psnr", "expected two pictures with the same number of samples",
                          {{"a (count)", {static_cast<Index>(a.size())}},
                           {"b (count)", {static_cast<Index>(b.size())}}});
    }
    double total = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
        total += difference * difference;
    }
    return total / static_cast<double>(a.size());
}

template <class T>
double psnr_of(std::span<const T> a, std::span<const T> b) {
    const double error = mean_squared_error(a, b);
    if (error == 0.0) return std::numeric_limits<double>::infinity();
    return 10.0 * std::log10(255.0 * 255.0 / error);
}

}  // namespace detail

/// Peak signal-to-noise ratio of two pictures over all samples of all channels:
///
///     PSNR = 10 log10(255^2 / mean((a - b)^2))
///
/// @param a, b  samples on 0 .. 255 in any order that is the same for both.
/// @return      decibels; infinite when the pictures are equal.
/// @throws ShapeError when the numbers of samples differ or are 0.
[[nodiscard]] inline double psnr(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
    return detail::psnr_of(a, b);
}
[[nodiscard]] inline double psnr(std::span<const double> a, std::span<const double> b) {
    return detail::psnr_of(a, b);
}

}  // namespace oldphoto
