#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <oldphoto/io/array.hpp>
#include <oldphoto/io/json.hpp>
#include <oldphoto/models/mapping.hpp>
#include <oldphoto/models/vae.hpp>
#include <oldphoto/pipeline/translation.hpp>

/// The options of a network from its weights file: widths, depths and kernels from the shapes; what
/// shapes do not tell (norm, dilation, output, tone) from the metadata, under the published names.
namespace oldphoto {

namespace detail {

/// One entry of a Sequential: a convolution or a residual block.
struct InferredLayer {
    bool residual = false;
    std::vector<Index> weight;  ///< of the convolution, or of the block's first one
};

/// The layers of "encoder.", "decoder." or "model." in order. Norms are left out.
inline std::vector<InferredLayer> inferred_layers(const NamedArrays& arrays,
                                                  std::string_view sequential) {
    constexpr std::string_view first_of_block = ".conv_block.1.weight";
    constexpr std::string_view weight = ".weight";
    std::vector<InferredLayer> layers;
    for (const auto& [name, array] : arrays) {
        if (!name.starts_with(sequential)) continue;
        const std::string_view rest = std::string_view(name).substr(sequential.size());
        const auto index_ends = rest.find('.');
        if (index_ends == std::string_view::npos || array.dims().size() != 4) continue;
        const std::string_view entry = rest.substr(index_ends);
        if (entry == first_of_block) layers.push_back({true, array.dims()});
        if (entry == weight) layers.push_back({false, array.dims()});
    }
    return layers;
}

inline Index count_residuals(const std::vector<InferredLayer>& layers) {
    return std::count_if(layers.begin(), layers.end(), [](const auto& l) { return l.residual; });
}

/// A whole number among the options. @throws IoError naming the option.
inline Index index_option(const FlatObject& options, std::string_view name, Index otherwise) {
    const FlatValue* value = options.find(name);
    if (value == nullptr) return otherwise;
    const auto* number = std::get_if<double>(value);
    if (number == nullptr || *number != static_cast<double>(static_cast<Index>(*number))) {
        throw_option_error(name, "expected a whole number");
    }
    return static_cast<Index>(*number);
}

/// A text among the options, one of `allowed`.
inline std::string text_option(const FlatObject& options, std::string_view name,
                               std::string_view otherwise,
                               std::initializer_list<std::string_view> allowed) {
    std::string text(otherwise);
    if (const FlatValue* value = options.find(name)) {
        const auto* stored = std::get_if<std::string>(value);
        text = stored == nullptr ? "" : *stored;
    }
    std::string list;
    for (const auto& choice : allowed) {
        if (text == choice) return text;
        list += (list.empty() ? "" : " or ") + std::string(choice);
    }
    throw_option_error(name, "expected " + list + ", got \"" + text + "\"");
}

/// Batch norms have running statistics, affine ones a weight; the others are not seen in a state.
inline NormKind inferred_norm(const NamedArrays& arrays, const FlatObject& metadata) {
    bool affine = false;
    for (const auto& [name, array] : arrays) {
        if (name.ends_with(".running_mean")) return NormKind::batch;
        affine = affine || (array.dims().size() == 1 && name.ends_with(".weight"));
    }
    if (affine) return NormKind::affine_instance;
    return text_option(metadata, "norm", "instance", {"instance", "none"}) == "none"
               ? NormKind::none
               : NormKind::instance;
}

}  // namespace detail

/// @param arrays    a VAE's state, either half of it or both, names beginning with "encoder." or
///                  "decoder.".
/// @param metadata  its options as stored; empty where there are none.
/// @throws WeightsError when the names are not those of a VAE.
[[nodiscard]] inline VaeOptions infer_vae_options(const NamedArrays& arrays,
                                                  const FlatObject& metadata,
                                                  const std::string& file) {
    auto layers = detail::inferred_layers(arrays, "encoder.");
    const bool encoder = !layers.empty();
    if (!encoder) {
        // Read backwards a decoder looks like an encoder: its weights are transposed already.
        layers = detail::inferred_layers(arrays, "decoder.");
        std::reverse(layers.begin(), layers.end());
    }
    const Index residuals = detail::count_residuals(layers);
    if (layers.size() < 2 || residuals == 0 || layers[0].residual || layers[0].weight[2] != 7) {
        throw WeightsError(file + ": these are not the weights of a VAE, whose first (or last) "
                                  "convolution is 7 x 7, followed (or preceded) by residual blocks");
    }
    VaeOptions o;
    // Encoder: (w0, 3, 7, 7). Decoder: (3, w0, 7, 7).
    o.in_channels = layers[0].weight[encoder ? 1 : 0];
    o.width = layers[0].weight[encoder ? 0 : 1];
    o.max_width = o.width;
    Index halvings = 0;
    Index trailing = 0;  // residual blocks after the last halving
    for (std::size_t k = 1; k < layers.size(); ++k) {
        const auto& [residual, weight] = layers[k];
        if (residual) {
            ++trailing;
        } else if (weight[2] == 1) {
            o.latent_channels = weight[encoder ? 0 : 1];
        } else {
            ++halvings;
            trailing = 0;
            o.kernel = weight[2];
        }
        if (residual || weight[2] != 1) {
            o.max_width = std::max(o.max_width, weight[0]);
        }
    }
    o.bottleneck = trailing == 1 ? VaeBottleneck::half : VaeBottleneck::same;
    o.stages = o.bottleneck == VaeBottleneck::half ? halvings : halvings + 1;
    const Index at_bottleneck = o.bottleneck == VaeBottleneck::half ? 1 : 2;
    // Two blocks follow each halving from the first_residual-th on.
    o.first_residual = o.stages - 1 - (residuals - at_bottleneck) / 2;
    o.norm = detail::inferred_norm(arrays, metadata);
    o.tanh_output =
        detail::text_option(metadata, "output", "tanh", {"tanh", "linear"}) == "tanh";
    return o;
}

/// @param arrays  a quality mapping's state, names beginning with "model.".
/// @throws WeightsError when the names are not those of one.
[[nodiscard]] inline MappingOptions infer_mapping_options(const NamedArrays& arrays,
                                                          const FlatObject& metadata,
                                                          const std::string& file) {
    const auto layers = detail::inferred_layers(arrays, "model.");
    const auto first_block =
        std::find_if(layers.begin(), layers.end(), [](const auto& l) { return l.residual; });
    if (layers.empty() || layers[0].residual || first_block == layers.end()) {
        throw WeightsError(file + ": these are not the weights of a quality mapping, which has "
                                  "'model.0.weight', residual blocks and convolutions after them");
    }
    MappingOptions o;
    o.base = layers[0].weight[1];
    o.widen = first_block - layers.begin();
    o.blocks = detail::count_residuals(layers);
    o.max_width = 2 * o.base;
    for (const auto& layer : layers) o.max_width = std::max(o.max_width, layer.weight[0]);
    if (layers.back().weight[2] == 1) o.latent_channels = layers.back().weight[0];
    o.dilation = detail::index_option(metadata, "dilation", 1);
    o.norm = detail::inferred_norm(arrays, metadata);
    return o;
}

/// The "tone" entry of the metadata; free where there is none.
[[nodiscard]] inline ToneOptions infer_tone(const FlatObject& metadata) {
    ToneOptions tone;
    if (detail::text_option(metadata, "kind", "free", {"free", "carried"}) == "carried") {
        tone.kind = ToneKind::carried;
    }
    if (const FlatValue* eps = metadata.find("eps")) {
        if (const auto* number = std::get_if<double>(eps)) tone.eps = *number;
    }
    return tone;
}

}  // namespace oldphoto
