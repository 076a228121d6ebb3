#pragma once

#include <oldphoto/pipeline/infer_options.hpp>

#include "shared.hpp"
#include <fstream>
#include <string>
#include <vector>

// Networks of the fixtures.

namespace oldphoto::test {

inline std::string checkpoint_path(const std::string& name) {
    return fixture_path("ckpt/" + name + ".safetensors");
}

/// The VAE of a checkpoint, its options read off the shapes.
template <class T = float>
Vae<T> load_vae(const std::string& name) {
    const auto path = checkpoint_path(name);
    const auto arrays = read_safetensors(path).tensors;
    const Vae<T> vae(infer_vae_options(arrays, {}, path), Init::zeros());
    load_state<T>(vae, arrays, path);
    return vae;
}

/// The quality mapping of a checkpoint.
template <class T = float>
Mapping<T> load_mapping(const std::string& name, const FlatObject& metadata = {}) {
    const auto path = checkpoint_path(name);
    const auto arrays = read_safetensors(path).tensors;
    const Mapping<T> mapping(infer_mapping_options(arrays, metadata, path), Init::zeros());
    load_state<T>(mapping, arrays, path);
    return mapping;
}

/// "encoder.1.weight 64x3x7x7" for each entry of a published state dict.
inline std::vector<std::string> published_lines(const std::string& network) {
    std::ifstream file(fixture_path("reference_keys/" + network + ".txt"));
    std::vector<std::string> lines;
    std::string name;
    std::string shape;
    std::string type;
    while (file >> name >> shape >> type) {
        lines.push_back(name + " " + (shape == "scalar" ? "" : shape));
    }
    return lines;
}

}  // namespace oldphoto::test
