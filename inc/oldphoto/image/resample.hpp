#pragma once

#include <oldphoto/image/axis.hpp>
#include <oldphoto/image/image.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

namespace oldphoto {

/// How resize() weighs the input pixels around an output pixel. All but `nearest` widen with the
/// scale when shrinking, so that no input pixel is passed over.
enum class Resampling { nearest, box, bilinear, bicubic, lanczos };

namespace detail {

inline double filter_support(Resampling filter) {
    switch (filter) {
        case Resampling::nearest:
            return 0.0;
        case Resampling::box:
            return 0.5;
        case Resampling::bilinear:
            return 1.0;
        case Resampling::bicubic:
            return 2.0;
        case Resampling::lanczos:
            return 3.0;
    }
    return 0.0;
}

inline double sinc(double x) {
    if (x == 0.0) return 1.0;
    return std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

/// Keys's cubic convolution kernel with a = -0.5.
inline double cubic_weight(double x) {
    constexpr double a = -0.5;
    x = std::abs(x);
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
    return 0.0;
}

inline double filter_weight(Resampling filter, double x) {
    switch (filter) {
        case Resampling::nearest:
            return 0.0;
        case Resampling::box:
            return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
        case Resampling::bilinear:
            return std::max(1.0 - std::abs(x), 0.0);
        case Resampling::bicubic:
            return cubic_weight(x);
        case Resampling::lanczos:
            return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0;
    }
    return 0.0;
}

/// The weights of a resampling pass in 22-bit fixed point. Output position j takes
/// weights[offset[j] .. offset[j + 1]) times the input samples from first[j] on.
struct ResampleTaps {
    static constexpr int fraction_bits = 22;

    std::vector<Index> first;
    std::vector<std::size_t> offset{0};
    std::vector<std::int32_t> weights;

    template <class Visit>
    void operator()(Index j, const Visit& visit) const {
        const auto position = static_cast<std::size_t>(j);
        Index k = first[position];
        for (std::size_t i = offset[position]; i < offset[position + 1]; ++i) {
            visit(k++, weights[i]);
        }
    }
};

inline ResampleTaps resample_taps(Index in_length, Index out_length, Resampling filter) {
    const double scale = static_cast<double>(in_length) / static_cast<double>(out_length);
    const double stretch = std::max(scale, 1.0);
    const double support = filter_support(filter) * stretch;
    ResampleTaps taps;
    std::vector<double> weights;
    for (Index j = 0; j < out_length; ++j) {
        const double center = (static_cast<double>(j) + 0.5) * scale;
        const Index low = std::max(static_cast<Index>(center - support + 0.5), Index{0});
        const Index high = std::min(static_cast<Index>(center + support + 0.5), in_length);
        weights.clear();
        double total = 0.0;
        for (Index k = low; k < high; ++k) {
            const double distance = static_cast<double>(k) - center + 0.5;
            weights.push_back(filter_weight(filter, distance * (1.0 / stretch)));
            total += weights.back();
        }
        for (const double weight : weights) {
            const double scaled = weight / total * (1 << ResampleTaps::fraction_bits);
            taps.weights.push_back(static_cast<std::int32_t>(std::round(scaled)));
        }
        taps.first.push_back(low);
        taps.offset.push_back(taps.weights.size());
    }
    return taps;
}

inline std::uint8_t resampled_sample(std::int32_t sum) {
    constexpr int bits = ResampleTaps::fraction_bits;
    return static_cast<std::uint8_t>(std::clamp((sum + (1 << (bits - 1))) >> bits, 0, 255));
}

inline std::vector<std::uint8_t> resample_axis(std::span<const std::uint8_t> in,
                                               const AxisLayout& layout, Index out_length,
                                               Resampling filter) {
    return filter_axis<std::uint8_t, std::int32_t>(
        in, layout, out_length, resample_taps(layout.length, out_length, filter), resampled_sample);
}

/// For each output position the input position it copies. The step is added up, not multiplied,
/// which decides at exact ties.
inline std::vector<Index> nearest_positions(Index in_length, Index out_length) {
    const double scale = static_cast<double>(in_length) / static_cast<double>(out_length);
    std::vector<Index> positions(static_cast<std::size_t>(out_length));
    double position = 0.5 * scale;
    for (Index& taken : positions) {
        taken = std::min(static_cast<Index>(position), in_length - 1);
        position += scale;
    }
    return positions;
}

inline std::vector<std::uint8_t> resize_nearest(std::span<const std::uint8_t> in, Size from,
                                                Size to, Index channels) {
    const auto columns = nearest_positions(from.width, to.width);
    const auto rows = nearest_positions(from.height, to.height);
    std::vector<std::uint8_t> out(static_cast<std::size_t>(to.width * to.height * channels));
    auto write = out.begin();
    for (const Index y : rows) {
        for (const Index x : columns) {
            const auto read = in.begin() + (y * from.width + x) * channels;
            write = std::copy_n(read, channels, write);
        }
    }
    return out;
}

inline std::vector<std::uint8_t> resize_samples(std::span<const std::uint8_t> in, Size from,
                                                Size to, Index channels, Resampling filter) {
    if (filter == Resampling::nearest) return resize_nearest(in, from, to, channels);
    std::vector<std::uint8_t> samples(in.begin(), in.end());
    if (to.width != from.width) {
        samples = resample_axis(samples, along_rows(from, channels), to.width, filter);
    }
    if (to.height != from.height) {
        const Size half_done{to.width, from.height};
        samples = resample_axis(samples, along_columns(half_done, channels), to.height, filter);
    }
    return samples;
}

}  // namespace detail

/// Resamples an 8-bit picture as Pillow does, bit for bit: along rows, then along columns, each
/// pass rounded to 8 bits in 22-bit fixed point and left out when the length does not change.
/// Alpha is resampled apart; colours are not weighted by it.
/// @param size  of the result.
/// @throws OptionError when a side of `size` lies outside 1 .. 2^30 or the picture has 16 bits.
[[nodiscard]] inline Image resize(const Image& image, Size size, Resampling filter) {
    detail::check_size("resize", size);
    const auto resized = [&](std::span<const std::uint8_t> samples, Index channels) {
        return detail::resize_samples(samples, image.size(), size, channels, filter);
    };
    auto result =
        Image::from_samples(size, image.channels(), resized(image.samples(), image.channels()));
    if (image.has_alpha()) result.set_alpha(resized(image.alpha(), 1));
    return result;
}

}  // namespace oldphoto
