#pragma once

#include <oldphoto/nn/residual.hpp>
#include <oldphoto/ops/hole_map.hpp>
#include <oldphoto/ops/patch_attention.hpp>
#include <oldphoto/ops/shape.hpp>

namespace oldphoto {

struct PatchAttentionLayerOptions {
    Index channels;
    Index patch;              ///< side of a patch, in pixels of the latent
    double hole_share = 0.6;  ///< a patch of which more than this is a hole is a hole patch
    NormKind norm = NormKind::instance;  ///< of the residual block
};

/// Fills holes of a latent with copies of its own patches: with m = hole_map(mask),
///
///     y = F_Combine(concat(z, patch_attention(res_block(z), m), m))
///
/// where F_Combine, a convolution 3x3, learns what to take of each. In training the patches are
/// looked for on the training path, else on the inference path (ops/patch_attention.hpp). States:
/// "F_Combine.weight", "F_Combine.bias", "res_block.0.conv_block.1.weight", ...
template <class T = float, class B = Cpu>
class PatchAttention {
public:
    /// @throws OptionError
    PatchAttention(const PatchAttentionLayerOptions& o, const Init& init)
        : options_{.patch = o.patch, .hole_share = o.hole_share},
          combine_({.in_channels = 2 * o.channels + 1,
                    .out_channels = o.channels,
                    .kernel = 3,
                    .padding = 1},
                   init),
          res_block_{ResidualBlock<T, B>({.channels = o.channels, .norm = o.norm}, init)} {
        require_option(o.patch >= 1, PatchAttentionOp<T, B>::name, "patch must be positive",
                       o.patch);
    }

    /// The patch, and the path that is taken now.
    [[nodiscard]] const PatchAttentionOptions& options() const noexcept { return options_; }

    /// @param z     (N, channels, h, w)
    /// @param mask  (N, 1, H, W), in [0, 1]: 1 is a hole, 0 is clean
    /// @return      (N, channels, h, w)
    /// @throws ShapeError, OptionError; see patch_sources()
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& z,
                                               const Tensor<T, 4, B>& mask) const {
        const auto holes = hole_map(mask, {z.dim(2), z.dim(3)});
        const auto composed = patch_attention(res_block_(z), holes, options_);
        return combine_(concat(1, z, composed, Variable<T, 4, B>(holes)));
    }
    [[nodiscard]] const Sequential<T, B>& res_block() const noexcept { return res_block_; }

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit_child("F_Combine", combine_, visit);
        visit_child("res_block", res_block_, visit);
    }
    void set_training(bool training) {
        options_.path = training ? PatchPath::training : PatchPath::inference;
        res_block_.set_training(training);
    }

private:
    PatchAttentionOptions options_;
    Conv2d<T, B> combine_;
    Sequential<T, B> res_block_;
};

}  // namespace oldphoto
