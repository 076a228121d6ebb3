#pragma once

#include <oldphoto/nn/residual.hpp>

#include <algorithm>
#include <utility>

namespace oldphoto {

/// The published defaults of the quality mapping.
struct MappingOptions {
    Index base = 64;            ///< channels of the latent
    Index max_width = 512;      ///< mc: limit of the doubling
    Index blocks = 6;           ///< n_blocks: residual blocks
    Index dilation = 1;         ///< of the first convolution of each
    Index widen = 4;            ///< convolutions that widen, and as many that narrow
    Index latent_channels = 0;  ///< feat_dim: norm, relu and a 1x1 convolution to so many; 0: none
    NormKind norm = NormKind::instance;

    /// min(base * 2^e, max_width)
    [[nodiscard]] Index width_at(Index e) const { return std::min(base << e, max_width); }
    /// Channels of the latent that comes out.
    [[nodiscard]] Index output_channels() const {
        return latent_channels > 0 ? latent_channels : base;
    }

    [[nodiscard]] friend bool operator==(const MappingOptions&, const MappingOptions&) = default;

    /// @throws OptionError
    void check() const {
        const auto require = [](bool holds, const char* rule, Index got) {
            require_option(holds, "mapping", rule, got);
        };
        require(base >= 1, "base must be positive", base);
        require(max_width >= 2 * base, "max_width must be at least twice base", max_width);
        require(blocks >= 0, "blocks must not be negative", blocks);
        require(dilation >= 1 && dilation <= 64, "dilation must lie in 1..64", dilation);
        require(widen >= 1 && widen <= 15, "widen must lie in 1..15", widen);
        require(latent_channels >= 0 && latent_channels < base,
                "latent_channels must lie in 0..base - 1", latent_channels);
    }
};

namespace detail {

/// A convolution that keeps the size, its borders continued by zeros.
template <class T, class B>
void add_conv(Sequential<T, B>& layers, Index from, Index to, Index kernel, const Init& init) {
    layers.add(Conv2d<T, B>(
        {.in_channels = from, .out_channels = to, .kernel = kernel, .padding = kernel / 2}, init));
}

template <class T, class B>
void add_norm_relu(Sequential<T, B>& layers, NormKind norm, Index channels) {
    layers.add(make_norm<T, B>(norm, channels));
    layers.add(Relu{});
}

/// The convolutions of a mapping that widen a latent.
template <class T, class B>
void add_widening(Sequential<T, B>& layers, const MappingOptions& o, const Init& init) {
    for (Index e = 0; e < o.widen; ++e) {
        add_conv(layers, o.width_at(e), o.width_at(e + 1), 3, init);
        add_norm_relu(layers, o.norm, o.width_at(e + 1));
    }
}

/// `o.blocks` residual blocks at its full width.
template <class T, class B>
void add_residual_blocks(Sequential<T, B>& layers, const MappingOptions& o, const Init& init) {
    for (Index k = 0; k < o.blocks; ++k) {
        layers.add(ResidualBlock<T, B>(
            {.channels = o.width_at(o.widen), .dilation = o.dilation, .norm = o.norm}, init));
    }
}

/// The convolutions that narrow it again.
template <class T, class B>
void add_narrowing(Sequential<T, B>& layers, const MappingOptions& o, const Init& init) {
    for (Index e = o.widen; e > 1; --e) {
        add_conv(layers, o.width_at(e), o.width_at(e - 1), 3, init);
        add_norm_relu(layers, o.norm, o.width_at(e - 1));
    }
    add_conv(layers, o.width_at(1), o.base, 3, init);
    if (o.latent_channels > 0) {
        add_norm_relu(layers, o.norm, o.base);
        add_conv(layers, o.base, o.latent_channels, 1, init);
    }
}

}  // namespace detail

/// Translates the latent of an old photo to that of a clean one: (N, base, h, w) to the same shape,
/// or with latent_channels to so many channels. Widening and narrowing convolutions pad by zeros,
/// residual blocks by reflection. States: "model.0.weight", ...
/// Source: Wan et al., "Bringing Old Photos Back to Life", CVPR 2020, section 3.2.
template <class T = float, class B = Cpu>
class Mapping {
public:
    /// @throws OptionError
    Mapping(const MappingOptions& o, const Init& init) : options_(o) {
        o.check();
        detail::add_widening(model_, o, init);
        detail::add_residual_blocks(model_, o, init);
        detail::add_narrowing(model_, o, init);
    }

    [[nodiscard]] const MappingOptions& options() const noexcept { return options_; }
    [[nodiscard]] const Sequential<T, B>& model() const noexcept { return model_; }
    /// Of a latent, so that the reflections of the residual blocks fit.
    [[nodiscard]] Index smallest_side() const noexcept { return options_.dilation + 1; }

    [[nodiscard]] Variable<T, 4, B> operator()(Variable<T, 4, B> z) const {
        return model_(std::move(z));
    }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit_child("model", model_, visit);
    }
    void set_training(bool training) { model_.set_training(training); }

private:
    MappingOptions options_;
    Sequential<T, B> model_;
};

}  // namespace oldphoto
