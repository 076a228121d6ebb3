#pragma once

#include <oldphoto/nn/spade.hpp>
#include <oldphoto/nn/spectral_norm.hpp>

#include <algorithm>
#include <optional>

namespace oldphoto {

struct SpadeBlockOptions {
    Index in_channels;
    Index out_channels;
    Index condition_channels;
    Index hidden_channels = 128;  ///< of each Spade
};

/// A residual block of two convolutions, normalised by Spade and with spectral norm:
///
///     y = s + conv_1(leaky_relu(norm_1(conv_0(leaky_relu(norm_0(x))))))
///
/// with the smaller number of channels in the middle. s is x, or conv_s(norm_s(x)) with a
/// convolution 1x1 without bias where the number of channels changes. The others are 3x3 and pad by
/// zeros. States: "conv_0.bias", "conv_0.weight_orig", ..., "norm_0.param_free_norm...", ...
/// Source: see Spade; figure 4 there.
template <class T = float, class B = Cpu>
class SpadeBlock {
public:
    /// @throws OptionError
    SpadeBlock(const SpadeBlockOptions& o, const Init& init)
        : conv_0_(conv(o.in_channels, middle_channels(o), init)),
          conv_1_(conv(middle_channels(o), o.out_channels, init)),
          norm_0_(spade(o, o.in_channels), init),
          norm_1_(spade(o, middle_channels(o)), init) {
        if (o.in_channels == o.out_channels) return;
        conv_s_.emplace(Conv2d<T, B>({.in_channels = o.in_channels,
                                      .out_channels = o.out_channels,
                                      .kernel = 1,
                                      .bias = false},
                                     init),
                        init);
        norm_s_.emplace(spade(o, o.in_channels), init);
    }

    /// @param x          (N, in_channels, H, W)
    /// @param condition  (N, condition_channels, H, W)
    /// @return           (N, out_channels, H, W)
    /// @throws ShapeError
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x,
                                               const Variable<T, 4, B>& condition) const {
        const auto activated = [&](const Spade<T, B>& norm, const Variable<T, 4, B>& input) {
            return LeakyRelu{}(norm(input, condition));
        };
        const auto inner = conv_0_(activated(norm_0_, x));
        const auto residual = conv_1_(activated(norm_1_, inner));
        return conv_s_ ? (*conv_s_)((*norm_s_)(x, condition)) + residual : x + residual;
    }
    [[nodiscard]] const Spade<T, B>& norm_0() const noexcept { return norm_0_; }

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit_child("conv_0", conv_0_, visit);
        visit_child("conv_1", conv_1_, visit);
        if (conv_s_) visit_child("conv_s", *conv_s_, visit);
        visit_child("norm_0", norm_0_, visit);
        visit_child("norm_1", norm_1_, visit);
        if (norm_s_) visit_child("norm_s", *norm_s_, visit);
    }
    void set_training(bool training) {
        conv_0_.set_training(training);
        conv_1_.set_training(training);
        norm_0_.set_training(training);
        norm_1_.set_training(training);
        if (!conv_s_) return;
        conv_s_->set_training(training);
        norm_s_->set_training(training);
    }

private:
    using Conv = SpectralNorm<Conv2d<T, B>>;

    [[nodiscard]] static Index middle_channels(const SpadeBlockOptions& o) {
        return std::min(o.in_channels, o.out_channels);
    }
    [[nodiscard]] static Conv conv(Index from, Index to, const Init& init) {
        return Conv(Conv2d<T, B>(
                        {.in_channels = from, .out_channels = to, .kernel = 3, .padding = 1}, init),
                    init);
    }
    [[nodiscard]] static SpadeOptions spade(const SpadeBlockOptions& o, Index channels) {
        return {channels, o.condition_channels, o.hidden_channels};
    }

    Conv conv_0_;
    Conv conv_1_;
    std::optional<Conv> conv_s_;
    Spade<T, B> norm_0_;
    Spade<T, B> norm_1_;
    std::optional<Spade<T, B>> norm_s_;
};

}  // namespace oldphoto
