#pragma once

#include <oldphoto/models/mapping.hpp>
#include <oldphoto/models/tone.hpp>
#include <oldphoto/models/vae.hpp>
#include <oldphoto/ops/pad.hpp>
#include <oldphoto/ops/partial_nonlocal.hpp>
#include <oldphoto/tensor/reduce.hpp>

#include <algorithm>
#include <utility>

namespace oldphoto {

/// What takes pictures to latents.
template <class E, class T, class B = Cpu>
concept Encoder = requires(const E& encoder, const Variable<T, 4, B>& x) {
    { encoder.encode(x) } -> std::convertible_to<Variable<T, 4, B>>;
    { encoder.options().size_multiple() } -> std::convertible_to<Index>;
    { encoder.options().smallest_side() } -> std::convertible_to<Index>;
};

/// What takes latents to pictures.
template <class D, class T, class B = Cpu>
concept Decoder = requires(const D& decoder, const Variable<T, 4, B>& z) {
    { decoder.decode(z) } -> std::convertible_to<Variable<T, 4, B>>;
};

/// What takes latents to latents, with or without a mask.
template <class M, class T, class B = Cpu>
concept LatentMap = Layer<M, T, B> || MaskedLayer<M, T, B>;

namespace detail {

/// @param mask    (N, 1, H, W), 1 in holes
/// @param latent  its size
/// @throws OptionError unless something of every latent is clean: there is nothing to fill holes
/// from
template <class T, class B>
void check_clean_latents(const Tensor<T, 4, B>& mask, Pair latent) {
    const Tensor<T, 4, B> most = max(valid_map(mask, latent), {1, 2, 3});
    if (!(min(most) > 0)) {
        throw_option_error("translation",
                           "the mask leaves nothing of the photo to restore its holes from");
    }
}

}  // namespace detail

/// Translation by a triplet of domains: two that share an encoder, and a third to which its latents
/// are mapped and decoded. Photo restoration is its first instance: old photos and synthetic ones
/// share the encoder, clean ones are decoded.
///
///     y = clip(decode_b(map(encode_a((x - mean) / deviation))) * deviation + mean)
///
/// with the Tone of each picture.
///
/// @tparam VaeA  of the two domains that share an encoder
/// @tparam Map   takes latents to latents; it may state the smallest_side() of its input and the
///               size_multiple() of its sides
/// @tparam VaeB  of the third domain
template <class T = float, class B = Cpu, Encoder<T, B> VaeA = Vae<T, B>,
          LatentMap<T, B> Map = Mapping<T, B>, Decoder<T, B> VaeB = Vae<T, B>>
class TripletTranslation {
public:
    /// @throws OptionError unless tone.eps is positive
    TripletTranslation(VaeA vae_a, Map mapping, VaeB vae_b, const ToneOptions& tone = {})
        : vae_a_(std::move(vae_a)),
          mapping_(std::move(mapping)),
          vae_b_(std::move(vae_b)),
          tone_(tone) {
        tone_.check();
    }

    [[nodiscard]] const VaeA& vae_a() const noexcept { return vae_a_; }
    [[nodiscard]] const Map& mapping() const noexcept { return mapping_; }
    [[nodiscard]] const VaeB& vae_b() const noexcept { return vae_b_; }
    [[nodiscard]] const ToneOptions& tone() const noexcept { return tone_; }

    /// @param x  (N, 3, H, W) in [-1, 1], of any size from 1 x 1 pixel. It is padded at the right
    ///           and at the bottom up to what the networks need, by reflection, or where that
    ///           reaches too far by repeating the edge, and cropped back.
    /// @return   the same shape, in [-1, 1].
    [[nodiscard]] Tensor<T, 4, B> operator()(
        const Tensor<T, 4, B>& x) const requires Layer<Map, T, B> {
        const auto recording = Program::pause();
        const auto tone = tone_of(x, tone_);
        return finished(mapping_(encoded(x, tone)), tone, x.shape());
    }
    /// The same with holes, whose pixels leave no trace in the tone.
    /// @param mask  (N, 1, H, W), in [0, 1]: 1 is a hole, 0 is clean. It is padded as x is.
    /// @throws ShapeError when the mask does not fit; OptionError when it leaves nothing of a
    /// latent
    ///         clean; what the mapping throws
    [[nodiscard]] Tensor<T, 4, B> operator()(const Tensor<T, 4, B>& x, const Tensor<T, 4, B>& mask)
        const requires MaskedLayer<Map, T, B> {
        const Shape<4> expected{x.dim(0), 1, x.dim(2), x.dim(3)};
        if (!(mask.shape() == expected)) {
            throw_shape_error("translation", "the mask must have the pixels of x",
                              {{"x (N, C, H, W)", dims_of(x.shape())},
                               {"mask (N, 1, H, W)", dims_of(mask.shape())}});
        }
        const auto recording = Program::pause();
        const auto holes = padded_to_fit(Variable<T, 4, B>(mask)).value();
        const Index m = vae_a_.options().size_multiple();
        detail::check_clean_latents(holes, {holes.dim(2) / m, holes.dim(3) / m});
        const auto tone = tone_of(x, mask, tone_);
        return finished(mapping_(encoded(x, tone), holes), tone, x.shape());
    }

private:
    [[nodiscard]] Variable<T, 4, B> encoded(const Tensor<T, 4, B>& x,
                                            const Tone<T, B>& tone) const {
        return vae_a_.encode(padded_to_fit(Variable<T, 4, B>(tone.taken_off(x))));
    }
    [[nodiscard]] Tensor<T, 4, B> finished(const Variable<T, 4, B>& latent, const Tone<T, B>& tone,
                                           const Shape<4>& x) const {
        const Tensor<T, 4, B> y = vae_b_.decode(latent).value();
        const auto cropped = y.slice(2, 0, x[2]).slice(3, 0, x[3]);
        return clamp(tone.given_to(cropped), -1.0F, 1.0F);
    }
    [[nodiscard]] Variable<T, 4, B> padded_to_fit(const Variable<T, 4, B>& x) const {
        const auto missing = [this](Index side) {
            Index m = vae_a_.options().size_multiple();
            Index needed = std::max(side, vae_a_.options().smallest_side());
            if constexpr (requires { mapping_.smallest_side(); }) {
                needed = std::max(needed, m * mapping_.smallest_side());
            }
            if constexpr (requires { mapping_.size_multiple(); }) m *= mapping_.size_multiple();
            return (needed + m - 1) / m * m - side;
        };
        const Index right = missing(x.dim(3));
        const Index bottom = missing(x.dim(2));
        if (right == 0 && bottom == 0) return x;
        const bool mirrored = right < x.dim(3) && bottom < x.dim(2);
        return pad(x, {.right = right,
                       .bottom = bottom,
                       .mode = mirrored ? PaddingMode::reflect : PaddingMode::replicate});
    }

    VaeA vae_a_;
    Map mapping_;
    VaeB vae_b_;
    ToneOptions tone_;
};

}  // namespace oldphoto
