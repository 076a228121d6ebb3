#pragma once

#include <oldphoto/io/pytorch.hpp>
#include <oldphoto/models/latent_discriminator.hpp>
#include <oldphoto/pipeline/infer_networks.hpp>

#include "shared.hpp"
#include <string>

// Networks of the fixtures whose checkpoints come in several containers.

namespace oldphoto::test {

/// The state dict of a file, read as its name tells.
inline NamedArrays read_state(const std::string& path) {
    return path.ends_with(".safetensors") ? read_safetensors(path).tensors : read_pytorch(path);
}

/// "detection.safetensors" -> its state dict.
inline NamedArrays checkpoint_state(const std::string& name) {
    return read_state(fixture_path("ckpt/" + name));
}

/// The detector of a checkpoint, its options read off the shapes.
inline ScratchDetector<> load_detector(const std::string& name) {
    const auto arrays = checkpoint_state(name);
    const ScratchDetector<> detector(infer_detector_options(arrays, name), Init::zeros());
    load_state<float>(detector, arrays, name);
    return detector;
}

/// The PatchDiscriminator<> or LatentDiscriminator<> of a checkpoint.
template <class Net>
Net load_discriminator(const std::string& name) {
    const auto arrays = checkpoint_state(name);
    const Net net(infer_discriminator_options(arrays, name), Init::zeros());
    load_state<float>(net, arrays, name);
    return net;
}

/// The mapping with a partial nonlocal block of a checkpoint.
inline ScratchMapping<> load_scratch_mapping(const std::string& name) {
    const auto arrays = checkpoint_state(name);
    const ScratchMapping<> mapping(infer_scratch_mapping_options(arrays, {}, name), Init::zeros());
    load_state<float>(mapping, arrays, name);
    return mapping;
}

/// The mapping with patch attention of a checkpoint.
inline HighResolutionMapping<> load_high_resolution_mapping(const std::string& name) {
    const auto arrays = checkpoint_state(name);
    const HighResolutionMapping<> mapping(infer_high_resolution_mapping_options(arrays, {}, name),
                                          Init::zeros());
    load_state<float>(mapping, arrays, name);
    return mapping;
}

/// The face generator of a checkpoint, for faces of size x size.
inline FaceGenerator<> load_face_generator(const std::string& name, Index size) {
    const auto arrays = checkpoint_state(name);
    auto options = infer_face_generator_options(arrays, {}, name);
    options.size = size;
    const FaceGenerator<> generator(options, Init::zeros());
    load_state<float>(generator, arrays, name);
    return generator;
}

}  // namespace oldphoto::test
