#pragma once

#include <oldphoto/core/config.hpp>
#include <oldphoto/core/error.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace oldphoto {

namespace detail {

inline constexpr Index ssim_window = 11;
inline constexpr double ssim_sigma = 1.5;

inline std::array<double, ssim_window> ssim_weights() {
    std::array<double, ssim_window> weights{};
    double total = 0.0;
    double x = -static_cast<double>(ssim_window / 2);
    for (double& weight : weights) {
        weight = std::exp(-x * x / (2.0 * ssim_sigma * ssim_sigma));
        total += weight;
        x += 1.0;
    }
    for (double& weight : weights) weight /= total;
    return weights;
}

/// Sums under the window at every place where it lies inside the plane.
/// @param plane  (height, width).
/// @return       (height - 10, width - 10).
inline std::vector<double> ssim_window_sums(const std::vector<double>& plane, Index height,
                                            Index width) {
    static const auto weights = ssim_weights();
    const Index inner_width = width - ssim_window + 1;
    const Index inner_height = height - ssim_window + 1;
    std::vector<double> between(static_cast<std::size_t>(height * inner_width));
    for (Index y = 0; y < height; ++y) {
        double* write = between.data() + y * inner_width;
        const double* read = plane.data() + y * width;
        for (const double weight : weights) {
            for (Index x = 0; x < inner_width; ++x) write[x] += weight * read[x];
            ++read;
        }
    }
    std::vector<double> sums(static_cast<std::size_t>(inner_height * inner_width));
    const double* read = between.data();
    for (const double weight : weights) {
        for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += weight * read[i];
        read += inner_width;
    }
    return sums;
}

template <class T>
std::vector<double> channel_plane(std::span<const T> samples, Index channels, Index channel) {
    std::vector<double> plane(samples.size() / static_cast<std::size_t>(channels));
    auto read = static_cast<std::size_t>(channel);
    for (double& value : plane) {
        value = static_cast<double>(samples[read]);
        read += static_cast<std::size_t>(channels);
    }
    return plane;
}

inline std::vector<double> products(const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> c(a.size());
    for (std::size_t i = 0; i < c.size(); ++i) c[i] = a[i] * b[i];
    return c;
}

inline double ssim_of_plane(const std::vector<double>& a, const std::vector<double>& b,
                            Index height, Index width) {
    constexpr double c1 = (0.01 * 255.0) * (0.01 * 255.0);
    constexpr double c2 = (0.03 * 255.0) * (0.03 * 255.0);
    const auto mean_a = ssim_window_sums(a, height, width);
    const auto mean_b = ssim_window_sums(b, height, width);
    const auto mean_aa = ssim_window_sums(products(a, a), height, width);
    const auto mean_bb = ssim_window_sums(products(b, b), height, width);
    const auto mean_ab = ssim_window_sums(products(a, b), height, width);
    double total = 0.0;
    for (std::size_t i = 0; i < mean_a.size(); ++i) {
        const double means = mean_a[i] * mean_b[i];
        const double squares = mean_a[i] * mean_a[i] + mean_b[i] * mean_b[i];
        const double covariance = mean_ab[i] - means;
        const double variances = mean_aa[i] + mean_bb[i] - squares;
        total += (2.0 * means + c1) * (2.0 * covariance + c2) / ((squares + c1) * (variances + c2));
    }
    return total / static_cast<double>(mean_a.size());
}

template <class T>
double ssim_of(std::span<const T> a, std::span<const T> b, Index height, Index width,
               Index channels) {
    const Index count = height * width * channels;
    if (static_cast<Index>(a.size()) != count || static_cast<Index>(b.size()) != count) {
        throw_shape_error("ssim", "expected two pictures of height * width * channels samples",
                          {{"picture (H, W, C)", {height, width, channels}},
                           {"a (count)", {static_cast<Index>(a.size())}},
                           {"b (count)", {static_cast<Index>(b.size())}}});
    }
    if (height < ssim_window || width < ssim_window || channels < 1) {
        throw_shape_error("ssim", "both sides must be at least as long as the window",
                          {{"picture (H, W, C)", {height, width, channels}},
                           {"window (kh, kw)", {ssim_window, ssim_window}}});
    }
    double total = 0.0;
    for (Index c = 0; c < channels; ++c) {
        total += ssim_of_plane(channel_plane(a, channels, c), channel_plane(b, channels, c), height,
                               width);
    }
    return total / static_cast<double>(channels);
}

}  // namespace detail

/// Structural similarity of two pictures, channel by channel, averaged over the places where an
/// 11 x 11 Gaussian window (sigma 1.5) fits inside and over the channels:
///
///     SSIM = (2 ma mb + c1) (2 sab + c2) / ((ma^2 + mb^2 + c1) (sa^2 + sb^2 + c2))
///
/// with means m, variances s^2 and covariance sab under the window, c1 = (0.01 * 255)^2 and
/// c2 = (0.03 * 255)^2.
/// @param a, b  (height, width, channels), samples on 0 .. 255.
/// @return      -1 to 1; 1 when the pictures are equal.
/// @throws ShapeError when the pictures do not have that shape or a side is shorter than 11.
/// @see Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to
/// structural similarity", 2004.
[[nodiscard]] inline double ssim(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b,
                                 Index height, Index width, Index channels) {
    return detail::ssim_of(a, b, height, width, channels);
}
[[nodiscard]] inline double ssim(std::span<const double> a, std::span<const double> b, Index height,
                                 Index width, Index channels) {
    return detail::ssim_of(a, b, height, width, channels);
}

}  // namespace oldphoto
