#pragma once

#include <oldphoto/models/patch_discriminator.hpp>

namespace oldphoto {

/// The published settings of the latent discriminator, but for the channels of the latent.
[[nodiscard]] inline PatchDiscriminatorOptions latent_discriminator_options(
    Index latent_channels = 64) {
    return {.in_channels = latent_channels, .scales = 1};
}

/// Tells latents of old photos from those of degraded clean ones (feat_D): the one scale of a
/// PatchDiscriminator, over latents. States: "scale0_layer0.0.weight", ...
/// Source: Wan et al., "Bringing Old Photos Back to Life", CVPR 2020, equation 3.
template <class T = float, class B = Cpu>
class LatentDiscriminator {
public:
    /// @throws OptionError, also for more than one scale.
    explicit LatentDiscriminator(const PatchDiscriminatorOptions& options, const Init& init)
        : net_(options, init) {
        require_option(options.scales == 1, "latent_discriminator", "expected one scale",
                       options.scales);
    }

    [[nodiscard]] const PatchDiscriminatorOptions& options() const noexcept {
        return net_.options();
    }
    /// @param z  (N, in_channels, h, w)
    /// @return   the output of each layer, the last of which is the map of scores
    /// @throws ShapeError for other channels.
    [[nodiscard]] DiscriminatorFeatures<T, B> operator()(const Variable<T, 4, B>& z) const {
        return net_(z).front();
    }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        net_.visit_parameters(visit);
    }
    void set_training(bool training) { net_.set_training(training); }

private:
    PatchDiscriminator<T, B> net_;
};

}  // namespace oldphoto
