#pragma once

#include <oldphoto/io/array.hpp>
#include <oldphoto/models/detector.hpp>
#include <oldphoto/models/face_generator.hpp>
#include <oldphoto/models/mapping_high_resolution.hpp>
#include <oldphoto/models/mapping_scratch.hpp>
#include <oldphoto/models/patch_discriminator.hpp>
#include <oldphoto/models/vgg19.hpp>
#include <oldphoto/pipeline/infer_options.hpp>
#include <oldphoto/pipeline/weights.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

/// The options of the networks beside VAE and quality mapping, from the shapes of a state. Widths
/// are held against the largest weights before they are believed, so that nothing is built which
/// the file does not back with numbers. What shapes do not tell comes from the options stored
/// beside them:
///
///     partial nonlocal block        temperature: above 0, by default 1; cosine, renormalize,
///                                   use_self: 0 or 1, by default 0, 1 and 0
///     mapping with such a block     these, and those of a quality mapping
///     mapping with patch attention  those of a quality mapping (pipeline/infer_options.hpp);
///                                   patch_1, patch_2, patch_3: 1..64, by default 8, 4 and 2;
///                                   hole_share: 0..1, by default 0.6
///     face generator                size: a multiple of 32, by default 256
///
/// All errors name the file.
namespace oldphoto {

namespace detail {

inline constexpr NetworkWords detector_words{
    "a scratch detector", {"first.", "down_sample.", "down_path.", "up_path.", "last."}};
inline constexpr NetworkWords discriminator_words{"a discriminator", {"scale"}};
inline constexpr NetworkWords vgg19_words{"VGG-19", {"features."}};
inline constexpr NetworkWords partial_nonlocal_words{
    "a partial nonlocal block", {"g.", "W.", "theta.", "phi.", "res_block.", "local_block."}};
inline constexpr NetworkWords scratch_mapping_words{"a mapping with a partial nonlocal block",
                                                    {"before_NL.", "NL.", "after_NL."}};
inline constexpr NetworkWords high_resolution_mapping_words{
    "a mapping with patch attention", {"before_NL.", "NL_scale_", "res_block_", "after_NL."}};
inline constexpr NetworkWords face_generator_words{
    "a face generator", {"fc.", "head_0.", "G_middle_", "up_", "conv_img."}};

/// A convolution's weight.
/// @throws WeightsError when it is missing, not of a convolution or without elements.
inline const Array& convolution_weight(const NamedArrays& arrays, const std::string& name,
                                       const NetworkWords& network, const std::string& file) {
    const Array* weight = arrays.find(name);
    if (weight == nullptr) throw_other_network(arrays, network, name, file);
    if (weight->dims().size() != 4 || weight->size() == 0) {
        throw_weights_error(file, quote_json(name) + " " + format_dims(weight->dims()) +
                                      " is not the weight of a convolution");
    }
    return *weight;
}

/// How many of name_of(0), name_of(1), ... there are without a gap.
template <class NameOf>
[[nodiscard]] Index count_names(const NamedArrays& arrays, const NameOf& name_of) {
    Index count = 0;
    while (arrays.contains(name_of(count))) ++count;
    return count;
}

}  // namespace detail

/// @param arrays  a scratch detector's state: "first.1.weight", ...
/// @param file    where it comes from, for messages.
/// @throws WeightsError when the names are not those of one, or the shapes not possible.
[[nodiscard]] inline DetectorOptions infer_detector_options(const NamedArrays& arrays,
                                                            const std::string& file) {
    const auto weight = [&](const std::string& name) -> const Array& {
        return detail::convolution_weight(arrays, name, detail::detector_words, file);
    };
    const auto block_weight = [](Index d) {
        return "down_path." + std::to_string(d) + ".block.5.weight";
    };
    const auto& first = weight("first.1.weight").dims();
    DetectorOptions o;
    o.width = first[0];
    o.in_channels = first[1];
    o.out_channels = weight("last.1.weight").dims()[0];
    o.depth = detail::count_names(arrays, block_weight);
    o = detail::checked_options(o, file);
    const Index widest = o.width_at(o.depth);
    const auto last = block_weight(o.depth - 1);
    detail::check_weight(file, last, weight(last), {widest, widest, 3, 3});
    return o;
}

/// @param arrays  the state of a patch or latent discriminator: "scale0_layer0.0.weight", ..., with
///                spectral norm "scale0_layer0.0.weight_orig".
/// @param file    where it comes from, for messages.
/// @return        with the width of its widest layer as max_width.
/// @throws WeightsError when the names are not those of one, or the shapes not possible.
[[nodiscard]] inline PatchDiscriminatorOptions infer_discriminator_options(
    const NamedArrays& arrays, const std::string& file) {
    PatchDiscriminatorOptions o;
    o.spectral_norm = arrays.contains("scale0_layer0.0.weight_orig");
    const auto name_of = [&](Index scale, Index layer) {
        return "scale" + std::to_string(scale) + "_layer" + std::to_string(layer) +
               (o.spectral_norm ? ".0.weight_orig" : ".0.weight");
    };
    const auto weight = [&](Index scale, Index layer) -> const Array& {
        return detail::convolution_weight(arrays, name_of(scale, layer),
                                          detail::discriminator_words, file);
    };
    o.width = weight(0, 0).dims()[0];
    o.in_channels = weight(0, 0).dims()[1];
    o.layers = detail::count_names(arrays, [&](Index layer) { return name_of(0, layer); }) - 2;
    o.scales = detail::count_names(arrays, [&](Index scale) { return name_of(scale, 0); });
    // Too few layers are refused with the options.
    o.max_width = weight(0, std::max(o.layers, Index{0})).dims()[0];
    o = detail::checked_options(o, file);
    for (Index scale = 0; scale < o.scales; ++scale) {
        for (Index layer = 0; layer <= o.layers + 1; ++layer) {
            detail::check_weight(file, name_of(scale, layer), weight(scale, layer),
                                 {o.width_at(layer), o.channels_into(layer), 4, 4});
        }
    }
    return o;
}

/// @param arrays  a VGG-19's state: "features.0.weight", ...
/// @param file    where it comes from, for messages.
/// @throws WeightsError when the names are not those of one, or the shapes not possible.
[[nodiscard]] inline Vgg19Options infer_vgg19_options(const NamedArrays& arrays,
                                                      const std::string& file) {
    const auto weight = [&](const std::string& name) -> const Array& {
        return detail::convolution_weight(arrays, name, detail::vgg19_words, file);
    };
    const auto& first = weight("features.0.weight").dims();
    const Vgg19Options o{.in_channels = first[1], .width = first[0]};
    const std::string last = "features.28.weight";
    detail::check_weight(file, last, weight(last), {o.width_at(4), o.width_at(4), 3, 3});
    return detail::checked_options(o, file);
}

/// @param arrays    the state of a partial nonlocal block: "g.weight", ...
/// @param metadata  its options as stored; empty where there are none.
/// @param file      where both come from, for messages.
/// @throws WeightsError when the names are not those of one, or shapes or options not possible.
[[nodiscard]] inline PartialNonlocalLayerOptions infer_partial_nonlocal_options(
    const NamedArrays& arrays, const FlatObject& metadata, const std::string& file) {
    const auto& g =
        detail::convolution_weight(arrays, "g.weight", detail::partial_nonlocal_words, file).dims();
    const auto blocks = [&](const char* name) {
        return detail::count_residuals(detail::inferred_layers(arrays, name, file));
    };
    const detail::StoredOptions stored(metadata, file);
    const auto flag = [&](const char* name, bool otherwise) {
        return stored.number<Index>(name, otherwise ? 1 : 0, 0, 1) == 1;
    };
    PartialNonlocalLayerOptions o{.channels = g[1]};
    o.inner_channels = g[0] == g[1] ? 0 : g[0];
    o.blocks = blocks("res_block.");
    o.local_blocks = blocks("local_block.");
    auto& attention = o.attention;
    attention.temperature = stored.number("temperature", attention.temperature, 1e-6, 1e6);
    attention.cosine = flag("cosine", attention.cosine);
    attention.renormalize = flag("renormalize", attention.renormalize);
    attention.use_self = flag("use_self", attention.use_self);
    o.norm = detail::inferred_norm(arrays, stored);
    return o;
}

/// @param arrays    the state of a mapping with a partial nonlocal block: "before_NL.0.weight", ...
/// @param metadata  its options as stored; empty where there are none.
/// @param file      where both come from, for messages.
/// @throws WeightsError when the names are not those of one, or shapes or options not possible.
[[nodiscard]] inline ScratchMappingOptions infer_scratch_mapping_options(const NamedArrays& arrays,
                                                                         const FlatObject& metadata,
                                                                         const std::string& file) {
    const auto& network = detail::scratch_mapping_words;
    // Before all else: what is missing tells it from a mapping with patch attention.
    static_cast<void>(detail::convolution_weight(arrays, "NL.g.weight", network, file));
    auto layers = detail::inferred_layers(arrays, "before_NL.", file);
    const auto after = detail::inferred_layers(arrays, "after_NL.", file);
    for (const auto& layer : after) layers.push_back(layer);
    const auto block = infer_partial_nonlocal_options(with_prefix(arrays, "NL."), metadata, file);
    ScratchMappingOptions o;
    o.mapping = detail::inferred_mapping(layers, arrays, metadata, network, file);
    o.attention = block.attention;
    o.global_blocks = block.blocks;
    o.local_blocks = block.local_blocks;
    o = detail::checked_options(o, file);
    const Index width = o.nonlocal().channels;
    for (const std::string name : {"NL.g.weight", "NL.W.weight"}) {
        detail::check_weight(file, name, detail::convolution_weight(arrays, name, network, file),
                             {width, width, 1, 1});
    }
    return o;
}

/// @param arrays    the state of a mapping with patch attention: "before_NL.0.weight", ...
/// @param metadata  its options as stored; empty where there are none.
/// @param file      where both come from, for messages.
/// @throws WeightsError when the names are not those of one, or shapes or options not possible.
[[nodiscard]] inline HighResolutionMappingOptions infer_high_resolution_mapping_options(
    const NamedArrays& arrays, const FlatObject& metadata, const std::string& file) {
    const auto& network = detail::high_resolution_mapping_words;
    auto layers = detail::inferred_layers(arrays, "before_NL.", file);
    const Index blocks = detail::count_residuals(layers);
    const auto after = detail::inferred_layers(arrays, "after_NL.", file);
    for (const auto& layer : after) layers.push_back(layer);
    const detail::StoredOptions stored(metadata, file);
    HighResolutionMappingOptions o;
    o.mapping = detail::inferred_mapping(layers, arrays, metadata, network, file);
    o.mapping.blocks = blocks;
    o.hole_share = stored.number("hole_share", o.hole_share, 0.0, 1.0);
    for (std::size_t k = 0; k < o.patches.size(); ++k) {
        o.patches[k] = stored.number<Index>("patch_" + std::to_string(k + 1), o.patches[k], 1, 64);
    }
    o = detail::checked_options(o, file);
    const Index width = o.mapping.width_at(o.mapping.widen);
    for (std::size_t k = 0; k < o.patches.size(); ++k) {
        const auto name = "NL_scale_" + std::to_string(k + 1) + ".F_Combine.weight";
        detail::check_weight(file, name, detail::convolution_weight(arrays, name, network, file),
                             {width, 2 * width + 1, 3, 3});
    }
    return o;
}

// The same by the type of the options that are asked for.
inline void infer_options(const NamedArrays& arrays, const FlatObject& metadata,
                          const std::string& file, ScratchMappingOptions& options) {
    options = infer_scratch_mapping_options(arrays, metadata, file);
}
inline void infer_options(const NamedArrays& arrays, const FlatObject& metadata,
                          const std::string& file, HighResolutionMappingOptions& options) {
    options = infer_high_resolution_mapping_options(arrays, metadata, file);
}

/// @param arrays    a face generator's state: "fc.weight", ...
/// @param metadata  its options as stored; empty where there are none.
/// @param file      where both come from, for messages.
/// @throws WeightsError when the names are not those of one, or shapes or options not possible.
[[nodiscard]] inline FaceGeneratorOptions infer_face_generator_options(const NamedArrays& arrays,
                                                                       const FlatObject& metadata,
                                                                       const std::string& file) {
    const auto weight = [&](const std::string& name) -> const Array& {
        return detail::convolution_weight(arrays, name, detail::face_generator_words, file);
    };
    const auto& last = weight("conv_img.weight").dims();
    const auto& shared = weight("head_0.norm_0.mlp_shared.0.weight").dims();
    FaceGeneratorOptions o;
    o.channels = last[0];
    o.width = last[1];
    o.hidden = shared[0];
    o.labels = shared[1] - o.channels;
    o.size = detail::StoredOptions(metadata, file).number<Index>("size", o.size, 32, 16384);
    o = detail::checked_options(o, file);
    const Index widest = o.width_at(FaceGenerator<>::stages[0].halvings);
    const auto check = [&](const std::string& name, Index inputs) {
        detail::check_weight(file, name, weight(name), {widest, inputs, 3, 3});
    };
    check("fc.weight", o.first_channels());
    check("head_0.conv_0.weight_orig", widest);
    check("head_0.norm_0.mlp_gamma.weight", o.hidden);
    return o;
}

/// What Vgg19Features has of torchvision's whole VGG-19: the state without the last three
/// convolutions and the classifier. A state that lacks them already stays as it is.
[[nodiscard]] inline NamedArrays without_vgg19_classifier(const NamedArrays& arrays) {
    NamedArrays part;
    for (const auto& [name, array] : arrays) {
        const auto begins = [&name = name](std::string_view text) {
            return name.starts_with(text);
        };
        if (begins("features.30.") || begins("features.32.") || begins("features.34.") ||
            begins("classifier.")) {
            continue;
        }
        part.insert(name, array);
    }
    return part;
}

}  // namespace oldphoto
