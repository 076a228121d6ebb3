#pragma once

#include <oldphoto/nn/activation.hpp>
#include <oldphoto/nn/blur_pool.hpp>
#include <oldphoto/nn/conv2d.hpp>
#include <oldphoto/nn/norm.hpp>
#include <oldphoto/nn/pad.hpp>
#include <oldphoto/nn/resample.hpp>
#include <oldphoto/nn/sequential.hpp>
#include <oldphoto/ops/shape.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace oldphoto {

/// The published settings of the detector of scratches.
struct DetectorOptions {
    Index in_channels = 1;   ///< 1: grey
    Index out_channels = 1;  ///< maps of logits
    Index width = 64;        ///< 2^wf: channels at full size, doubled by each halving
    Index depth = 4;         ///< halvings

    /// Channels after d halvings: width * 2^d.
    [[nodiscard]] Index width_at(Index d) const { return width << d; }
    /// Both sides of a picture must be multiples of this.
    [[nodiscard]] Index size_multiple() const { return Index{1} << depth; }
    /// The smallest side: a reflection of one pixel must fit in the smallest picture.
    [[nodiscard]] Index smallest_side() const { return 2 * size_multiple(); }

    [[nodiscard]] friend bool operator==(const DetectorOptions&, const DetectorOptions&) = default;

    /// @throws OptionError
    void check() const {
        const auto require = [](bool holds, const char* rule, Index got) {
            require_option(holds, "detector", rule, got);
        };
        require(in_channels >= 1, "in_channels must be positive", in_channels);
        require(out_channels >= 1, "out_channels must be positive", out_channels);
        require(width >= 1, "width must be positive", width);
        require(depth >= 1 && depth <= 15, "depth must lie in 1..15", depth);
    }
};

namespace detail {

/// A convolution over a picture whose borders are reflected, so that its size stays.
template <class T, class B>
void add_unet_conv(Sequential<T, B>& layers, Index from, Index to, Index kernel, const Init& init) {
    layers.add(Pad2d{kernel / 2, PaddingMode::reflect});
    layers.add(Conv2d<T, B>({.in_channels = from, .out_channels = to, .kernel = kernel}, init));
}

/// The same, a batch norm and a leaky relu.
template <class T, class B>
void add_unet_conv_norm_relu(Sequential<T, B>& layers, Index from, Index to, const Init& init) {
    add_unet_conv(layers, from, to, 3, init);
    layers.add(BatchNorm2d<T, B>(to));
    layers.add(LeakyRelu{});
}

/// What a U-Net does at one size: from -> to -> to channels.
template <class T, class B>
[[nodiscard]] Sequential<T, B> unet_block(Index from, Index to, const Init& init) {
    Sequential<T, B> block;
    add_unet_conv_norm_relu(block, from, to, init);
    add_unet_conv_norm_relu(block, to, to, init);
    return block;
}

}  // namespace detail

/// One step up a U-Net: block(concat(up(x), skip)), where up doubles the size, bilinearly, and
/// halves the channels by a convolution alone. States: "up.2.weight", "conv_block.block.1.weight".
template <class T = float, class B = Cpu>
class UNetUpStep {
public:
    /// @param channels  of the skip; x has twice as many.
    UNetUpStep(Index channels, const Init& init)
        : up_{ResampleBy{2, ResampleMode::bilinear}},
          block_(detail::unet_block<T, B>(2 * channels, channels, init)) {
        detail::add_unet_conv(up_, 2 * channels, channels, 3, init);
    }

    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x,
                                               const Variable<T, 4, B>& skip) const {
        return block_(concat(1, up_(x), skip));
    }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit_child("up", up_, visit);
        visit_child("conv_block.block", block_, visit);
    }
    void set_training(bool training) { block_.set_training(training); }

private:
    Sequential<T, B> up_;
    Sequential<T, B> block_;
};

/// The U-Net that finds scratches, w = options.width and n = options.depth:
///
///     states         layers                                              channels    size
///     first          conv 7x7, leaky relu                                w           full
///     down_sample.d  conv 3x3, batch norm, leaky relu, blur-pool         w 2^d       / 2^(d + 1)
///     down_path.d    block: twice conv 3x3, batch norm, leaky relu       w 2^(d + 1) / 2^(d + 1)
///     up_path.j      up: bilinear x 2, conv 3x3; block of (up, skip d)   w 2^d       / 2^d
///     last           conv 3x3                                            logits      full
///
/// d = 0 .. n - 1, d = n - 1 - j on the way up; skip d is what entered down_sample.d. All
/// convolutions reflect the borders, and those without "batch norm" have none. The published
/// weights are what FT_Epoch_latest.pt holds under "model_state", with no "module." prefix.
/// Source: Wan et al., "Bringing Old Photos Back to Life", CVPR 2020, "Scratch detection", after
/// Ronneberger, Fischer, Brox, "U-Net", MICCAI 2015.
template <class T = float, class B = Cpu>
class ScratchDetector {
public:
    using Layers = Sequential<T, B>;

    /// @throws OptionError
    ScratchDetector(const DetectorOptions& options, const Init& init) : options_(options) {
        options_.check();
        const auto& o = options_;
        detail::add_unet_conv(first_, o.in_channels, o.width, 7, init);
        first_.add(LeakyRelu{});
        for (Index d = 0; d < o.depth; ++d) {
            down_path_.push_back(detail::unet_block<T, B>(o.width_at(d), o.width_at(d + 1), init));
            Layers half;
            detail::add_unet_conv_norm_relu(half, o.width_at(d), o.width_at(d), init);
            half.add(BlurPool2d<T, B>(o.width_at(d)));
            down_sample_.push_back(std::move(half));
        }
        for (Index d = o.depth; d-- > 0;) up_path_.emplace_back(o.width_at(d), init);
        detail::add_unet_conv(last_, o.width, o.out_channels, 3, init);
    }

    [[nodiscard]] const DetectorOptions& options() const noexcept { return options_; }

    /// The logits, positive where a scratch is likelier than not.
    /// @param x  (N, in_channels, H, W), grey, in [-1, 1]
    /// @return   (N, out_channels, H, W)
    /// @throws ShapeError for other channels, or sides that are no multiples of size_multiple() or
    ///         below smallest_side().
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        check_input(x.shape());
        auto y = first_(x);
        std::vector<Variable<T, 4, B>> skips;
        for (std::size_t d = 0; d < down_path_.size(); ++d) {
            // A skip is read twice, so what is pending on it is better applied once, before.
            static_cast<void>(y.value());
            skips.push_back(y);
            y = down_path_[d](down_sample_[d](y));
        }
        for (const auto& step : up_path_) {
            y = step(y, skips.back());
            skips.pop_back();
        }
        return last_(y);
    }
    /// sigmoid(logits): how likely each pixel is a scratch. The published mask is where it is 0.4
    /// or more.
    [[nodiscard]] Variable<T, 4, B> probability(const Variable<T, 4, B>& x) const {
        return sigmoid((*this)(x));
    }

    // The stages, as the table above names them.
    [[nodiscard]] const Layers& first() const noexcept { return first_; }
    [[nodiscard]] const std::vector<Layers>& down_sample() const noexcept { return down_sample_; }
    [[nodiscard]] const std::vector<Layers>& down_path() const noexcept { return down_path_; }
    [[nodiscard]] const std::vector<UNetUpStep<T, B>>& up_path() const noexcept { return up_path_; }
    [[nodiscard]] const Layers& last() const noexcept { return last_; }

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        const auto visit_all = [&](const std::string& prefix, const auto& stages,
                                   const char* suffix) {
            for (std::size_t d = 0; d < stages.size(); ++d) {
                visit_child(prefix + std::to_string(d) + suffix, stages[d], visit);
            }
        };
        visit_child("first", first_, visit);
        visit_all("down_path.", down_path_, ".block");
        visit_all("down_sample.", down_sample_, "");
        visit_all("up_path.", up_path_, "");
        visit_child("last", last_, visit);
    }
    void set_training(bool training) {
        for (auto& stage : down_path_) stage.set_training(training);
        for (auto& stage : down_sample_) stage.set_training(training);
        for (auto& stage : up_path_) stage.set_training(training);
    }

private:
    void check_input(const Shape<4>& x) const {
        const auto& o = options_;
        const auto fits = [&](Index side) {
            return side >= o.smallest_side() && side % o.size_multiple() == 0;
        };
        if (x[1] != o.in_channels || !fits(x[2]) || !fits(x[3])) {
            throw_shape_error("detector",
                              "expected (N, " + std::to_string(o.in_channels) +
                                  ", H, W) with sides that are multiples of " +
                                  std::to_string(o.size_multiple()) + " from " +
                                  std::to_string(o.smallest_side()) + " on",
                              {{"x (N, C, H, W)", dims_of(x)}});
        }
    }

    DetectorOptions options_;
    Layers first_;
    std::vector<Layers> down_path_;
    std::vector<Layers> down_sample_;
    std::vector<UNetUpStep<T, B>> up_path_;
    Layers last_;
};

}  // namespace oldphoto
