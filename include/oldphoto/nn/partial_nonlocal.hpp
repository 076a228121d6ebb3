#pragma once

#include <oldphoto/nn/residual.hpp>
#include <oldphoto/ops/partial_nonlocal.hpp>

#include <utility>

namespace oldphoto {

/// The published defaults.
struct PartialNonlocalLayerOptions {
    Index channels;
    Index inner_channels = 0;            ///< of queries, keys and values; 0: as many as channels
    PartialNonlocalOptions attention{};  ///< temperature, cosine, renormalize, use_self
    Index blocks = 3;                    ///< residual blocks after the attention
    Index local_blocks = 0;              ///< residual blocks on what is kept of the input
    NormKind norm = NormKind::instance;  ///< of the residual blocks
    /// Whether W begins as zeros, as the released layer has it. The released mapping draws the
    /// weight, though not the bias, anew together with all its others.
    bool zero_init = true;

    [[nodiscard]] friend bool operator==(const PartialNonlocalLayerOptions&,
                                         const PartialNonlocalLayerOptions&) = default;

    /// @throws OptionError
    void check() const {
        const auto require = [](bool holds, const char* rule, Index got) {
            require_option(holds, "partial_nonlocal", rule, got);
        };
        require(channels >= 1, "channels must be positive", channels);
        require(inner_channels >= 0, "inner_channels must not be negative", inner_channels);
        require(blocks >= 0, "blocks must not be negative", blocks);
        require(local_blocks >= 0, "local_blocks must not be negative", local_blocks);
    }
};

/// Fills holes of a latent from what resembles them elsewhere: with V = valid_map(mask),
///
///     O = blocks(W(partial_nonlocal(theta(x), phi(x), g(x), V)))
///     y = V * local_blocks(x) + (1 - V) * O
///
/// where theta, phi, g and W are convolutions 1x1. Without local blocks, as released, a clean pixel
/// keeps its latent exactly; the paper draws them (equation 10). x (N, channels, h, w), of any size
/// that residual blocks take, gives y of the same shape. States: "g.weight", "W.weight",
/// "theta.weight", "phi.weight", "res_block.0.conv_block.1.weight", ... and, where there are local
/// blocks, "local_block.0...".
/// Source: Wan et al., "Bringing Old Photos Back to Life", CVPR 2020, section 3.3.
template <class T = float, class B = Cpu>
class PartialNonlocal {
public:
    /// @throws OptionError
    PartialNonlocal(const PartialNonlocalLayerOptions& o, const Init& init)
        : options_(checked(o)),
          g_(pointwise(o.channels, inner_channels(), init)),
          w_(pointwise(inner_channels(), o.channels, o.zero_init ? Init::zeros() : init)),
          theta_(pointwise(o.channels, inner_channels(), init)),
          phi_(pointwise(o.channels, inner_channels(), init)),
          res_block_(residual_blocks(o, o.blocks, init)),
          local_block_(residual_blocks(o, o.local_blocks, init)) {
        const auto clear_bias = [](std::string_view name, const AnyVariable<T, B>& variable) {
            if (name == "bias") variable.value().fill(T(0));
        };
        w_.visit_parameters(ParameterVisitor<T, B>(clear_bias));
    }

    [[nodiscard]] const PartialNonlocalLayerOptions& options() const noexcept { return options_; }

    /// @param x     (N, channels, h, w)
    /// @param mask  (N, 1, H, W): 1 is a hole, 0 is clean
    /// @throws ShapeError
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x,
                                               const Tensor<T, 4, B>& mask) const {
        const auto valid = valid_map(mask, {x.dim(2), x.dim(3)});
        const auto filled = fill(x, valid);
        const Variable<T, 4, B> trust(valid);
        return trust * local_block_(x) + (1 - trust) * filled;
    }
    /// O: what the holes are filled with.
    /// @param valid  (N, 1, h, w)
    [[nodiscard]] Variable<T, 4, B> fill(const Variable<T, 4, B>& x,
                                         const Tensor<T, 4, B>& valid) const {
        // x is read several times, so what is pending on it is better applied once, before.
        static_cast<void>(x.value());
        // Queries, keys and values are gone before the blocks begin.
        auto y = attend(theta_(x), phi_(x), g_(x), valid);
        y = w_(y);
        return res_block_(std::move(y));
    }
    /// The same layer with attention in windows (windowed_nonlocal()), for inference.
    /// @param window  side of the tiles; 0: attention to the whole picture
    [[nodiscard]] PartialNonlocal with_window(Index window) const {
        auto layer = *this;
        layer.window_ = window;
        return layer;
    }

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit_child("g", g_, visit);
        visit_child("W", w_, visit);
        visit_child("theta", theta_, visit);
        visit_child("phi", phi_, visit);
        visit_child("res_block", res_block_, visit);
        visit_child("local_block", local_block_, visit);
    }
    void set_training(bool training) {
        res_block_.set_training(training);
        local_block_.set_training(training);
    }

private:
    [[nodiscard]] Index inner_channels() const noexcept {
        return options_.inner_channels > 0 ? options_.inner_channels : options_.channels;
    }
    [[nodiscard]] static Conv2d<T, B> pointwise(Index from, Index to, const Init& init) {
        return Conv2d<T, B>({.in_channels = from, .out_channels = to, .kernel = 1}, init);
    }
    [[nodiscard]] static Sequential<T, B> residual_blocks(const PartialNonlocalLayerOptions& o,
                                                          Index count, const Init& init) {
        Sequential<T, B> blocks;
        for (Index k = 0; k < count; ++k) {
            blocks.add(ResidualBlock<T, B>({.channels = o.channels, .norm = o.norm}, init));
        }
        return blocks;
    }

    [[nodiscard]] Variable<T, 4, B> attend(const Variable<T, 4, B>& q, const Variable<T, 4, B>& k,
                                           const Variable<T, 4, B>& v,
                                           const Tensor<T, 4, B>& valid) const {
        const auto& o = options_.attention;
        if (window_ == 0) return partial_nonlocal(q, k, v, valid, o);
        return Variable<T, 4, B>(
            windowed_nonlocal(q.value(), k.value(), v.value(), valid, o, window_));
    }

    PartialNonlocalLayerOptions options_;
    Index window_ = 0;
    Conv2d<T, B> g_;
    Conv2d<T, B> w_;
    Conv2d<T, B> theta_;
    Conv2d<T, B> phi_;
    Sequential<T, B> res_block_;
    Sequential<T, B> local_block_;
};

}  // namespace oldphoto
