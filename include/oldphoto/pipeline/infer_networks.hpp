#pragma once

#include <oldphoto/io/array.hpp>
#include <oldphoto/models/detector.hpp>
#include <oldphoto/models/patch_discriminator.hpp>
#include <oldphoto/models/vgg19.hpp>
#include <oldphoto/pipeline/infer_options.hpp>
#include <oldphoto/pipeline/weights.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

/// The options of the networks beside VAE and mapping, from the shapes of a state, which tell them
/// all. Widths are held against the largest weights before they are believed, so that nothing is
/// built which the file does not back with numbers. All errors name the file.
namespace oldphoto {

namespace detail {

/// A convolution's weight.
/// @param network  "a scratch detector", for the message.
/// @throws WeightsError when it is missing, not of a convolution or without elements.
inline const Array& convolution_weight(const NamedArrays& arrays, const std::string& name,
                                       const std::string& network, const std::string& file) {
    const Array* weight = arrays.find(name);
    if (weight == nullptr) {
        throw_weights_error(
            file, "these are not the weights of " + network + ", which has " + quote_json(name));
    }
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
        return detail::convolution_weight(arrays, name, "a scratch detector", file);
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
        return detail::convolution_weight(arrays, name_of(scale, layer), "a discriminator", file);
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
        return detail::convolution_weight(arrays, name, "VGG-19", file);
    };
    const auto& first = weight("features.0.weight").dims();
    const Vgg19Options o{.in_channels = first[1], .width = first[0]};
    const std::string last = "features.28.weight";
    detail::check_weight(file, last, weight(last), {o.width_at(4), o.width_at(4), 3, 3});
    return detail::checked_options(o, file);
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
