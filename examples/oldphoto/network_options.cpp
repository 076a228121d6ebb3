#include "network_options.hpp"

#include "text.hpp"
#include <algorithm>
#include <functional>

namespace oldphoto::program {

namespace {

/// An option of a network under its published name.
template <class Options>
struct Setting {
    std::string name;
    std::function<void(Options&, const std::string& name, const FlatValue&)> set;
};

template <class Options>
using Settings = std::vector<Setting<Options>>;

double number(const std::string& name, const FlatValue& value) {
    if (const double* stored = value.as_number()) return *stored;
    throw_option_error(name, "expected a number");
}

Index whole_number(const std::string& name, const FlatValue& value) {
    const double* stored = value.as_number();
    constexpr double largest = 1 << 20;
    if (stored == nullptr || *stored < -1 || *stored > largest ||
        *stored != static_cast<double>(static_cast<Index>(*stored))) {
        throw_option_error(name, "expected a whole number");
    }
    return static_cast<Index>(*stored);
}

/// The place among `words` of the one that is given.
std::size_t choice(const std::string& name, const FlatValue& value,
                   const std::vector<std::string>& words) {
    const std::string* stored = value.as_text();
    const auto found = std::find(words.begin(), words.end(), stored == nullptr ? "" : *stored);
    if (found == words.end()) throw_option_error(name, "expected one of " + join(words));
    return static_cast<std::size_t>(found - words.begin());
}

template <class Options>
Setting<Options> whole(const std::string& name, Index Options::*member) {
    return {name, [member](Options& o, const std::string& key, const FlatValue& value) {
                o.*member = whole_number(key, value);
            }};
}

template <class Options>
Setting<Options> real(const std::string& name, double Options::*member) {
    return {name, [member](Options& o, const std::string& key, const FlatValue& value) {
                o.*member = number(key, value);
            }};
}

/// 0 or 1.
template <class Options>
Setting<Options> flag(const std::string& name, bool Options::*member) {
    return {name, [member](Options& o, const std::string& key, const FlatValue& value) {
                const Index given = whole_number(key, value);
                if (given != 0 && given != 1) throw_option_error(key, "expected 0 or 1");
                o.*member = given == 1;
            }};
}

/// A 1 x 1 convolution to so many channels; -1 is the published word for none.
template <class Options>
Setting<Options> feat_dim() {
    return {"feat_dim", [](Options& o, const std::string& key, const FlatValue& value) {
                o.latent_channels = std::max(whole_number(key, value), Index{0});
            }};
}

template <class Options>
Setting<Options> norm() {
    return {
        "norm", [](Options& o, const std::string& key, const FlatValue& value) {
            constexpr NormKind kinds[] = {NormKind::instance, NormKind::affine_instance,
                                          NormKind::batch, NormKind::none};
            o.norm = kinds[choice(key, value, {"instance", "affine_instance", "batch", "none"})];
        }};
}

/// The settings of a part of the options.
template <class Options, class Outer, class Part>
void add_settings_of(Settings<Options>& settings, Part Outer::*part,
                     const Settings<Part>& part_settings) {
    for (const auto& [name, set] : part_settings) {
        settings.push_back(
            {name, [part, set = set](Options& o, const std::string& key, const FlatValue& value) {
                 set(o.*part, key, value);
             }});
    }
}

template <class Options>
Options with_settings(Options o, const std::string& network, const Settings<Options>& settings,
                      const FlatObject& given) {
    for (const auto& [name, value] : given) {
        const auto has_name = [&name = name](const auto& each) { return each.name == name; };
        const auto setting = std::find_if(settings.begin(), settings.end(), has_name);
        if (setting == settings.end()) {
            std::vector<std::string> known;
            for (const auto& each : settings) known.push_back(each.name);
            throw_unknown_option(name, network, known);
        }
        setting->set(o, name, value);
    }
    return o;
}

Settings<MappingOptions> mapping_settings() {
    return {whole("base", &MappingOptions::base),
            whole("mc", &MappingOptions::max_width),
            whole("n_blocks", &MappingOptions::blocks),
            whole("dilation", &MappingOptions::dilation),
            whole("widen", &MappingOptions::widen),
            feat_dim<MappingOptions>(),
            norm<MappingOptions>()};
}

Settings<PartialNonlocalOptions> attention_settings() {
    return {real("temperature", &PartialNonlocalOptions::temperature),
            flag("cosine", &PartialNonlocalOptions::cosine),
            flag("renormalize", &PartialNonlocalOptions::renormalize),
            flag("use_self", &PartialNonlocalOptions::use_self)};
}

}  // namespace

VaeOptions with_options(VaeOptions o, const std::string& network, const FlatObject& given) {
    const Settings<VaeOptions> settings{
        whole("ngf", &VaeOptions::width),
        whole("mc", &VaeOptions::max_width),
        whole("n_downsample", &VaeOptions::stages),
        whole("k", &VaeOptions::kernel),
        whole("start_r", &VaeOptions::first_residual),
        {"spatio_size",
         [](VaeOptions& vae, const std::string& key, const FlatValue& value) {
             const Index size = whole_number(key, value);
             if (size != 32 && size != 64) throw_option_error(key, "expected 32 or 64");
             vae.bottleneck = size == 32 ? VaeBottleneck::half : VaeBottleneck::same;
         }},
        feat_dim<VaeOptions>(),
        norm<VaeOptions>(),
        {"output", [](VaeOptions& vae, const std::string& key, const FlatValue& value) {
             vae.tanh_output = choice(key, value, {"tanh", "linear"}) == 0;
         }}};
    return with_settings(o, network, settings, given);
}

MappingOptions with_options(MappingOptions o, const std::string& network, const FlatObject& given) {
    return with_settings(o, network, mapping_settings(), given);
}

ScratchMappingOptions with_options(ScratchMappingOptions o, const std::string& network,
                                   const FlatObject& given) {
    using Options = ScratchMappingOptions;
    Settings<Options> settings{whole("global_blocks", &Options::global_blocks),
                               whole("local_blocks", &Options::local_blocks)};
    add_settings_of(settings, &Options::mapping, mapping_settings());
    add_settings_of(settings, &Options::attention, attention_settings());
    return with_settings(o, network, settings, given);
}

HighResolutionOptions with_options(HighResolutionOptions o, const std::string& network,
                                   const FlatObject& given) {
    using Options = HighResolutionOptions;
    Settings<Options> settings;
    add_settings_of(settings, &Options::mapping, mapping_settings());
    for (std::size_t k = 0; k < o.patches.size(); ++k) {
        settings.push_back({"patch_" + std::to_string(k + 1),
                            [k](Options& each, const std::string& key, const FlatValue& value) {
                                each.patches[k] = whole_number(key, value);
                            }});
    }
    settings.push_back(real<Options>("hole_share", &Options::hole_share));
    settings.push_back({"path", [&](Options& each, const std::string&, const FlatValue&) {
                            each.training_path = training_path(given);
                        }});
    return with_settings(o, network, settings, given);
}

PartialNonlocalLayerOptions with_options(PartialNonlocalLayerOptions o, const std::string& network,
                                         const FlatObject& given) {
    using Options = PartialNonlocalLayerOptions;
    Settings<Options> settings{whole("channels", &Options::channels),
                               whole("inner_channels", &Options::inner_channels),
                               whole("blocks", &Options::blocks),
                               whole("local_blocks", &Options::local_blocks), norm<Options>()};
    add_settings_of(settings, &Options::attention, attention_settings());
    return with_settings(o, network, settings, given);
}

DetectorOptions with_options(DetectorOptions o, const std::string& network,
                             const FlatObject& given) {
    const Settings<DetectorOptions> settings{
        whole("in_channels", &DetectorOptions::in_channels),
        whole("out_channels", &DetectorOptions::out_channels),
        whole("depth", &DetectorOptions::depth),
        {"wf", [](DetectorOptions& detector, const std::string& key, const FlatValue& value) {
             const Index exponent = whole_number(key, value);
             if (exponent < 0 || exponent > 15) throw_option_error(key, "expected 0 to 15");
             detector.width = Index{1} << exponent;
         }}};
    return with_settings(o, network, settings, given);
}

PatchDiscriminatorOptions with_options(PatchDiscriminatorOptions o, const std::string& network,
                                       const FlatObject& given) {
    using Options = PatchDiscriminatorOptions;
    const Settings<Options> settings{
        whole("input_nc", &Options::in_channels), whole("ndf", &Options::width),
        whole("n_layers", &Options::layers), whole("num_D", &Options::scales),
        flag("spectral_norm", &Options::spectral_norm)};
    return with_settings(o, network, settings, given);
}

Vgg19Options with_options(Vgg19Options o, const std::string& network, const FlatObject& given) {
    const Settings<Vgg19Options> settings{whole("in_channels", &Vgg19Options::in_channels),
                                          whole("width", &Vgg19Options::width)};
    return with_settings(o, network, settings, given);
}

FaceGeneratorOptions with_options(FaceGeneratorOptions o, const std::string& network,
                                  const FlatObject& given) {
    using Options = FaceGeneratorOptions;
    const Settings<Options> settings{whole("size", &Options::size), whole("ngf", &Options::width),
                                     whole("hidden", &Options::hidden),
                                     whole("labels", &Options::labels)};
    return with_settings(o, network, settings, given);
}

bool training_path(const FlatObject& given) {
    const FlatValue* path = given.find("path");
    return path != nullptr && choice("path", *path, {"inference", "training"}) == 1;
}

void throw_unknown_option(const std::string& option, const std::string& network,
                          const std::vector<std::string>& known) {
    throw_option_error("options", "'" + option + "' is not an option of " + network +
                                      " here; known: " + (known.empty() ? "none" : join(known)));
}

}  // namespace oldphoto::program
