#pragma once

#include <oldphoto/models/mapping.hpp>
#include <oldphoto/nn/patch_attention.hpp>

#include <array>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace oldphoto {

/// The published settings of the mapping for photos of high resolution.
struct HighResolutionMappingOptions {
    /// As those of the quality mapping, but `blocks` counts the residual blocks of each of the four
    /// stages before, between and after the scales.
    MappingOptions mapping{.blocks = 2};
    std::array<Index, 3> patches{8, 4, 2};  ///< sides of the patches of each scale
    double hole_share = 0.6;  ///< a patch of which more than this is a hole is a hole patch

    [[nodiscard]] friend bool operator==(const HighResolutionMappingOptions&,
                                         const HighResolutionMappingOptions&) = default;

    /// Of a latent's sides, so that patches of all scales cover it.
    [[nodiscard]] Index size_multiple() const {
        return std::accumulate(patches.begin(), patches.end(), Index{1}, std::lcm<Index, Index>);
    }

    /// @throws OptionError
    void check() const {
        mapping.check();
        for (const Index patch : patches) {
            require_option(patch >= 1 && patch <= 64, "mapping_high_resolution",
                           "patches must lie in 1..64", patch);
        }
        require_option(size_multiple() <= 64, "mapping_high_resolution",
                       "patches must have a common multiple of at most 64", size_multiple());
        require_option(hole_share >= 0 && hole_share < 1, "mapping_high_resolution",
                       "hole_share must be at least 0 and below 1", hole_share);
    }
};

/// Translates the latent of an old photo with holes to that of a clean one; the holes are filled
/// with patches of the latent itself, at three scales:
///
///     states                      layers
///     before_NL                   convolutions that widen, residual blocks
///     NL_scale_1                  patch attention, the largest patches
///     res_block_1                 residual blocks
///     NL_scale_2, res_block_2     the same with smaller patches
///     NL_scale_3                  patch attention, the smallest patches
///     after_NL                    residual blocks, convolutions that narrow
///
/// A latent (N, base, h, w) keeps its shape. In training its sides must be multiples of all
/// patches, and patches are looked for on the training path, else on the inference path
/// (ops/patch_attention.hpp).
/// Source: the code released with Wan et al., "Bringing Old Photos Back to Life", CVPR 2020
/// ("mapping_Patch_Attention"); not in the paper.
template <class T = float, class B = Cpu>
class HighResolutionMapping {
public:
    using Layers = Sequential<T, B>;

    /// @throws OptionError
    HighResolutionMapping(const HighResolutionMappingOptions& options, const Init& init)
        : options_(options) {
        options_.check();
        const auto& o = options_.mapping;
        detail::add_widening(before_, o, init);
        detail::add_residual_blocks(before_, o, init);
        for (const Index patch : options_.patches) {
            scales_.emplace_back(PatchAttentionLayerOptions{.channels = o.width_at(o.widen),
                                                            .patch = patch,
                                                            .hole_share = options_.hole_share,
                                                            .norm = o.norm},
                                 init);
            detail::add_residual_blocks(blocks_.emplace_back(), o, init);
        }
        detail::add_narrowing(blocks_.back(), o, init);
    }

    [[nodiscard]] const HighResolutionMappingOptions& options() const noexcept { return options_; }
    /// Of a latent, so that the reflections of the residual blocks fit.
    [[nodiscard]] Index smallest_side() const noexcept { return options_.mapping.dilation + 1; }

    /// Of a latent's sides, so that patches of all scales cover it.
    [[nodiscard]] Index size_multiple() const { return options_.size_multiple(); }

    /// @param z     (N, base, h, w)
    /// @param mask  (N, 1, H, W), in [0, 1]: 1 is a hole, 0 is clean; of the photo's size
    /// @return      (N, output_channels(), h, w)
    /// @throws ShapeError; OptionError on the inference path where all patches of a scale are holes
    [[nodiscard]] Variable<T, 4, B> operator()(Variable<T, 4, B> z,
                                               const Tensor<T, 4, B>& mask) const {
        // Moved on, so that what one stage reads is not kept while the next one computes.
        z = before_(std::move(z));
        for (std::size_t k = 0; k < scales_.size(); ++k) {
            z = scales_[k](z, mask);
            z = blocks_[k](std::move(z));
        }
        return z;
    }

    // The stages, in the order in which they run.
    [[nodiscard]] const Layers& before() const noexcept { return before_; }
    /// NL_scale_1, ...
    [[nodiscard]] const std::vector<PatchAttention<T, B>>& scales() const noexcept {
        return scales_;
    }
    /// What follows each scale: res_block_1, res_block_2, after_NL.
    [[nodiscard]] const std::vector<Layers>& blocks() const noexcept { return blocks_; }

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit_child("before_NL", before_, visit);
        for (std::size_t k = 0; k < scales_.size(); ++k) {
            const auto number = std::to_string(k + 1);
            const bool last = k + 1 == scales_.size();
            visit_child("NL_scale_" + number, scales_[k], visit);
            visit_child(last ? "after_NL" : "res_block_" + number, blocks_[k], visit);
        }
    }
    void set_training(bool training) {
        before_.set_training(training);
        for (auto& scale : scales_) scale.set_training(training);
        for (auto& stage : blocks_) stage.set_training(training);
    }

private:
    HighResolutionMappingOptions options_;
    Layers before_;
    std::vector<PatchAttention<T, B>> scales_;
    std::vector<Layers> blocks_;
};

}  // namespace oldphoto
