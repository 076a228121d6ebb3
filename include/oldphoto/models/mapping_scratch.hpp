#pragma once

#include <oldphoto/models/mapping.hpp>
#include <oldphoto/nn/partial_nonlocal.hpp>

#include <utility>

namespace oldphoto {

/// The published settings of the mapping for photos with scratches.
struct ScratchMappingOptions {
    MappingOptions mapping{};            ///< as those of the quality mapping
    PartialNonlocalOptions attention{};  ///< of the partial nonlocal block
    Index global_blocks = 3;  ///< residual blocks after the attention; the paper's notes say 2
    Index local_blocks = 0;   ///< residual blocks on what is clean; the paper draws them

    [[nodiscard]] friend bool operator==(const ScratchMappingOptions&,
                                         const ScratchMappingOptions&) = default;

    /// Of the partial nonlocal block. Its last convolution is drawn like all others.
    [[nodiscard]] PartialNonlocalLayerOptions nonlocal() const {
        return {.channels = mapping.width_at(mapping.widen),
                .attention = attention,
                .blocks = global_blocks,
                .local_blocks = local_blocks,
                .norm = mapping.norm,
                .zero_init = false};
    }

    /// @throws OptionError
    void check() const {
        mapping.check();
        nonlocal().check();
    }
};

/// Translates the latent of an old photo with holes to that of a clean one; at its full width,
/// holes are filled from what resembles them elsewhere:
///
///     states       layers
///     before_NL    convolutions that widen
///     NL           partial nonlocal block
///     after_NL     residual blocks, convolutions that narrow
///
/// Source: Wan et al., "Bringing Old Photos Back to Life", CVPR 2020, section 3.3.
template <class T = float, class B = Cpu>
class ScratchMapping {
public:
    /// @throws OptionError
    ScratchMapping(const ScratchMappingOptions& options, const Init& init)
        : options_(checked(options)), nonlocal_(options.nonlocal(), init) {
        const auto& o = options_.mapping;
        detail::add_widening(before_, o, init);
        detail::add_residual_blocks(after_, o, init);
        detail::add_narrowing(after_, o, init);
    }

    [[nodiscard]] const ScratchMappingOptions& options() const noexcept { return options_; }
    /// Of a latent, so that the reflections of the residual blocks fit.
    [[nodiscard]] Index smallest_side() const noexcept { return options_.mapping.dilation + 1; }

    /// @param z     (N, base, h, w)
    /// @param mask  (N, 1, H, W), in [0, 1]: 1 is a hole, 0 is clean; of the photo's size
    /// @return      (N, output_channels(), h, w)
    /// @throws ShapeError
    [[nodiscard]] Variable<T, 4, B> operator()(Variable<T, 4, B> z,
                                               const Tensor<T, 4, B>& mask) const {
        // Moved on, so that what one stage reads is not kept while the next one computes.
        z = before_(std::move(z));
        z = nonlocal_(z, mask);
        return after_(std::move(z));
    }

    /// The same network, whose holes are filled from windows; see windowed_nonlocal().
    /// @param window  of the latent; 0: from all of it
    [[nodiscard]] ScratchMapping with_window(Index window) const {
        auto mapping = *this;
        mapping.nonlocal_ = nonlocal_.with_window(window);
        return mapping;
    }

    // The stages, in the order in which they run.
    [[nodiscard]] const Sequential<T, B>& before() const noexcept { return before_; }
    [[nodiscard]] const PartialNonlocal<T, B>& nonlocal() const noexcept { return nonlocal_; }
    [[nodiscard]] const Sequential<T, B>& after() const noexcept { return after_; }

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit_child("before_NL", before_, visit);
        visit_child("NL", nonlocal_, visit);
        visit_child("after_NL", after_, visit);
    }
    void set_training(bool training) {
        before_.set_training(training);
        nonlocal_.set_training(training);
        after_.set_training(training);
    }

private:
    ScratchMappingOptions options_;
    Sequential<T, B> before_;
    PartialNonlocal<T, B> nonlocal_;
    Sequential<T, B> after_;
};

}  // namespace oldphoto
