#include <oldphoto/models/latent_discriminator.hpp>
#include <oldphoto/pipeline/infer_networks.hpp>

#include "network_options.hpp"
#include "networks.hpp"

namespace oldphoto::program {

namespace {

// Sides of what a network is given, unless it says another.
constexpr Index picture_side = 64;
constexpr Index latent_side = 16;

/// @param weights    nullptr for none.
/// @param arguments  of the network's constructor.
template <class Net, class... Arguments>
Net built(const NetworkWeights* weights, const Arguments&... arguments) {
    const Net net(arguments...);
    if (weights != nullptr) load_state<float>(net, weights->arrays, weights->file);
    return net;
}

std::vector<NetworkOutput> single(const Variable<float, 4>& y) {
    return {{"", y}};
}

Network encoder(const VaeOptions& o, const NetworkWeights* weights) {
    const auto vae = built<Vae<>>(weights, o, Init::zeros(), VaePart::encoder);
    return {[vae](const NetworkInputs& in) { return single(vae.encode(in.x)); }, o.in_channels,
            picture_side};
}

Network decoder(const VaeOptions& o, const NetworkWeights* weights) {
    const auto vae = built<Vae<>>(weights, o, Init::zeros(), VaePart::decoder);
    return {[vae](const NetworkInputs& in) { return single(vae.decode(in.x)); }, o.latent_width(),
            latent_side};
}

Network whole_vae(const VaeOptions& o, const NetworkWeights* weights) {
    const auto vae = built<Vae<>>(weights, o, Init::zeros(), VaePart::both);
    return {[vae](const NetworkInputs& in) { return single(vae(in.x)); }, o.in_channels,
            picture_side};
}

Network quality_mapping(const MappingOptions& o, const NetworkWeights* weights) {
    const auto mapping = built<Mapping<>>(weights, o, Init::zeros());
    return {[mapping](const NetworkInputs& in) { return single(mapping(in.x)); }, o.base,
            latent_side};
}

/// A network that fills the holes of a latent.
template <class Net>
Network filling(const Net& net, Index channels) {
    return {.run = [net](const NetworkInputs& in) { return single(net(in.x, in.mask.value())); },
            .channels = channels,
            .side = latent_side,
            .takes_mask = true};
}

Network scratch_mapping(const ScratchMappingOptions& o, const NetworkWeights* weights) {
    return filling(built<ScratchMapping<>>(weights, o, Init::zeros()), o.mapping.base);
}

Network high_resolution_mapping(const HighResolutionOptions& o, const NetworkWeights* weights) {
    auto mapping = built<HighResolutionMapping<>>(weights, o, Init::zeros());
    mapping.set_training(o.training_path);
    return filling(mapping, o.mapping.base);
}

Network nonlocal(const PartialNonlocalLayerOptions& o, const NetworkWeights* weights) {
    return filling(built<PartialNonlocal<>>(weights, o, Init::zeros()), o.channels);
}

Network detector(const DetectorOptions& o, const NetworkWeights* weights) {
    const auto net = built<ScratchDetector<>>(weights, o, Init::zeros());
    return {[net](const NetworkInputs& in) { return single(net(in.x)); }, o.in_channels,
            picture_side};
}

void add_layers(std::vector<NetworkOutput>& outputs, std::size_t scale,
                const DiscriminatorFeatures<float>& layers) {
    for (std::size_t j = 0; j < layers.size(); ++j) {
        outputs.push_back(
            {"scale" + std::to_string(scale) + ".layer" + std::to_string(j), layers[j]});
    }
}

Network patch_discriminator(const PatchDiscriminatorOptions& o, const NetworkWeights* weights) {
    const auto net = built<PatchDiscriminator<>>(weights, o, Init::zeros());
    const auto run = [net](const NetworkInputs& in) {
        const auto scales = net(in.x);
        std::vector<NetworkOutput> outputs;
        for (std::size_t i = 0; i < scales.size(); ++i) add_layers(outputs, i, scales[i]);
        return outputs;
    };
    return {run, o.in_channels, picture_side};
}

Network latent_discriminator(const PatchDiscriminatorOptions& o, const NetworkWeights* weights) {
    const auto net = built<LatentDiscriminator<>>(weights, o, Init::zeros());
    const auto run = [net](const NetworkInputs& in) {
        std::vector<NetworkOutput> outputs;
        add_layers(outputs, 0, net(in.x));
        return outputs;
    };
    return {run, o.in_channels, latent_side};
}

Network vgg19(const Vgg19Options& o, const NetworkWeights* weights) {
    const auto net = built<Vgg19Features<>>(weights, o, Init::zeros());
    const auto run = [net](const NetworkInputs& in) {
        std::vector<NetworkOutput> outputs;
        for (const auto& slice : net(in.x)) {
            outputs.push_back({"slice" + std::to_string(outputs.size()), slice});
        }
        return outputs;
    };
    return {run, o.in_channels, picture_side};
}

Network face_generator(const FaceGeneratorOptions& o, const NetworkWeights* weights) {
    const auto net = built<FaceGenerator<>>(weights, o, Init::zeros());
    return {.run = [net](const NetworkInputs& in) { return single(net(in.x, in.parsing)); },
            .channels = o.channels,
            .side = o.size,
            .labels = o.labels};
}

/// For networks whose shapes tell all.
template <class Options, Options (*infer)(const NamedArrays&, const std::string&)>
Options by_shapes(const NamedArrays& arrays, const FlatObject&, const std::string& file) {
    return infer(arrays, file);
}

HighResolutionOptions infer_high_resolution(const NamedArrays& arrays, const FlatObject& options,
                                            const std::string& file) {
    return {infer_high_resolution_mapping_options(arrays, options, file), training_path(options)};
}

PatchDiscriminatorOptions infer_latent_discriminator(const NamedArrays& arrays, const FlatObject&,
                                                     const std::string& file) {
    const auto o = infer_discriminator_options(arrays, file);
    if (o.scales != 1) {
        throw WeightsError(file + ": holds a discriminator of " + std::to_string(o.scales) +
                           " scales; a latent discriminator has one");
    }
    return o;
}

NamedArrays all(const NamedArrays& arrays) {
    return arrays;
}
NamedArrays encoder_half(const NamedArrays& arrays) {
    return with_prefix(arrays, "encoder.", "encoder.");
}
NamedArrays decoder_half(const NamedArrays& arrays) {
    return with_prefix(arrays, "decoder.", "decoder.");
}

/// What all kinds are described by; see NetworkKind.
struct Description {
    std::string name;
    std::string start;
    std::vector<std::string> untold_options{};
    bool several_outputs = false;
    NamedArrays (*part)(const NamedArrays&) = all;
};

/// @param published  its published options.
/// @param infer      its options from a file.
/// @param build      makes one of options and weights, of which there are none for nullptr.
template <class Options>
NetworkKind kind(const Description& d, const Options& published,
                 Options (*infer)(const NamedArrays&, const FlatObject&, const std::string& file),
                 Network (*build)(const Options&, const NetworkWeights*)) {
    return {d.name,
            d.start,
            d.untold_options,
            d.several_outputs,
            d.part,
            [=, name = d.name](const FlatObject& options) {
                return build(with_options(published, name, options), nullptr);
            },
            [=](const NetworkWeights& weights, const FlatObject& options) {
                return build(infer(weights.arrays, options, weights.file), &weights);
            }};
}

}  // namespace

const std::vector<NetworkKind>& network_kinds() {
    using Names = std::vector<std::string>;
    const Names mapping{"norm", "dilation"};
    const Names attention{"temperature", "cosine", "renormalize", "use_self"};
    const auto joined = [](Names names, const Names& more) {
        names.insert(names.end(), more.begin(), more.end());
        return names;
    };
    const Names patches{"patch_1", "patch_2", "patch_3", "hole_share", "path"};
    static const std::vector<NetworkKind> kinds{
        kind({"vae_encoder", "encoder.", {"norm"}, false, encoder_half}, VaeOptions{},
             infer_vae_options, encoder),
        kind({"vae_decoder", "decoder.", {"norm", "output"}, false, decoder_half}, VaeOptions{},
             infer_vae_options, decoder),
        kind({"vae", "encoder.", {"norm", "output"}}, VaeOptions{}, infer_vae_options, whole_vae),
        kind({"mapping_quality", "model.", mapping}, MappingOptions{}, infer_mapping_options,
             quality_mapping),
        kind({"mapping_scratch", "before_NL.", joined(mapping, attention)}, ScratchMappingOptions{},
             infer_scratch_mapping_options, scratch_mapping),
        kind({"mapping_high_resolution", "before_NL.", joined(mapping, patches)},
             HighResolutionOptions{}, infer_high_resolution, high_resolution_mapping),
        kind({"partial_nonlocal", "g.", joined({"norm"}, attention)},
             ScratchMappingOptions{}.nonlocal(), infer_partial_nonlocal_options, nonlocal),
        kind({"detector", "first."}, DetectorOptions{},
             by_shapes<DetectorOptions, infer_detector_options>, detector),
        kind({"patch_discriminator", "scale0_layer0.", {}, true}, PatchDiscriminatorOptions{},
             by_shapes<PatchDiscriminatorOptions, infer_discriminator_options>,
             patch_discriminator),
        kind({"latent_discriminator", "scale0_layer0.", {}, true}, latent_discriminator_options(),
             infer_latent_discriminator, latent_discriminator),
        kind({"vgg19", "features.", {}, true, without_vgg19_classifier}, Vgg19Options{},
             by_shapes<Vgg19Options, infer_vgg19_options>, vgg19),
        kind({"face_generator", "fc.", {"size"}}, FaceGeneratorOptions{},
             infer_face_generator_options, face_generator)};
    return kinds;
}

}  // namespace oldphoto::program
