#pragma once

#include <oldphoto/image/color.hpp>
#include <oldphoto/image/hole.hpp>
#include <oldphoto/image/mask.hpp>
#include <oldphoto/image/tensor.hpp>
#include <oldphoto/pipeline/infer_options.hpp>
#include <oldphoto/pipeline/translation.hpp>
#include <oldphoto/pipeline/weights.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace oldphoto {

namespace detail {

/// One of the networks of a file.
/// @throws WeightsError when the file has nothing of it.
inline NamedArrays network_part(const Safetensors& file, const std::string& path,
                                std::string_view prefix, std::string_view replacement) {
    auto part = with_prefix(file.tensors, prefix, replacement);
    if (part.empty()) {
        throw_no_part(path, prefix, file.tensors);
    }
    return part;
}

/// What all mappings have in common of their options.
inline const MappingOptions& latents_of(const MappingOptions& o) {
    return o;
}
template <class Options>
const MappingOptions& latents_of(const Options& o) {
    return o.mapping;
}

/// @throws WeightsError unless the networks can follow one another from picture to picture.
inline void check_chain(const std::string& path, const VaeOptions& a, const MappingOptions& mapping,
                        const VaeOptions& b) {
    const auto equal = [&](Index left, Index right, const std::string& rule) {
        if (left != right) {
            throw_weights_error(
                path, rule + ", got " + std::to_string(left) + " and " + std::to_string(right));
        }
    };
    equal(a.latent_width(), mapping.base, "vae_a must give as many channels as mapping takes");
    equal(mapping.output_channels(), b.latent_width(),
          "mapping must give as many channels as vae_b takes");
    equal(a.in_channels, b.in_channels, "vae_a must take as many channels as vae_b gives");
    equal(a.size_multiple(), b.size_multiple(),
          "vae_a must shrink pictures by the factor by which vae_b enlarges them");
}

}  // namespace detail

/// The networks of a model, ready for inference.
/// @tparam Map  Mapping, or for photos with holes ScratchMapping or HighResolutionMapping, whose
///              options come from pipeline/infer_networks.hpp
/// @param file  has "vae_a.encoder.*", "mapping.*" and "vae_b.decoder.*"; whatever else is in it is
///              not looked at.
/// @param path  where it comes from, for messages.
/// @throws WeightsError when it does not fit
template <class T = float, class B = Cpu, LatentMap<T, B> Map = Mapping<T, B>>
[[nodiscard]] TripletTranslation<T, B, Vae<T, B>, Map> load_translation(const Safetensors& file,
                                                                        const std::string& path) {
    const auto options_of = [&](const char* name) {
        return detail::stored_options(file, path, name);
    };
    const auto encoder = detail::network_part(file, path, "vae_a.encoder.", "encoder.");
    const auto mapping = detail::network_part(file, path, "mapping.", "");
    const auto decoder = detail::network_part(file, path, "vae_b.decoder.", "decoder.");
    const auto a = infer_vae_options(encoder, options_of("vae_a"), path + ": vae_a");
    std::remove_cvref_t<decltype(std::declval<const Map&>().options())> m;
    infer_options(mapping, options_of("mapping"), path + ": mapping", m);
    const auto b = infer_vae_options(decoder, options_of("vae_b"), path + ": vae_b");
    const auto tone = infer_tone(options_of("tone"), path + ": tone");
    detail::check_chain(path, a, detail::latents_of(m), b);

    const auto init = Init::zeros();
    TripletTranslation<T, B, Vae<T, B>, Map> translation(
        Vae<T, B>(a, init, VaePart::encoder), Map(m, init), Vae<T, B>(b, init, VaePart::decoder),
        tone);
    load_state<T, B>(translation.vae_a(), encoder, path + ": vae_a");
    load_state<T, B>(translation.mapping(), mapping, path + ": mapping");
    load_state<T, B>(translation.vae_b(), decoder, path + ": vae_b");
    return translation;
}

/// The same from a safetensors file.
/// @throws IoError when the file cannot be read, WeightsError when it does not fit
template <class T = float, class B = Cpu, LatentMap<T, B> Map = Mapping<T, B>>
[[nodiscard]] TripletTranslation<T, B, Vae<T, B>, Map> load_translation(const std::string& path) {
    return load_translation<T, B, Map>(read_safetensors(path), path);
}

/// A restored photo.
struct Restoration {
    Image photo;  ///< 8 bits, of the size and with the channels and alpha of the photo given
};

struct HoleOptions {
    bool keep_outside_mask = false;  ///< whether pixels that the mask leaves black stay as they are
};

/// Restores photos: the published system from picture to picture.
///
///     const auto restorer = oldphoto::Restorer<>::load("model.safetensors");
///     const auto result = restorer(oldphoto::read_image("old.jpg"));
///     oldphoto::write_image(result.photo, "restored.png");
///
/// With a mapping that fills holes (pipeline/hole_restorers.hpp) it is given a mask as well:
///
///     const auto restorer = oldphoto::ScratchRestorer<>::load("scratch.safetensors");
///     const auto mask = oldphoto::to_mask(oldphoto::read_image("mask.png"), photo.size());
///     const auto result = restorer(photo, mask);
///
/// Any part can be swapped for one of another type; see TripletTranslation.
template <class T = float, class B = Cpu, Encoder<T, B> VaeA = Vae<T, B>,
          LatentMap<T, B> Map = Mapping<T, B>, Decoder<T, B> VaeB = Vae<T, B>>
class Restorer {
public:
    using Translation = TripletTranslation<T, B, VaeA, Map, VaeB>;
    static constexpr bool published_vaes =
        std::is_same_v<VaeA, Vae<T, B>> && std::is_same_v<VaeB, Vae<T, B>>;

    explicit Restorer(Translation translation) : translation_(std::move(translation)) {}

    /// @param path  see load_translation()
    /// @throws IoError when the file cannot be read, WeightsError when it does not fit
    [[nodiscard]] static Restorer load(const std::string& path) requires published_vaes {
        return load(read_safetensors(path), path);
    }
    /// The same of what was read already.
    [[nodiscard]] static Restorer load(const Safetensors& file,
                                       const std::string& path) requires published_vaes {
        auto translation = load_translation<T, B, Map>(file, path);
        const Index channels = translation.vae_a().options().in_channels;
        if (channels != 3) {
            detail::throw_weights_error(
                path, "photos have 3 channels, the networks take " + std::to_string(channels));
        }
        return Restorer(std::move(translation));
    }

    [[nodiscard]] const Translation& translation() const noexcept { return translation_; }

    /// @param photo  grey or RGB, with or without alpha, of 8 bits or 16, which are rounded to 8;
    ///               from 1 x 1 pixel. Grey stays grey: it is restored as three equal channels,
    ///               whose result is turned back to one.
    [[nodiscard]] Restoration operator()(const Image& photo) const requires Layer<Map, T, B> {
        const Image input = to_8_bit(photo);
        return {like(input, to_image(translation_(to_tensor<T, B>(to_rgb(input)))))};
    }
    /// The same with holes, which are painted white before a network sees them.
    /// @param mask  grey, of 8 bits and of the photo's size, white in holes; see to_mask(). The
    ///              published high resolution takes grown(mask, 3).
    /// @throws ShapeError when the mask does not fit; OptionError when it leaves nothing to restore
    ///         from
    [[nodiscard]] Restoration operator()(const Image& photo, const Image& mask,
                                         const HoleOptions& options = {}) const requires
        MaskedLayer<Map, T, B> {
        const Image input = to_8_bit(photo);
        detail::check_mask("restore", input, mask);
        const Image holes = to_rgb(with_holes(input, mask));
        const Image output =
            like(input, to_image(translation_(to_tensor<T, B>(holes), to_mask_tensor<T, B>(mask))));
        return {options.keep_outside_mask ? combined(output, input, mask) : output};
    }

private:
    /// The output with the channels and the alpha of the input.
    [[nodiscard]] static Image like(const Image& input, Image output) {
        if (input.channels() == 1) output = to_grey(output);
        if (input.has_alpha()) {
            const auto alpha = input.alpha();
            output.set_alpha(std::vector<std::uint8_t>(alpha.begin(), alpha.end()));
        }
        return output;
    }

    Translation translation_;
};

template <class T, class B, class VaeA, class Map, class VaeB>
Restorer(TripletTranslation<T, B, VaeA, Map, VaeB>) -> Restorer<T, B, VaeA, Map, VaeB>;

}  // namespace oldphoto
