#pragma once

#include <oldphoto/image/color.hpp>
#include <oldphoto/image/hole.hpp>
#include <oldphoto/image/mask.hpp>
#include <oldphoto/image/tensor.hpp>
#include <oldphoto/pipeline/infer_options.hpp>
#include <oldphoto/pipeline/plan.hpp>
#include <oldphoto/pipeline/translation.hpp>
#include <oldphoto/pipeline/weights.hpp>

#include <algorithm>
#include <cstddef>
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
    Image photo;         ///< 8 bits, of the size and with the channels and alpha of the photo given
    RestorePlan plan{};  ///< what was planned, where RestoreOptions ask for a plan
    double bytes = 0;    ///< what it took, counted as the plan counts it
    double seconds = 0;  ///< how long it took, planning left out
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
    /// @throws MemoryError when it takes more than options.max_memory; Cancelled when it is stopped
    [[nodiscard]] Restoration operator()(
        const Image& photo, const RestoreOptions& options = {}) const requires Layer<Map, T, B> {
        return with_8_bits(photo, [&](const Image& input) {
            return restored(input, input, nullptr, bytes_of(photo), options);
        });
    }
    /// The same with holes, which are painted white before a network sees them.
    /// @param mask  grey, of 8 bits and of the photo's size, white in holes; see to_mask(). The
    ///              published high resolution takes grown(mask, 3).
    /// @throws ShapeError when the mask does not fit; OptionError when it leaves nothing to restore
    ///         from; MemoryError, Cancelled
    [[nodiscard]] Restoration operator()(
        const Image& photo, const Image& mask, const HoleOptions& holes = {},
        const RestoreOptions& options = {}) const requires MaskedLayer<Map, T, B> {
        return with_8_bits(photo, [&](const Image& input) {
            detail::check_mask("restore", input, mask);
            const Image seen = with_holes(input, mask);
            const double images = bytes_of(photo) + bytes_of(seen) + bytes_of(mask);
            auto result = restored(input, seen, &mask, images, options);
            if (holes.keep_outside_mask) result.photo = combined(result.photo, input, mask);
            return result;
        });
    }

    /// What a photo of this size, RGB of 8 bits, will take. It takes some tenths of a second to
    /// tell, or about a hundredth of what a large photo takes.
    /// @throws MemoryError
    [[nodiscard]] RestorePlan plan(Size photo, const RestoreOptions& options = {}) const {
        constexpr double copies = Layer<Map, T, B> ? 1 : 2;  // with its holes painted
        constexpr double mask = Layer<Map, T, B> ? 0 : 1;
        const double pixels = detail::pixels_of({photo.height, photo.width});
        return plan_of(photo, pixels * (3 * copies + mask), options);
    }

private:
    static constexpr bool has_windows = requires(const Map& map) { map.with_window(Index{1}); };

    template <class Use>
    [[nodiscard]] static Restoration with_8_bits(const Image& photo, const Use& use) {
        return photo.bits() == 8 ? use(photo) : use(to_8_bit(photo));
    }
    /// Of a photo, and of its copy of 8 bits where it has 16.
    [[nodiscard]] static double bytes_of(const Image& photo) {
        const Index planes = photo.channels() + (photo.has_alpha() ? 1 : 0);
        const double pixels = detail::pixels_of({photo.height(), photo.width()});
        return static_cast<double>(planes) * pixels * (photo.bits() == 8 ? 1 : 3);
    }
    /// Of the weights of all networks.
    [[nodiscard]] double weight_bytes() const {
        double bytes = 0;
        const auto add = [&](std::string_view, const AnyVariable<T, B>& variable) {
            bytes += static_cast<double>(variable.size()) * sizeof(T);
        };
        const ParameterVisitor<T, B> visit(add);
        visit_child("", translation_.vae_a(), visit);
        visit_child("", translation_.mapping(), visit);
        visit_child("", translation_.vae_b(), visit);
        return bytes;
    }

    /// @param seen    what the networks see of the photo
    /// @param images  bytes of all pictures but the result
    [[nodiscard]] Restoration restored(const Image& photo, const Image& seen, const Image* mask,
                                       double images, const RestoreOptions& options) const {
        RestorePlan plan;
        if (options.planned()) plan = plan_of(photo.size(), images, options);
        detail::Watch watch(plan, options.progress, options.stop);
        auto output = Image::black(photo.size(), 3);
        {
            const Monitor::Scope scope(&watch);
            translate(windowed(plan.window), seen, mask, output);
        }
        watch.report(1);
        const double bytes =
            options.own_memory + images + bytes_of(output) + weight_bytes() + watch.most_bytes();
        return {like(photo, std::move(output)), plan, bytes, watch.seconds()};
    }

    /// The networks, which fill holes from windows unless that is 0.
    [[nodiscard]] Translation windowed(Index window) const {
        if constexpr (has_windows) {
            if (window > 0) {
                return translation_.with_mapping(translation_.mapping().with_window(window));
            }
        }
        return translation_;
    }

    [[nodiscard]] RestorePlan plan_of(Size photo, double images,
                                      const RestoreOptions& options) const {
        const auto padded = [&](Index height, Index width) {
            return translation_.padded_size({height, width});
        };
        const auto rehearse = [&](Pair size) { translate_black({size.w, size.h}); };
        constexpr Index side = 64;
        const double result = 3 * detail::pixels_of({photo.height, photo.width});
        const detail::Planner planner(
            padded(photo.height, photo.width), padded(side, side), padded(2 * side, side),
            options.own_memory + images + result + weight_bytes(), rehearse);
        auto plan = planner.within(options.max_memory);
        planner.estimate_time(plan);
        if (has_windows) {
            const Index scale = translation_.vae_a().options().size_multiple();
            planner.keep_within(plan, options.max_time, scale);
        }
        return plan;
    }

    /// Writes what the networks make of a photo to an RGB picture of its size.
    static void translate(const Translation& networks, const Image& seen, const Image* mask,
                          Image& output) {
        const auto x = to_deferred<T, B>(seen);
        const auto write = [&](Index first, const Tensor<T, 4, B>& rows) {
            write_rows(rows, first, output);
        };
        if constexpr (MaskedLayer<Map, T, B>) {
            if (mask != nullptr) {
                return networks.translate(x, to_mask_tensor<T, B>(*mask), write);
            }
        }
        if constexpr (Layer<Map, T, B>) networks.translate(x, write);
    }
    /// The same for a black photo, with a hole in its middle where networks fill holes.
    void translate_black(Size size) const {
        const auto photo = Image::black(size, 3);
        auto output = photo;
        if constexpr (Layer<Map, T, B>) {
            translate(translation_, photo, nullptr, output);
        } else {
            auto mask = Image::black(size, 1);
            for (Index y = size.height / 3; y < 2 * size.height / 3; ++y) {
                const auto row = mask.samples().subspan(static_cast<std::size_t>(y * size.width));
                std::fill_n(row.begin() + size.width / 3, size.width / 3, std::uint8_t{255});
            }
            translate(translation_, photo, &mask, output);
        }
    }

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
