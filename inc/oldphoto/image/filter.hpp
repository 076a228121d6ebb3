#pragma once

#include <oldphoto/image/axis.hpp>
#include <oldphoto/image/color.hpp>
#include <oldphoto/image/image.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace oldphoto {

namespace detail {

/// The index of a signal mirrored at the middle of its end samples: -1 reads 1 (reflect-101).
inline Index reflect_index(Index i, Index length) {
    if (length == 1) return 0;
    const Index period = 2 * (length - 1);
    i = ((i % period) + period) % period;
    return i < length ? i : period - i;
}

/// Weights proportional to exp(-x^2 / (2 sigma^2)) with sum 1.
inline std::vector<double> gaussian_weights(Index kernel, double sigma) {
    if (kernel < 1 || kernel % 2 == 0) {
        throw_option_error("gaussian_blur",
                           "kernel must be odd and positive, got " + std::to_string(kernel));
    }
    if (!(sigma >= 0.0)) {
        throw_option_error("gaussian_blur",
                           "sigma must not be negative, got " + std::to_string(sigma));
    }
    if (sigma == 0.0) sigma = 0.3 * (static_cast<double>(kernel - 1) / 2.0 - 1.0) + 0.8;
    std::vector<double> weights(static_cast<std::size_t>(kernel));
    double total = 0.0;
    for (Index k = 0; k < kernel; ++k) {
        const auto x = static_cast<double>(k - kernel / 2);
        const double weight = std::exp(-x * x / (2.0 * sigma * sigma));
        weights[static_cast<std::size_t>(k)] = weight;
        total += weight;
    }
    for (double& weight : weights) weight /= total;
    return weights;
}

/// Symmetric weights in units of 1/256 that sum to 256 exactly: rounded from the outside in, each
/// rounding error is carried to the next weight and the centre takes what is left.
inline std::vector<std::uint32_t> fixed_point_weights(const std::vector<double>& weights) {
    std::vector<std::uint32_t> fixed(weights.size());
    const std::size_t center = weights.size() / 2;
    double carried = 0.0;
    std::uint32_t sides = 0;
    for (std::size_t k = 0; k < center; ++k) {
        const double wanted = weights[k] * 256.0 + carried;
        const double rounded = std::nearbyint(wanted);
        carried = wanted - rounded;
        fixed[k] = fixed[weights.size() - 1 - k] = static_cast<std::uint32_t>(rounded);
        sides += 2 * fixed[k];
    }
    fixed[center] = 256 - sides;
    return fixed;
}

/// The taps of a blur: a symmetric window over a mirrored signal.
template <class Weight>
struct WindowTaps {
    const std::vector<Weight>& weights;
    Index length;

    template <class Visit>
    void operator()(Index j, const Visit& visit) const {
        Index k = j - static_cast<Index>(weights.size() / 2);
        for (const Weight weight : weights) visit(reflect_index(k++, length), weight);
    }
};

/// Both passes of a blur: `Mid` holds a sample between them, `finish` makes a sample of the sum.
template <class Out, class Mid, class In, class Weight, class Finish>
std::vector<Out> blur_axes(std::span<const In> samples, Size size, Index channels,
                           const std::vector<Weight>& weights, const Finish& finish) {
    const auto between = filter_axis<Mid, Weight>(samples, along_rows(size, channels), size.width,
                                                  WindowTaps<Weight>{weights, size.width},
                                                  [](Weight sum) { return static_cast<Mid>(sum); });
    return filter_axis<Out, Weight>(std::span<const Mid>(between), along_columns(size, channels),
                                    size.height, WindowTaps<Weight>{weights, size.height}, finish);
}

}  // namespace detail

/// Gaussian blur of an 8-bit picture as OpenCV computes it, bit for bit: weights in 8-bit fixed
/// point, exact sums along both axes, one rounding at the end, borders mirrored without repeating
/// the edge pixel. Alpha is kept as it is.
/// @param kernel  odd length of the window, in pixels.
/// @param sigma   in pixels; 0 stands for 0.3 ((kernel - 1) / 2 - 1) + 0.8. (For kernels up to 7
///                OpenCV takes tabulated weights instead.)
/// @throws OptionError when `kernel` is even, either is negative or the picture has 16 bits.
[[nodiscard]] inline Image gaussian_blur(const Image& image, Index kernel, double sigma) {
    const auto weights = detail::fixed_point_weights(detail::gaussian_weights(kernel, sigma));
    const auto rounded = [](std::uint32_t sum) {
        return static_cast<std::uint8_t>((sum + (1U << 15U)) >> 16U);
    };
    return detail::with_samples_of(
        image, image.channels(),
        detail::blur_axes<std::uint8_t, std::uint16_t>(image.samples(), image.size(),
                                                       image.channels(), weights, rounded));
}

/// The same blur of one plane of real numbers, with weights and sums in double.
/// @param plane  (height, width).
/// @throws OptionError as above; ShapeError when `plane` does not hold height * width numbers.
[[nodiscard]] inline std::vector<double> gaussian_blur(std::span<const double> plane, Size size,
                                                       Index kernel, double sigma) {
    if (static_cast<Index>(plane.size()) != size.width * size.height) {
        throw_shape_error("gaussian_blur", "expected height * width numbers",
                          {{"plane (H, W)", {size.height, size.width}},
                           {"numbers (count)", {static_cast<Index>(plane.size())}}});
    }
    const auto weights = detail::gaussian_weights(kernel, sigma);
    return detail::blur_axes<double, double>(plane, size, 1, weights,
                                             [](double sum) { return sum; });
}

}  // namespace oldphoto
