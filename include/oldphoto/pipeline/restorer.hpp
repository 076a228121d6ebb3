#pragma once

#include <oldphoto/image/color.hpp>
#include <oldphoto/image/tensor.hpp>
#include <oldphoto/pipeline/infer_options.hpp>
#include <oldphoto/pipeline/translation.hpp>
#include <oldphoto/pipeline/weights.hpp>

#include <cstdint>
#include <string>
#include <string_view>
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
        throw_weights_error(
            path, "has no weights whose names begin with \"" + std::string(prefix) + "\"");
    }
    return part;
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

/// The networks of a model file, ready for inference.
/// @param path  a safetensors file with "vae_a.encoder.*", "mapping.*" and "vae_b.decoder.*";
///              whatever else is in it is not looked at.
/// @throws IoError when the file cannot be read, WeightsError when it does not fit
template <class T = float, class B = Cpu>
[[nodiscard]] TripletTranslation<T, B> load_translation(const std::string& path) {
    const Safetensors file = read_safetensors(path);
    const auto options_of = [&](const char* name) {
        return detail::stored_options(file, path, name);
    };
    const auto encoder = detail::network_part(file, path, "vae_a.encoder.", "encoder.");
    const auto mapping = detail::network_part(file, path, "mapping.", "");
    const auto decoder = detail::network_part(file, path, "vae_b.decoder.", "decoder.");
    const auto a = infer_vae_options(encoder, options_of("vae_a"), path + ": vae_a");
    const auto m = infer_mapping_options(mapping, options_of("mapping"), path + ": mapping");
    const auto b = infer_vae_options(decoder, options_of("vae_b"), path + ": vae_b");
    const auto tone = infer_tone(options_of("tone"), path + ": tone");
    detail::check_chain(path, a, m, b);

    const auto init = Init::zeros();
    TripletTranslation<T, B> translation(Vae<T, B>(a, init, VaePart::encoder),
                                         Mapping<T, B>(m, init),
                                         Vae<T, B>(b, init, VaePart::decoder), tone);
    load_state<T, B>(translation.vae_a(), encoder, path + ": vae_a");
    load_state<T, B>(translation.mapping(), mapping, path + ": mapping");
    load_state<T, B>(translation.vae_b(), decoder, path + ": vae_b");
    return translation;
}

/// A restored photo.
struct Restoration {
    Image photo;  ///< 8 bits, of the size and with the channels and alpha of the photo given
};

/// Restores photos: the published system from picture to picture.
///
///     const auto restorer = oldphoto::Restorer<>::load("model.safetensors");
///     const auto result = restorer(oldphoto::read_image("old.jpg"));
///     oldphoto::write_image(result.photo, "restored.png");
///
/// Any part can be swapped for one of another type; see TripletTranslation.
template <class T = float, class B = Cpu, Encoder<T, B> VaeA = Vae<T, B>,
          Layer<T, B> Map = Mapping<T, B>, Decoder<T, B> VaeB = Vae<T, B>>
class Restorer {
public:
    using Translation = TripletTranslation<T, B, VaeA, Map, VaeB>;

    explicit Restorer(Translation translation) : translation_(std::move(translation)) {}

    /// @param path  see load_translation()
    /// @throws IoError when the file cannot be read, WeightsError when it does not fit
    [[nodiscard]] static Restorer load(const std::string& path) requires(
        std::is_same_v<Restorer, Restorer<T, B>>) {
        auto translation = load_translation<T, B>(path);
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
    [[nodiscard]] Restoration operator()(const Image& photo) const {
        const Image input = to_8_bit(photo);
        Image output = to_image(translation_(to_tensor<T, B>(to_rgb(input))));
        if (input.channels() == 1) output = to_grey(output);
        if (input.has_alpha()) {
            const auto alpha = input.alpha();
            output.set_alpha(std::vector<std::uint8_t>(alpha.begin(), alpha.end()));
        }
        return {std::move(output)};
    }

private:
    Translation translation_;
};

template <class T, class B, class VaeA, class Map, class VaeB>
Restorer(TripletTranslation<T, B, VaeA, Map, VaeB>) -> Restorer<T, B, VaeA, Map, VaeB>;

}  // namespace oldphoto
