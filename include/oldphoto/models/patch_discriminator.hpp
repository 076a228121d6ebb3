#pragma once

#include <oldphoto/nn/activation.hpp>
#include <oldphoto/nn/conv2d.hpp>
#include <oldphoto/nn/norm.hpp>
#include <oldphoto/nn/sequential.hpp>
#include <oldphoto/nn/spectral_norm.hpp>
#include <oldphoto/ops/pool.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace oldphoto {

/// The published settings of the discriminators of the VAEs. Those of the mappings have 6
/// in_channels, the damaged picture and the one to judge; with scratches or in high resolution
/// they have spectral norm.
struct PatchDiscriminatorOptions {
    Index in_channels = 3;
    Index width = 64;       ///< ndf: channels of the first layer, doubled by each
    Index max_width = 512;  ///< limit of the doubling
    Index layers = 3;       ///< n_layers: those that halve; two more follow
    Index scales = 2;       ///< num_D: the picture, its half, its quarter ...
    bool spectral_norm = false;

    /// Channels after layer j: min(width * 2^j, max_width), and 1 after the last.
    [[nodiscard]] Index width_at(Index j) const {
        return j > layers ? 1 : std::min(width << j, max_width);
    }
    /// Channels that go into layer j.
    [[nodiscard]] Index channels_into(Index j) const {
        return j == 0 ? in_channels : width_at(j - 1);
    }

    [[nodiscard]] friend bool operator==(const PatchDiscriminatorOptions&,
                                         const PatchDiscriminatorOptions&) = default;

    /// @throws OptionError
    void check() const {
        const auto require = [](bool holds, const char* rule, Index got) {
            require_option(holds, "patch_discriminator", rule, got);
        };
        require(in_channels >= 1, "in_channels must be positive", in_channels);
        require(width >= 1, "width must be positive", width);
        require(max_width >= width, "max_width must be at least width", max_width);
        require(layers >= 1 && layers <= 15, "layers must lie in 1..15", layers);
        require(scales >= 1 && scales <= 15, "scales must lie in 1..15", scales);
    }
};

/// What one scale computes: the output of each layer after its activation, the last of which is the
/// map of scores.
template <class T, class B = Cpu>
using DiscriminatorFeatures = std::vector<Variable<T, 4, B>>;

/// The map of scores of each scale, as lsgan_loss() takes them.
template <class T, class B>
[[nodiscard]] std::vector<Variable<T, 4, B>> score_maps(
    const std::vector<DiscriminatorFeatures<T, B>>& scales) {
    std::vector<Variable<T, 4, B>> maps;
    for (const auto& features : scales) maps.push_back(features.back());
    return maps;
}

/// Scores overlapping patches of a picture, at several scales, each with layers of its own:
///
///     layer 0               conv 4x4 stride 2, leaky relu                  n -> n / 2 + 1
///     layers 1 ..           conv 4x4 stride 2, instance norm, leaky relu   n -> n / 2 + 1
///     layer options.layers  conv 4x4, instance norm, leaky relu            n -> n + 1
///     the last              conv 4x4 to one channel                        n -> n + 1
///
/// Convolutions pad by 2 zeros, so sizes grow. Scale i sees the picture averaged i times over 3 x 3
/// windows at stride 2, which leave out what lies beyond the borders. States count the scales from
/// the smallest picture: those of scale i are "scale{scales - 1 - i}_layer{j}.0.weight", ..., with
/// spectral norm "...weight_orig", "...weight_u" and "...weight_v".
/// Source: Wang et al., "High-resolution image synthesis and semantic manipulation with conditional
/// GANs", CVPR 2018, section 3.2; spectral norm: see SpectralNorm.
template <class T = float, class B = Cpu>
class PatchDiscriminator {
public:
    /// @throws OptionError
    PatchDiscriminator(const PatchDiscriminatorOptions& options, const Init& init)
        : options_(options) {
        options_.check();
        for (Index k = 0; k < options_.scales; ++k) {
            Scale scale;
            for (Index j = 0; j <= options_.layers + 1; ++j) scale.push_back(layer(j, init));
            scales_.push_back(std::move(scale));
        }
    }

    [[nodiscard]] const PatchDiscriminatorOptions& options() const noexcept { return options_; }

    /// @param x  (N, in_channels, H, W)
    /// @return   the features of each scale, the full picture's first
    /// @throws ShapeError for other channels.
    [[nodiscard]] std::vector<DiscriminatorFeatures<T, B>> operator()(
        const Variable<T, 4, B>& x) const {
        std::vector<DiscriminatorFeatures<T, B>> features;
        auto picture = x;
        for (std::size_t k = scales_.size(); k-- > 0;) {
            features.push_back(features_of(scales_[k], picture));
            if (k > 0) {
                picture = avg_pool2d(
                    picture, {.kernel = 3, .stride = 2, .padding = 1, .count_padding = false});
            }
        }
        return features;
    }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        for (std::size_t k = 0; k < scales_.size(); ++k) {
            for (std::size_t j = 0; j < scales_[k].size(); ++j) {
                visit_child("scale" + std::to_string(k) + "_layer" + std::to_string(j),
                            scales_[k][j], visit);
            }
        }
    }
    void set_training(bool training) {
        for (auto& scale : scales_) {
            for (auto& layer : scale) layer.set_training(training);
        }
    }

private:
    using Scale = std::vector<Sequential<T, B>>;

    [[nodiscard]] static DiscriminatorFeatures<T, B> features_of(const Scale& scale,
                                                                 Variable<T, 4, B> x) {
        DiscriminatorFeatures<T, B> features;
        for (const auto& layer : scale) {
            x = layer(x);
            // Read by the next layer and by the caller: what is pending is better applied once.
            static_cast<void>(x.value());
            features.push_back(x);
        }
        return features;
    }

    [[nodiscard]] AnyLayer<T, B> conv(Index j, const Init& init) const {
        Conv2d<T, B> conv({.in_channels = options_.channels_into(j),
                           .out_channels = options_.width_at(j),
                           .kernel = 4,
                           .stride = j < options_.layers ? 2 : 1,
                           .padding = 2},
                          init);
        if (!options_.spectral_norm) return conv;
        return SpectralNorm(std::move(conv), init);
    }
    [[nodiscard]] Sequential<T, B> layer(Index j, const Init& init) const {
        Sequential<T, B> layer{conv(j, init)};
        if (j > options_.layers) return layer;
        if (j > 0) layer.add(InstanceNorm2d<T, B>(options_.width_at(j)));
        layer.add(LeakyRelu{});
        return layer;
    }

    PatchDiscriminatorOptions options_;
    std::vector<Scale> scales_;  // in the order of their states
};

}  // namespace oldphoto
