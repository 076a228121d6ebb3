#pragma once

#include <oldphoto/core/shape.hpp>
#include <oldphoto/core/sorted.hpp>
#include <oldphoto/io/array.hpp>
#include <oldphoto/io/json.hpp>
#include <oldphoto/models/mapping.hpp>
#include <oldphoto/models/vae.hpp>
#include <oldphoto/pipeline/translation.hpp>
#include <oldphoto/pipeline/weights.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// The options of a network from its weights file: widths, depths and kernels from the shapes,
/// wherever those tell; what they do not tell from the options stored beside them:
///
///     VAE      norm: "instance" or "none"; output: "tanh" or "linear"
///     mapping  norm: "instance" or "none"; dilation: 1..64
///     tone     kind: "free" or "carried"; eps: a positive number
///
/// The first of each is the default. All errors name the file.
namespace oldphoto {

namespace detail {

/// What messages call a network, and how the names of its state begin.
struct NetworkWords {
    const char* name;
    std::array<std::string_view, 6> beginnings;
};

inline constexpr NetworkWords vae_words{"a VAE", {"encoder.", "decoder."}};
inline constexpr NetworkWords quality_mapping_words{"a quality mapping", {"model."}};

/// Throws that these are not its weights: the first name that is missing, and the first in the file
/// that no such network has.
[[noreturn]] inline void throw_other_network(const NamedArrays& arrays, const NetworkWords& network,
                                             const std::string& missing, const std::string& file) {
    const auto known = [&](const std::string& name) {
        return std::any_of(
            network.beginnings.begin(), network.beginnings.end(),
            [&](std::string_view start) { return !start.empty() && name.starts_with(start); });
    };
    std::string reason = joined(
        {"these are not the weights of ", network.name, ", which has ", quote_json(missing)});
    for (const auto& [name, array] : arrays) {
        if (known(name)) continue;
        reason += joined({" and no ", quote_json(name)});
        break;
    }
    throw_weights_error(file, reason);
}

/// One entry of a Sequential: a convolution or a residual block.
struct InferredLayer {
    Index position = 0;
    bool residual = false;
    Shape<4> weight;  ///< of the convolution, or of the block's first one
};

/// The layers of "encoder.", "decoder." or "model." by position, whatever the order in the file.
/// Norms are left out.
/// @throws WeightsError for an empty weight, or a residual block that does not keep its channels.
inline std::vector<InferredLayer> inferred_layers(const NamedArrays& arrays,
                                                  std::string_view sequential,
                                                  const std::string& file) {
    std::vector<InferredLayer> layers;
    for (const auto& [name, array] : arrays) {
        const auto& dims = array.dims();
        if (!name.starts_with(sequential) || dims.size() != 4) continue;
        const char* const begin = name.data() + sequential.size();
        const char* const end = name.data() + name.size();
        Index position = 0;
        const std::string_view entry(std::from_chars(begin, end, position).ptr, end);
        const bool residual = entry == ".conv_block.1.weight";
        if (!residual && entry != ".weight") continue;
        // Nothing is built from widths that the file does not back with numbers.
        if (array.size() == 0 || (residual && dims[0] != dims[1])) {
            throw_weights_error(
                file, joined({quote_json(name), " ", format_dims(dims),
                              residual ? " must be square in its channels" : " has no elements"}));
        }
        layers.push_back({position, residual, {dims[0], dims[1], dims[2], dims[3]}});
    }
    return sorted(std::move(layers),
                  [](const auto& a, const auto& b) { return a.position < b.position; });
}

inline Index count_residuals(const std::vector<InferredLayer>& layers) {
    return std::count_if(layers.begin(), layers.end(), [](const auto& l) { return l.residual; });
}

/// Options as they stand in a file.
class StoredOptions {
public:
    /// @param file  for messages. Both must outlive this.
    StoredOptions(const FlatObject& values, const std::string& file)
        : values_(values), file_(file) {}

    /// @throws WeightsError unless it is one of `allowed`, the first of which is the default.
    [[nodiscard]] std::string choice(std::string_view name,
                                     std::initializer_list<std::string_view> allowed) const {
        const FlatValue* value = values_.find(name);
        if (value == nullptr) return std::string(*allowed.begin());
        std::string list;
        for (const auto& choice : allowed) {
            const std::string* text = value->as_text();
            if (text != nullptr && *text == choice) return *text;
            list += joined({list.empty() ? "" : " or ", quote_json(choice)});
        }
        fail(name, list, *value);
    }

    /// @throws WeightsError unless it is a number of [low, high], whole where T is.
    template <class T>
    [[nodiscard]] T number(std::string_view name, T otherwise, T low, T high) const {
        const FlatValue* value = values_.find(name);
        if (value == nullptr) return otherwise;
        return static_cast<T>(checked_number(name, *value, static_cast<double>(low),
                                             static_cast<double>(high), std::is_integral_v<T>));
    }

private:
    double checked_number(std::string_view name, const FlatValue& value, double low, double high,
                          bool whole) const {
        const double* number = value.as_number();
        const bool within = number != nullptr && *number >= low && *number <= high;
        if (!within || (whole && std::trunc(*number) != *number)) {
            fail(name,
                 joined({whole ? "a whole number" : "a number", " of ", format_json_number(low),
                         "..", format_json_number(high)}),
                 value);
        }
        return *number;
    }

    [[noreturn, gnu::cold, gnu::noinline]] void fail(std::string_view name,
                                                     const std::string& expected,
                                                     const FlatValue& got) const {
        throw_weights_error(file_, joined({"option ", quote_json(name), ": expected ", expected,
                                           ", got ", format_flat_value(got)}));
    }

    const FlatObject& values_;
    const std::string& file_;
};

/// Batch norms have running statistics, affine ones a weight; the others do not show in a state.
inline NormKind inferred_norm(const NamedArrays& arrays, const StoredOptions& stored) {
    bool affine = false;
    for (const auto& [name, array] : arrays) {
        if (name.ends_with(".running_mean")) return NormKind::batch;
        affine = affine || (array.dims().size() == 1 && name.ends_with(".weight"));
    }
    if (affine) return NormKind::affine_instance;
    return stored.choice("norm", {"instance", "none"}) == "none" ? NormKind::none
                                                                 : NormKind::instance;
}

/// The options of one network or of the tone, empty where the file has none.
inline FlatObject stored_options(const Safetensors& file, const std::string& path,
                                 const std::string& name) {
    const std::string* text = file.metadata.find(name);
    if (text == nullptr) return {};
    return parse_flat_object(*text, joined({path, ": metadata ", quote_json(name)}));
}

/// The same options. @throws WeightsError when no network can have them.
template <class Options>
[[nodiscard]] Options checked_options(const Options& options, const std::string& file) {
    try {
        options.check();
    } catch (const OptionError& error) {
        throw_weights_error(file, error.what());
    }
    return options;
}

/// One half of a VAE.
struct InferredHalf {
    std::vector<InferredLayer> layers;  ///< from the picture to the latent
    std::size_t outer;  ///< axis of a weight that counts channels on the picture's side
    std::size_t inner;  ///< and on the latent's
};

/// The encoder or, where there is none, the decoder: read backwards it has the same structure.
/// @throws WeightsError when neither is there.
inline InferredHalf inferred_half(const NamedArrays& arrays, const std::string& file) {
    InferredHalf half{inferred_layers(arrays, "encoder.", file), 1, 0};
    if (half.layers.empty()) {
        half = {inferred_layers(arrays, "decoder.", file), 0, 1};
        std::reverse(half.layers.begin(), half.layers.end());
    }
    const auto& layers = half.layers;
    if (layers.empty()) throw_other_network(arrays, vae_words, "encoder.1.weight", file);
    if (count_residuals(layers) == 0 || layers[0].residual || layers[0].weight[2] != 7) {
        throw_weights_error(file,
                            "these are not the weights of a VAE, which has a 7 x 7 convolution on "
                            "the picture's side and then residual blocks");
    }
    return half;
}

/// The options that all mappings have.
/// @param layers    the convolutions and residual blocks from one latent to the other.
/// @param metadata  the options as stored.
/// @throws WeightsError when these are not its layers, or options not possible.
inline MappingOptions inferred_mapping(const std::vector<InferredLayer>& layers,
                                       const NamedArrays& arrays, const FlatObject& metadata,
                                       const NetworkWords& network, const std::string& file) {
    if (layers.empty()) {
        throw_other_network(arrays, network, joined({network.beginnings[0], "0.weight"}), file);
    }
    MappingOptions o;
    o.blocks = count_residuals(layers);
    if (layers.back().weight[2] == 1) {
        o.latent_channels = layers.back().weight[0];
    }
    // Of the other convolutions as many narrow as widen.
    const Index convolutions = static_cast<Index>(layers.size()) - o.blocks;
    o.widen = (convolutions - (o.latent_channels > 0 ? 1 : 0)) / 2;
    if (o.widen == 0 || layers[0].residual) {
        throw_weights_error(
            file, joined({"these are not the weights of ", network.name,
                          ", which has 3 x 3 convolutions before and after its residual blocks"}));
    }
    const auto widest = static_cast<std::size_t>(o.widen - 1);
    o.base = layers[0].weight[1];
    o.max_width = layers[o.blocks > 0 ? widest + 1 : widest].weight[0];
    const StoredOptions stored(metadata, file);
    o.dilation = stored.number<Index>("dilation", 1, 1, 64);
    o.norm = inferred_norm(arrays, stored);
    return o;
}

}  // namespace detail

/// @param arrays    a VAE's state, either half of it or both, names beginning with "encoder." or
///                  "decoder.".
/// @param metadata  its options as stored; empty where there are none.
/// @param file      where both come from, for messages.
/// @throws WeightsError when the names are not those of a VAE, or shapes or options not possible.
[[nodiscard]] inline VaeOptions infer_vae_options(const NamedArrays& arrays,
                                                  const FlatObject& metadata,
                                                  const std::string& file) {
    const auto [layers, outer, inner] = detail::inferred_half(arrays, file);
    VaeOptions o;
    o.in_channels = layers[0].weight[outer];
    o.width = layers[0].weight[inner];
    o.max_width = o.width;
    Index halvings = 0;
    Index last_residuals = 0;  // after the last halving
    for (std::size_t k = 1; k < layers.size(); ++k) {
        const auto& [position, residual, weight] = layers[k];
        if (residual) {
            ++last_residuals;
            o.max_width = weight[0];
        } else if (weight[2] == 1) {
            o.latent_channels = weight[inner];
        } else {
            ++halvings;
            last_residuals = 0;
            o.kernel = weight[2];
        }
    }
    // The bottleneck has one residual block, and one more in the place of a halving. Of the other
    // stages each has two from first_residual on.
    const bool half = last_residuals == 1;
    const Index other_residuals = detail::count_residuals(layers) - (half ? 1 : 2);
    o.bottleneck = half ? VaeBottleneck::half : VaeBottleneck::same;
    o.stages = halvings + (half ? 0 : 1);
    o.first_residual = o.stages - 1 - other_residuals / 2;
    const detail::StoredOptions stored(metadata, file);
    o.norm = detail::inferred_norm(arrays, stored);
    o.tanh_output = stored.choice("output", {"tanh", "linear"}) == "tanh";
    return detail::checked_options(o, file);
}

/// @param arrays    a quality mapping's state, names beginning with "model.".
/// @param metadata  its options as stored; empty where there are none.
/// @param file      where both come from, for messages.
/// @throws WeightsError when the names are not those of one, or shapes or options not possible.
[[nodiscard]] inline MappingOptions infer_mapping_options(const NamedArrays& arrays,
                                                          const FlatObject& metadata,
                                                          const std::string& file) {
    return detail::checked_options(
        detail::inferred_mapping(detail::inferred_layers(arrays, "model.", file), arrays, metadata,
                                 detail::quality_mapping_words, file),
        file);
}

// The same by the type of the options that are asked for.
inline void infer_options(const NamedArrays& arrays, const FlatObject& metadata,
                          const std::string& file, MappingOptions& options) {
    options = infer_mapping_options(arrays, metadata, file);
}

/// @param metadata  the options of the tone as stored; empty where there are none.
/// @param file      where they come from, for messages.
/// @throws WeightsError when they are not possible.
[[nodiscard]] inline ToneOptions infer_tone(const FlatObject& metadata, const std::string& file) {
    const detail::StoredOptions stored(metadata, file);
    ToneOptions tone;
    if (stored.choice("kind", {"free", "carried"}) == "carried") tone.kind = ToneKind::carried;
    tone.eps = stored.number("eps", tone.eps, 1e-12, 1.0);
    return tone;
}

}  // namespace oldphoto
