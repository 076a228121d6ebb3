#pragma once

#include <oldphoto/autograd/expression.hpp>
#include <oldphoto/backend/conv_geometry.hpp>
#include <oldphoto/backend/line_weights.hpp>

#include <cmath>
#include <string>

namespace oldphoto {

/// How resample() makes a pixel from those around it. None of them smooths before it shrinks.
enum class ResampleMode {
    nearest,   ///< the pixel at floor(position), without a half-pixel shift
    bilinear,  ///< from 2 x 2 pixels
    bicubic,   ///< from 4 x 4 pixels, by cubic convolution with a = -0.75
    area,      ///< the mean of all pixels that the new one overlaps
};

namespace detail {

/// A value weighed along its rows and columns.
template <class T, class B>
[[nodiscard]] Tensor<T, 4, B> weighed(const Deferred<T, B>& x, const LineWeights& rows,
                                      const LineWeights& columns) {
    const auto shape = x.shape();
    auto y =
        Tensor<T, 4, B>::uninitialized({shape[0], shape[1], rows.outputs(), columns.outputs()});
    x.with_rows([&](const RowSource<T>& source) { B::resample(rows, columns, source, y.view()); });
    return y;
}

/// A line of `inputs` pixels from which `outputs` are made, whose centres lie from / to apart.
struct LineSampling {
    Index inputs;
    Index outputs;
    double from;
    double to;
};

/// Means over the stretches of inputs that stretch_of(o) names.
template <class StretchOf>
[[nodiscard]] LineWeights line_means(Index inputs, Index outputs, const StretchOf& stretch_of) {
    return LineWeights(inputs, outputs, [&](Index o, const auto& add) {
        const Stretch stretch = stretch_of(o);
        const double weight = 1.0 / static_cast<double>(stretch.length());
        for (Index place = stretch.begin; place < stretch.end; ++place) add(place, weight);
    });
}

[[nodiscard]] inline LineWeights nearest_weights(const LineSampling& line) {
    return line_means(line.inputs, line.outputs, [&](Index o) {
        // The product before the quotient: whole numbers come out whole.
        const auto place = static_cast<Index>(static_cast<double>(o) * line.from / line.to);
        const Index begin = std::min(place, line.inputs - 1);
        return Stretch{begin, begin + 1};
    });
}

[[nodiscard]] inline LineWeights area_weights(const LineSampling& line) {
    return line_means(line.inputs, line.outputs, [&](Index o) {
        return Stretch{o * line.inputs / line.outputs,
                       ((o + 1) * line.inputs + line.outputs - 1) / line.outputs};
    });
}

/// Weights kernel(distance) of the inputs nearer than `support` to the output's position; beyond
/// its ends the line goes on with its last pixel.
template <class Kernel>
[[nodiscard]] LineWeights kernel_weights(const LineSampling& line, bool align_corners,
                                         Index support, const Kernel& kernel) {
    const auto position = [&](Index o) {
        const auto x = static_cast<double>(o);
        if (!align_corners) return (x + 0.5) * line.from / line.to - 0.5;
        if (line.outputs == 1) return 0.0;
        return x * static_cast<double>(line.inputs - 1) / static_cast<double>(line.outputs - 1);
    };
    return LineWeights(line.inputs, line.outputs, [&](Index o, const auto& add) {
        const double x = position(o);
        const auto left = static_cast<Index>(std::floor(x));
        for (Index i = left - support + 1; i <= left + support; ++i) {
            add(std::clamp(i, Index{0}, line.inputs - 1), kernel(std::abs(x - double(i))));
        }
    });
}

/// The cubic convolution kernel with a = -0.75, as PyTorch has it; distance in [0, 2].
/// Source: Keys, "Cubic convolution interpolation for digital image processing", 1981.
[[nodiscard]] inline double cubic_kernel(double distance) {
    constexpr double a = -0.75;
    const double d = distance;
    return d < 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : (((d - 5) * d + 8) * d - 4) * a;
}

[[nodiscard]] inline LineWeights resample_weights(const LineSampling& line, ResampleMode mode,
                                                  bool align_corners) {
    switch (mode) {
        case ResampleMode::nearest:
            return nearest_weights(line);
        case ResampleMode::bilinear:
            return kernel_weights(line, align_corners, 1, [](double d) { return 1 - d; });
        case ResampleMode::bicubic:
            return kernel_weights(line, align_corners, 2, cubic_kernel);
        case ResampleMode::area:
            break;
    }
    return area_weights(line);
}

}  // namespace detail

/// y = R x C^T for every plane, with the weights of the rows in R and of the columns in C; a
/// gradient goes back through R^T and C. Whatever is pending on x is applied while it is pulled.
struct ResampleOp {
    static constexpr const char* name = "resample";
    Pair size;
    /// Outputs for one input along each axis, which then tells how far apart they are sampled; 0
    /// where that follows from the two sizes.
    double factor;
    ResampleMode mode;
    bool align_corners;

    template <class T, class B>
    Tensor<T, 4, B> forward(const Variable<T, 4, B>& x) const {
        check(x.shape());
        return detail::weighed(x.deferred(), rows(x.shape()), columns(x.shape()));
    }
    template <class T, class B>
    Tensor<T, 4, B> backward(const Tensor<T, 4, B>& gy, const Variable<T, 4, B>& x) const {
        return detail::weighed(Deferred<T, B>(gy), rows(x.shape()).transposed(),
                               columns(x.shape()).transposed());
    }

    [[nodiscard]] Window window(const Shape<4>&, const Shape<4>& x) const {
        const auto line = sampling(x[2], size.h);
        // Aligned corners shift positions by up to half the step.
        return {support() + (align_corners ? 1 : 0), line.from / line.to, false};
    }
    [[nodiscard]] Cost cost(const Shape<4>& y, const Shape<4>& x) const {
        const auto across = static_cast<double>(x[0] * x[1] * x[2] * y[3]);
        const auto down = static_cast<double>(y.size());
        const auto terms = static_cast<double>(std::max(Index{1}, 2 * support()));
        return {2 * terms * (across + down), 4 * static_cast<double>(x.size() + y.size())};
    }

private:
    [[nodiscard]] Index support() const noexcept {
        return mode == ResampleMode::nearest ? 0 : mode == ResampleMode::bicubic ? 2 : 1;
    }
    [[nodiscard]] detail::LineSampling sampling(Index inputs, Index outputs) const {
        return factor > 0 ? detail::LineSampling{inputs, outputs, 1, factor}
                          : detail::LineSampling{inputs, outputs, static_cast<double>(inputs),
                                                 static_cast<double>(outputs)};
    }
    [[nodiscard]] LineWeights rows(const Shape<4>& x) const {
        return detail::resample_weights(sampling(x[2], size.h), mode, align_corners);
    }
    [[nodiscard]] LineWeights columns(const Shape<4>& x) const {
        return detail::resample_weights(sampling(x[3], size.w), mode, align_corners);
    }

    void check(const Shape<4>& x) const {
        if (size.h < 1 || size.w < 1) {
            throw_option_error(name, "size must be positive, got (" + std::to_string(size.h) +
                                         ", " + std::to_string(size.w) + ")");
        }
        if (align_corners && mode != ResampleMode::bilinear && mode != ResampleMode::bicubic) {
            throw_option_error(name, "align_corners goes with bilinear and bicubic only");
        }
        if (x[2] < 1 || x[3] < 1) {
            throw_shape_error(name, "the picture must not be empty",
                              {{"x (N, C, H, W)", dims_of(x)}});
        }
    }
};

/// Resamples pictures as PyTorch's interpolate does, without antialiasing. Positions of pixels are
/// those of their centres, (o + 0.5) H / oh - 0.5, or with align_corners o (H - 1) / (oh - 1).
/// @param x     (N, C, H, W)
/// @param size  (oh, ow)
/// @return      (N, C, oh, ow)
/// @throws OptionError, ShapeError
template <TrackedExpr X>
[[nodiscard]] auto resample(const X& x, Pair size, ResampleMode mode, bool align_corners = false) {
    static_assert(
        X::rank == 4,
        "resample: expected a picture (N, C, H, W), rank 4; add the batch axis with unsqueeze()");
    return apply(ResampleOp{size, 0, mode, align_corners}, x);
}

/// The same by a factor: oh = floor(H factor), and positions are (o + 0.5) / factor - 0.5 even
/// where H factor is not whole.
/// @param factor  > 0
template <TrackedExpr X>
[[nodiscard]] auto resample_by(const X& x, double factor, ResampleMode mode,
                               bool align_corners = false) {
    static_assert(X::rank == 4,
                  "resample_by: expected a picture (N, C, H, W), rank 4; add the batch axis with "
                  "unsqueeze()");
    if (!(factor > 0 && std::isfinite(factor))) {
        throw_option_error(ResampleOp::name,
                           "factor must be positive, got " + std::to_string(factor));
    }
    const auto scaled = [&](Index length) {
        return static_cast<Index>(static_cast<double>(length) * factor);
    };
    const auto shape = x.shape();
    return apply(ResampleOp{{scaled(shape[2]), scaled(shape[3])}, factor, mode, align_corners}, x);
}

}  // namespace oldphoto
