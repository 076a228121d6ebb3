#pragma once

#include <oldphoto/image/color.hpp>
#include <oldphoto/image/image.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace oldphoto {

/// How far the colours of an 8-bit photo are from those of a photo of one tone, such as grey or
/// sepia, in which each channel is a linear function of the luma L:
///
///     sqrt(mean over pixels and channels of (x - (a_c L + b_c))^2),   a, b by least squares
///
/// In levels of 255; 0 for grey. Toned scans reach 8, because their tones are curves and no lines;
/// so do parts of colour photos whose colours are faint.
[[nodiscard]] inline double deviation_from_single_tone(const Image& photo) {
    if (photo.channels() == 1) return 0.0;
    const Image grey = to_grey(photo);
    const auto luma = grey.samples();
    const auto samples = photo.samples();
    const auto count = static_cast<double>(luma.size());
    double squares = 0.0;  // that no line explains
    for (std::size_t channel = 0; channel < 3; ++channel) {
        double sum_l = 0.0, sum_x = 0.0, sum_ll = 0.0, sum_lx = 0.0, sum_xx = 0.0;
        for (std::size_t i = 0; i < luma.size(); ++i) {
            const double l = luma[i];
            const double x = samples[3 * i + channel];
            sum_l += l;
            sum_x += x;
            sum_ll += l * l;
            sum_lx += l * x;
            sum_xx += x * x;
        }
        const double variance = sum_ll - sum_l * sum_l / count;
        const double covariance = sum_lx - sum_l * sum_x / count;
        squares += sum_xx - sum_x * sum_x / count;
        if (variance > 0.0) squares -= covariance * covariance / variance;
    }
    return std::sqrt(std::max(squares, 0.0) / (3.0 * count));
}

}  // namespace oldphoto
