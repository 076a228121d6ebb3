#pragma once

#include <oldphoto/models/mapping.hpp>
#include <oldphoto/models/tone.hpp>
#include <oldphoto/models/vae.hpp>
#include <oldphoto/ops/kernel_rows.hpp>
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

/// Takes the tone off a picture and pads it, as run_kernel() takes it.
template <class T, class B>
struct ToneKernel {
    Tone<T, B> tone;
    Padding padding;

    /// Rows of a picture without its tone.
    struct Toneless {
        Shape<4> shape;
        RowSource<T> inner;
        const T* mean;
        const T* deviation;

        void pull(const RowWindow& window, T* to, Index stride) const {
            inner.pull(window, to, stride);
            const Index plane = window.n * shape[1] + window.c;
            for (Index y = window.y0; y < window.y1; ++y, to += stride) {
                for (Index k = 0; k < window.x1 - window.x0; ++k) {
                    to[k] = (to[k] - mean[plane]) / deviation[plane];
                }
            }
        }
    };

    [[nodiscard]] Shape<4> shape(const Shape<4>& x) const { return padded_shape(x, padding); }
    [[nodiscard]] static double operations(const Shape<4>& x, const Shape<4>&) {
        return 2 * static_cast<double>(x.size());
    }
    [[nodiscard]] RowRange reads(const RowRange& rows, Index height) const {
        return rows_shown(padding, height, rows);
    }
    [[nodiscard]] static KernelMemory memory(const Shape<4>&) { return {}; }
    void run(const RowSource<T>& x, const RowRange& rows, const View<T, 4>& y,
             Moments* moments) const {
        const Toneless toneless{x.shape(), x, tone.mean.data(), tone.deviation.data()};
        const PaddedRows<T> padded(RowSource<T>(toneless), padding);
        const BandRows<T> band(RowSource<T>(padded), rows);
        B::materialize(RowSource<T>(band), y);
        if (moments != nullptr) B::moments_of_planes(y, moments);
    }
};

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

    /// The same networks with another mapping.
    [[nodiscard]] TripletTranslation with_mapping(Map mapping) const {
        return {vae_a_, std::move(mapping), vae_b_, tone_};
    }

    /// Where the sides of a picture are padded to: what the networks need.
    [[nodiscard]] Pair padded_size(Pair picture) const {
        const auto padded = [this](Index side) {
            Index m = vae_a_.options().size_multiple();
            Index needed = std::max(side, vae_a_.options().smallest_side());
            if constexpr (requires { mapping_.smallest_side(); }) {
                needed = std::max(needed, m * mapping_.smallest_side());
            }
            if constexpr (requires { mapping_.size_multiple(); }) m *= mapping_.size_multiple();
            return (needed + m - 1) / m * m;
        };
        return {padded(picture.h), padded(picture.w)};
    }

    /// @param x  (N, 3, H, W) in [-1, 1], of any size from 1 x 1 pixel. It is padded at the right
    ///           and at the bottom up to what the networks need, by reflection, or where that
    ///           reaches too far by repeating the edge, and cropped back.
    /// @return   the same shape, in [-1, 1].
    [[nodiscard]] Tensor<T, 4, B> operator()(
        const Tensor<T, 4, B>& x) const requires Layer<Map, T, B> {
        return collected(x.shape(), [&](Sink sink) { translate(Deferred<T, B>(x), sink); });
    }
    /// The same with holes, whose pixels leave no trace in the tone.
    /// @param mask  (N, 1, H, W), in [0, 1]: 1 is a hole, 0 is clean. It is padded as x is.
    /// @throws ShapeError when the mask does not fit; OptionError when it leaves nothing of a
    ///         latent clean; what the mapping throws
    [[nodiscard]] Tensor<T, 4, B> operator()(const Tensor<T, 4, B>& x, const Tensor<T, 4, B>& mask)
        const requires MaskedLayer<Map, T, B> {
        return collected(x.shape(), [&](Sink sink) { translate(Deferred<T, B>(x), mask, sink); });
    }

    /// Takes the rows of a picture from its row `first` on: (N, 3, rows, W) in [-1, 1].
    using Sink = FunctionRef<void(Index first, const Tensor<T, 4, B>& rows)>;
    /// The same for a picture that may be streamed, its result handed over band by band, from the
    /// top to the bottom.
    void translate(const Deferred<T, B>& x, Sink sink) const requires Layer<Map, T, B> {
        const auto recording = Program::pause();
        const auto tone = tone_of(x, tone_);
        finish(mapping_(encoded(x, tone)), tone, x.shape(), sink);
    }
    void translate(const Deferred<T, B>& x, const Tensor<T, 4, B>& mask,
                   Sink sink) const requires MaskedLayer<Map, T, B> {
        const auto picture = x.shape();
        const Shape<4> expected{picture[0], 1, picture[2], picture[3]};
        if (!(mask.shape() == expected)) {
            throw_shape_error("translation", "the mask must have the pixels of x",
                              {{"x (N, C, H, W)", dims_of(picture)},
                               {"mask (N, 1, H, W)", dims_of(mask.shape())}});
        }
        const auto recording = Program::pause();
        const auto holes = Deferred<T, B>(mask).with_padding(missing(mask.shape())).materialized();
        const Index m = vae_a_.options().size_multiple();
        detail::check_clean_latents(holes, {holes.dim(2) / m, holes.dim(3) / m});
        const auto tone = tone_of(x, mask, tone_);
        finish(mapping_(encoded(x, tone), holes), tone, picture, sink);
    }

private:
    [[nodiscard]] Tensor<T, 4, B> collected(const Shape<4>& shape,
                                            FunctionRef<void(Sink)> translate_to) const {
        auto y = Tensor<T, 4, B>::uninitialized(shape);
        translate_to([&](Index first, const Tensor<T, 4, B>& rows) {
            y.slice(2, first, first + rows.dim(2)).assign(rows);
        });
        return y;
    }
    [[nodiscard]] Padding missing(const Shape<4>& x) const {
        const Pair size = padded_size({x[2], x[3]});
        const Index right = size.w - x[3];
        const Index bottom = size.h - x[2];
        const bool mirrored = right < x[3] && bottom < x[2];
        return {.right = right,
                .bottom = bottom,
                .mode = mirrored ? PaddingMode::reflect : PaddingMode::replicate};
    }
    [[nodiscard]] Variable<T, 4, B> encoded(const Deferred<T, B>& x, const Tone<T, B>& tone) const {
        const detail::ToneKernel<T, B> toneless{tone, missing(x.shape())};
        return vae_a_.encode(Variable<T, 4, B>(detail::run_kernel<T, B>(toneless, x)));
    }
    void finish(Variable<T, 4, B> latent, const Tone<T, B>& tone, const Shape<4>& x,
                Sink sink) const {
        const Variable<T, 4, B> y = vae_b_.decode(std::move(latent));
        const auto hand_over = [&](Index first, const Tensor<T, 4, B>& rows) {
            const auto cropped = band_tensor<T, B>(x, rows.dim(2));
            cropped.assign(clamp(tone.given_to(rows.slice(3, 0, x[3])), -1.0F, 1.0F));
            sink(first, cropped);
        };
        for_each_band<T, B>(y.deferred(), x[2], hand_over);
    }

    VaeA vae_a_;
    Map mapping_;
    VaeB vae_b_;
    ToneOptions tone_;
};

}  // namespace oldphoto
