#pragma once

#include <string>
#include <utility>

#include <oldphoto/image/color.hpp>
#include <oldphoto/image/tensor.hpp>
#include <oldphoto/pipeline/infer_options.hpp>
#include <oldphoto/pipeline/translation.hpp>
#include <oldphoto/pipeline/weights.hpp>

namespace oldphoto {

/// The networks of a model file, ready for inference.
/// @throws IoError, WeightsError, OptionError
template <class T = float, class B = Cpu>
[[nodiscard]] TripletTranslation<T, B> load_translation(const std::string& path) {
    const Safetensors file = read_safetensors(path);
    const auto options_of = [&](const char* name) {
        const std::string* text = file.metadata.find(name);
        return text == nullptr ? FlatObject()
                               : parse_flat_object(*text, path + ": metadata '" + name + "'");
    };
    const auto encoder = with_prefix(file.tensors, "vae_a.encoder.", "encoder.");
    const auto mapping = with_prefix(file.tensors, "mapping.");
    const auto decoder = with_prefix(file.tensors, "vae_b.decoder.", "decoder.");
    const auto init = Init::zeros();
    Vae<T, B> vae_a(infer_vae_options(encoder, options_of("vae_a"), path + ": vae_a"), init,
                    VaePart::encoder);
    Mapping<T, B> map(infer_mapping_options(mapping, options_of("mapping"), path + ": mapping"),
                      init);
    Vae<T, B> vae_b(infer_vae_options(decoder, options_of("vae_b"), path + ": vae_b"), init,
                    VaePart::decoder);
    load_state<T, B>(vae_a, encoder, path + ": vae_a");
    load_state<T, B>(map, mapping, path + ": mapping");
    load_state<T, B>(vae_b, decoder, path + ": vae_b");
    return {std::move(vae_a), std::move(map), std::move(vae_b), infer_tone(options_of("tone"))};
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
template <class T = float, class B = Cpu, class VaeA = Vae<T, B>, class Map = Mapping<T, B>,
          class VaeB = Vae<T, B>>
class Restorer {
public:
    using Translation = TripletTranslation<T, B, VaeA, Map, VaeB>;

    explicit Restorer(Translation translation) : translation_(std::move(translation)) {}

    /// @param path  a safetensors file with "vae_a.encoder.", "mapping.model." and
    ///              "vae_b.decoder."; the other halves of the VAEs may be there and are not read.
    /// @throws IoError, WeightsError, OptionError
    [[nodiscard]] static Restorer load(const std::string& path)
        requires(std::is_same_v<Restorer, Restorer<T, B>>)
    {
        return Restorer(load_translation<T, B>(path));
    }

    [[nodiscard]] const Translation& translation() const noexcept { return translation_; }

    /// @param photo  grey or RGB, with or without alpha, from 1 x 1 pixel; 16 bits are rounded to 8.
    ///               Grey stays grey: its levels are restored as three equal channels, whose
    ///               result is turned back to one.
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

}  // namespace oldphoto
