#pragma once

#include <oldphoto/nn/residual.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace oldphoto {

/// How far the latent is from the picture: with `half` the last stage halves it once more, with
/// `same` a residual block stands in its place (spatio_size 32 and 64 of the published options).
enum class VaeBottleneck { half, same };

/// The published settings of the restoration networks: a latent of 64 channels at a quarter of the
/// picture's size.
struct VaeOptions {
    Index in_channels = 3;
    Index width = 64;          ///< ngf: channels of the first stage, doubled by each that halves
    Index max_width = 64;      ///< mc: limit of the doubling
    Index stages = 3;          ///< n_downsample
    Index kernel = 4;          ///< k_size: of the convolutions that halve and double; 3 or 4
    Index first_residual = 1;  ///< start_r: the first stage that is followed by residual blocks
    VaeBottleneck bottleneck = VaeBottleneck::same;
    Index latent_channels = 0;  ///< feat_dim: a 1x1 convolution to so many; 0 for none
    NormKind norm = NormKind::instance;
    bool tanh_output = true;  ///< false leaves the decoder's output as the convolution gives it

    /// w(e) = min(width * 2^e, max_width)
    [[nodiscard]] Index width_at(Index e) const { return std::min(width << e, max_width); }
    /// Channels of the latent.
    [[nodiscard]] Index latent_width() const {
        return latent_channels > 0 ? latent_channels : width_at(stages);
    }
    /// Both sides of a picture must be multiples of this; a latent is so many times smaller.
    [[nodiscard]] Index size_multiple() const {
        return Index{1} << (bottleneck == VaeBottleneck::same ? stages - 1 : stages);
    }
    /// The smallest side: reflections of 3 pixels in the picture and of 1 in the latent must fit.
    [[nodiscard]] Index smallest_side() const { return std::max(Index{4}, 2 * size_multiple()); }

    [[nodiscard]] friend bool operator==(const VaeOptions&, const VaeOptions&) = default;

    /// @throws OptionError
    void check() const {
        const auto require = [](bool holds, const char* rule, Index got) {
            require_option(holds, "vae", rule, got);
        };
        require(in_channels >= 1, "in_channels must be positive", in_channels);
        require(width >= 1, "width must be positive", width);
        require(max_width >= 1, "max_width must be positive", max_width);
        require(stages >= 1 && stages <= 15, "stages must lie in 1..15", stages);
        require(kernel == 3 || kernel == 4, "kernel must be 3 or 4", kernel);
        require(first_residual >= 0 && first_residual < stages,
                "first_residual must lie in 0..stages - 1", first_residual);
        require(latent_channels >= 0, "latent_channels must not be negative", latent_channels);
        require(bottleneck == VaeBottleneck::half || width_at(stages) == width_at(stages - 1),
                "with a bottleneck of the same size max_width must be at most "
                "width * 2^(stages - 1)",
                max_width);
    }
};

/// Which half of a VAE to build; the other then has no parameters and cannot be called.
enum class VaePart { both, encoder, decoder };

/// The variational autoencoder of the published system. Its encoder gives the mean of the
/// posterior, whose variance is fixed at 1: training decodes mean + noise, inference the mean
/// itself.
///
///     encode: (N, 3, H, W) in [-1, 1] -> (N, D, H / m, W / m), m = options.size_multiple()
///     decode: back, in [-1, 1]
///
/// Source: Wan et al., "Bringing Old Photos Back to Life", CVPR 2020, section 3.2.
template <class T = float, class B = Cpu>
class Vae {
public:
    /// @throws OptionError
    Vae(const VaeOptions& options, const Init& init, VaePart part = VaePart::both)
        : options_(options) {
        options_.check();
        if (part != VaePart::decoder) build_encoder(init);
        if (part != VaePart::encoder) build_decoder(init);
    }

    [[nodiscard]] const VaeOptions& options() const noexcept { return options_; }

    /// @throws ShapeError for other channels or sides; OptionError when built without an encoder.
    [[nodiscard]] Variable<T, 4, B> encode(Variable<T, 4, B> x) const {
        const Index m = options_.size_multiple();
        if (x.dim(1) != options_.in_channels || x.dim(2) % m != 0 || x.dim(3) % m != 0) {
            throw_shape_error("vae",
                              detail::joined({"expected (N, ", options_.in_channels,
                                              ", H, W) with sides that are multiples of ", m}),
                              {{"x (N, C, H, W)", dims_of(x.shape())}});
        }
        return built(encoder_, "encoder")(std::move(x));
    }
    /// @throws ShapeError for other channels; OptionError when built without a decoder.
    [[nodiscard]] Variable<T, 4, B> decode(Variable<T, 4, B> z) const {
        return built(decoder_, "decoder")(std::move(z));
    }
    /// decode(encode(x)), without noise.
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        return decode(encode(x));
    }

    [[nodiscard]] const Sequential<T, B>& encoder() const noexcept { return encoder_; }
    [[nodiscard]] const Sequential<T, B>& decoder() const noexcept { return decoder_; }

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit_child("encoder", encoder_, visit);
        visit_child("decoder", decoder_, visit);
    }
    void set_training(bool training) {
        encoder_.set_training(training);
        decoder_.set_training(training);
    }

private:
    using Layers = Sequential<T, B>;

    static const Layers& built(const Layers& layers, const char* name) {
        if (layers.size() == 0) {
            throw_option_error("vae", detail::joined({"built without its ", name}));
        }
        return layers;
    }

    void add_norm_relu(Layers& layers, Index channels) const {
        layers.add(make_norm<T, B>(options_.norm, channels));
        layers.add(Relu{});
    }
    void add_residuals(Layers& layers, Index count, Index channels, const Init& init) const {
        for (Index k = 0; k < count; ++k) {
            layers.add(ResidualBlock<T, B>({.channels = channels, .norm = options_.norm}, init));
        }
    }
    void add_conv(Layers& layers, const Conv2dLayerOptions& o, const Init& init) const {
        layers.add(Conv2d<T, B>(o, init));
    }
    /// Halves the size: w(e) -> w(e + 1).
    void add_down(Layers& layers, Index e, const Init& init) const {
        const auto& o = options_;
        add_conv(layers,
                 {.in_channels = o.width_at(e),
                  .out_channels = o.width_at(e + 1),
                  .kernel = o.kernel,
                  .stride = 2,
                  .padding = 1},
                 init);
        add_norm_relu(layers, o.width_at(e + 1));
    }
    /// Doubles the size: w(e) -> w(e - 1).
    void add_up(Layers& layers, Index e, const Init& init) const {
        const auto& o = options_;
        layers.add(ConvTranspose2d<T, B>({.in_channels = o.width_at(e),
                                          .out_channels = o.width_at(e - 1),
                                          .kernel = o.kernel,
                                          .stride = 2,
                                          .padding = 1,
                                          .output_padding = o.kernel == 3 ? 1 : 0},
                                         init));
        add_norm_relu(layers, o.width_at(e - 1));
    }

    void build_encoder(const Init& init) {
        const auto& o = options_;
        encoder_.add(Pad2d{3, PaddingMode::reflect});
        add_conv(encoder_,
                 {.in_channels = o.in_channels, .out_channels = o.width_at(0), .kernel = 7}, init);
        add_norm_relu(encoder_, o.width_at(0));
        for (Index e = 0; e + 1 < o.stages; ++e) {
            add_down(encoder_, e, init);
            if (e >= o.first_residual) add_residuals(encoder_, 2, o.width_at(e + 1), init);
        }
        if (o.bottleneck == VaeBottleneck::half) {
            add_down(encoder_, o.stages - 1, init);
        } else {
            add_residuals(encoder_, 1, o.width_at(o.stages), init);
        }
        add_residuals(encoder_, 1, o.width_at(o.stages), init);
        if (o.latent_channels > 0) {
            add_conv(encoder_,
                     {.in_channels = o.width_at(o.stages),
                      .out_channels = o.latent_channels,
                      .kernel = 1},
                     init);
        }
    }

    void build_decoder(const Init& init) {
        const auto& o = options_;
        if (o.latent_channels > 0) {
            add_conv(decoder_,
                     {.in_channels = o.latent_channels,
                      .out_channels = o.width_at(o.stages),
                      .kernel = 1},
                     init);
        }
        add_residuals(decoder_, 1, o.width_at(o.stages), init);
        if (o.bottleneck == VaeBottleneck::half) {
            add_up(decoder_, o.stages, init);
        } else {
            add_residuals(decoder_, 1, o.width_at(o.stages), init);
        }
        for (Index e = o.stages - 1; e > 0; --e) {
            if (e > o.first_residual) add_residuals(decoder_, 2, o.width_at(e), init);
            add_up(decoder_, e, init);
        }
        decoder_.add(Pad2d{3, PaddingMode::reflect});
        add_conv(decoder_,
                 {.in_channels = o.width_at(0), .out_channels = o.in_channels, .kernel = 7}, init);
        if (o.tanh_output) decoder_.add(Tanh{});
    }

    VaeOptions options_;
    Layers encoder_;
    Layers decoder_;
};

}  // namespace oldphoto
