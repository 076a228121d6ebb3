#include "networks.hpp"

#include <oldphoto/models/mapping.hpp>
#include <oldphoto/models/vae.hpp>
#include <oldphoto/pipeline/infer_options.hpp>
#include <oldphoto/pipeline/weights.hpp>

#include <algorithm>
#include <charconv>
#include <map>

namespace oldphoto::program {

namespace {

using Picture = Variable<float, 4>;

VaePart part_of(const std::string& name) {
    if (name == "vae_encoder") return VaePart::encoder;
    if (name == "vae_decoder") return VaePart::decoder;
    return VaePart::both;
}

Network network_of(const Vae<>& vae, VaePart part) {
    switch (part) {
        case VaePart::encoder:
            return {[vae](const Picture& x) { return vae.encode(x); }, vae.options().in_channels};
        case VaePart::decoder:
            return {[vae](const Picture& z) { return vae.decode(z); },
                    vae.options().latent_width()};
        case VaePart::both:
            break;
    }
    return {vae, vae.options().in_channels};
}

Network network_of(const Mapping<>& mapping) {
    return {mapping, mapping.options().base};
}

/// A number where the text is one, otherwise the text.
FlatValue parse_value(const std::string& text) {
    double number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc() && rest == end) return number;
    return text;
}

std::string join(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
    return list;
}

[[noreturn]] void throw_unknown_option(const std::string& option, const std::string& network,
                                       const std::vector<std::string>& known) {
    throw_option_error("options", "'" + option + "' is not an option of " + network +
                                      " here; known: " + join(known));
}

/// An option of a network under its published name.
template <class Options>
struct Setting {
    std::string name;
    std::function<void(Options&, const std::string& name, const FlatValue&)> set;
};

Index whole_number(const std::string& name, const FlatValue& value) {
    const auto* number = std::get_if<double>(&value);
    constexpr double largest = 1 << 20;
    if (number == nullptr || *number < -1 || *number > largest ||
        *number != static_cast<double>(static_cast<Index>(*number))) {
        throw_option_error(name, "expected a whole number");
    }
    return static_cast<Index>(*number);
}

std::string text(const std::string& name, const FlatValue& value) {
    if (const auto* stored = std::get_if<std::string>(&value)) return *stored;
    throw_option_error(name, "expected a word");
}

template <class Options>
Setting<Options> whole(const std::string& name, Index Options::*member) {
    return {name, [member](Options& o, const std::string& key, const FlatValue& value) {
                o.*member = whole_number(key, value);
            }};
}

/// A 1 x 1 convolution to so many channels; -1 is the published word for none.
template <class Options>
Setting<Options> feat_dim() {
    return {"feat_dim", [](Options& o, const std::string& key, const FlatValue& value) {
                o.latent_channels = std::max(whole_number(key, value), Index{0});
            }};
}

NormKind norm_kind(const std::string& name, const FlatValue& value) {
    static const std::map<std::string, NormKind> kinds{
        {"instance", NormKind::instance},
        {"affine_instance", NormKind::affine_instance},
        {"batch", NormKind::batch},
        {"none", NormKind::none}};
    const auto kind = kinds.find(text(name, value));
    if (kind == kinds.end()) {
        throw_option_error(name, "expected instance, affine_instance, batch or none");
    }
    return kind->second;
}

template <class Options>
Setting<Options> norm() {
    return {"norm", [](Options& o, const std::string& key, const FlatValue& value) {
                o.norm = norm_kind(key, value);
            }};
}

const std::vector<Setting<VaeOptions>>& vae_settings() {
    static const std::vector<Setting<VaeOptions>> settings{
        whole("ngf", &VaeOptions::width),
        whole("mc", &VaeOptions::max_width),
        whole("n_downsample", &VaeOptions::stages),
        whole("k", &VaeOptions::kernel),
        whole("start_r", &VaeOptions::first_residual),
        {"spatio_size",
         [](VaeOptions& o, const std::string& key, const FlatValue& value) {
             const Index size = whole_number(key, value);
             if (size != 32 && size != 64) throw_option_error(key, "expected 32 or 64");
             o.bottleneck = size == 32 ? VaeBottleneck::half : VaeBottleneck::same;
         }},
        feat_dim<VaeOptions>(),
        norm<VaeOptions>(),
        {"output", [](VaeOptions& o, const std::string& key, const FlatValue& value) {
             const std::string output = text(key, value);
             if (output != "tanh" && output != "linear") {
                 throw_option_error(key, "expected tanh or linear, got \"" + output + "\"");
             }
             o.tanh_output = output == "tanh";
         }}};
    return settings;
}

const std::vector<Setting<MappingOptions>>& mapping_settings() {
    static const std::vector<Setting<MappingOptions>> settings{
        whole("base", &MappingOptions::base),
        whole("mc", &MappingOptions::max_width),
        whole("n_blocks", &MappingOptions::blocks),
        whole("dilation", &MappingOptions::dilation),
        whole("widen", &MappingOptions::widen),
        feat_dim<MappingOptions>(),
        norm<MappingOptions>()};
    return settings;
}

template <class Options>
Options with_settings(const std::string& network, const std::vector<Setting<Options>>& settings,
                      const FlatObject& options) {
    Options result;
    for (const auto& option : options) {
        const auto has_name = [&](const auto& setting) { return setting.name == option.name; };
        const auto setting = std::find_if(settings.begin(), settings.end(), has_name);
        if (setting == settings.end()) {
            std::vector<std::string> known;
            for (const auto& each : settings) known.push_back(each.name);
            throw_unknown_option(option.name, network, known);
        }
        setting->set(result, option.name, option.value);
    }
    return result;
}

/// The options that the shapes of a network's weights do not tell.
std::vector<std::string> untold_options(const std::string& name) {
    if (name == "vae_encoder") return {"norm"};
    if (name == "mapping_quality") return {"norm", "dilation"};
    return {"norm", "output"};
}

/// The options given, then those of the file's metadata that are not among them.
FlatObject options_for(const std::string& prefix, const Metadata& metadata,
                       const std::string& weights, FlatObject options) {
    const std::string name = prefix.substr(0, prefix.find_last_not_of('.') + 1);
    const std::string* stored = metadata.find(name);
    if (stored == nullptr) return options;
    for (const auto& [key, value] :
         parse_flat_object(*stored, weights + ": metadata '" + name + "'")) {
        if (!options.contains(key)) options.insert(key, value);
    }
    return options;
}

/// The arrays of one network, or of one half of it.
/// @throws WeightsError when there are none.
NamedArrays arrays_of(const Safetensors& file, const std::string& weights,
                      const std::string& prefix, const std::string& half) {
    NamedArrays arrays = with_prefix(file.tensors, prefix + half, half);
    if (!arrays.empty()) return arrays;
    std::vector<std::string> starts;
    for (const auto& [name, array] : file.tensors) {
        const std::string start = name.substr(0, name.find('.') + 1);
        if (std::find(starts.begin(), starts.end(), start) == starts.end()) {
            starts.push_back(start);
        }
    }
    throw WeightsError(weights + ": no name begins with '" + prefix + half + "'; they begin with " +
                       join(starts) + " (see --prefix)");
}

}  // namespace

const std::vector<std::string>& network_names() {
    static const std::vector<std::string> names{"vae_encoder", "vae_decoder", "vae",
                                                "mapping_quality"};
    return names;
}

bool takes_latent(const std::string& name) {
    return name == "vae_decoder" || name == "mapping_quality";
}

FlatObject parse_options(const std::vector<std::string>& pairs) {
    FlatObject options;
    for (const auto& pair : pairs) {
        const auto equals = pair.find('=');
        if (equals == std::string::npos) {
            throw_option_error("options", "expected key=value, got '" + pair + "'");
        }
        const std::string key = pair.substr(0, equals);
        if (options.contains(key)) throw_option_error("options", "'" + key + "' stands twice");
        options.insert(key, parse_value(pair.substr(equals + 1)));
    }
    return options;
}

Network make_network(const std::string& name, const FlatObject& options) {
    if (name == "mapping_quality") {
        return network_of(
            Mapping<>(with_settings(name, mapping_settings(), options), Init::zeros()));
    }
    const VaePart part = part_of(name);
    return network_of(Vae<>(with_settings(name, vae_settings(), options), Init::zeros(), part),
                      part);
}

Network load_network(const std::string& name, const std::string& weights, const std::string& prefix,
                     const FlatObject& options) {
    const auto known = untold_options(name);
    for (const auto& [key, value] : options) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            throw_unknown_option(key, name, known);
        }
    }
    const Safetensors file = read_safetensors(weights);
    const FlatObject all_options = options_for(prefix, file.metadata, weights, options);
    if (name == "mapping_quality") {
        const NamedArrays arrays = arrays_of(file, weights, prefix, "model.");
        const Mapping<> mapping(infer_mapping_options(arrays, all_options, weights), Init::zeros());
        load_state<float>(mapping, arrays, weights);
        return network_of(mapping);
    }
    const VaePart part = part_of(name);
    const std::string half = part == VaePart::encoder   ? "encoder."
                             : part == VaePart::decoder ? "decoder."
                                                        : "";
    const NamedArrays arrays = arrays_of(file, weights, prefix, half);
    const Vae<> vae(infer_vae_options(arrays, all_options, weights), Init::zeros(), part);
    load_state<float>(vae, arrays, weights);
    return network_of(vae, part);
}

}  // namespace oldphoto::program
