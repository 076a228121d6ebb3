#pragma once

#include <oldphoto/io/weights_file.hpp>
#include <oldphoto/pipeline/weights.hpp>

#include <filesystem>
#include <string>

/// The folder layout of the published download, each of whose networks has a file of its own:
///
///     Global/checkpoints/restoration/VAE_A_quality/latest_net_G.pth
///                                    VAE_B_quality/latest_net_G.pth
///                                    VAE_B_scratch/latest_net_G.pth
///                                    mapping_quality/latest_net_mapping_net.pth
///                                    mapping_scratch/latest_net_mapping_net.pth
///                                    mapping_Patch_Attention/latest_net_mapping_net.pth
///     Global/checkpoints/detection/FT_Epoch_latest.pt
///
/// Needs libzip, as io/pytorch.hpp does.
namespace oldphoto {

/// What a model is to restore.
enum class ModelKind {
    quality,          ///< photos without scratches
    scratch,          ///< photos with scratches
    high_resolution,  ///< photos with scratches, of high resolution
};

namespace detail {

/// The folder with "restoration" and "detection" in it, wherever in the download `path` points.
[[nodiscard]] inline std::filesystem::path checkpoints_folder(const std::filesystem::path& path) {
    for (const char* inner : {"Global/checkpoints", "checkpoints"}) {
        if (std::filesystem::is_directory(path / inner / "restoration")) return path / inner;
    }
    return path;
}

/// Adds what a network's file has under `half`, names begun anew with `prefix`.
inline void add_network(NamedArrays& model, const std::filesystem::path& path,
                        std::string_view half, std::string_view prefix) {
    const auto network = read_weights(path.string());
    const auto part = with_prefix(network.tensors, half, prefix);
    if (part.empty()) throw_no_part(path.string(), half, network.tensors);
    for (const auto& [name, array] : part) model.insert(name, array);
}

}  // namespace detail

/// A model as load_translation() takes it.
/// @param path  a file, safetensors or a PyTorch checkpoint; or the folder of the published
/// download
///              or the "checkpoints" folder within, whose networks for photos of that kind are
///              read.
/// @throws IoError when a file is missing or damaged, WeightsError when one is of another network
[[nodiscard]] inline Safetensors read_model(const std::string& path, ModelKind kind) {
    if (!std::filesystem::is_directory(path)) return read_weights(path);
    const auto networks = detail::checkpoints_folder(path) / "restoration";
    const bool quality = kind == ModelKind::quality;
    const char* const mapping = quality                      ? "mapping_quality"
                                : kind == ModelKind::scratch ? "mapping_scratch"
                                                             : "mapping_Patch_Attention";
    const char* const vae_b = quality ? "VAE_B_quality" : "VAE_B_scratch";
    Safetensors model;
    detail::add_network(model.tensors, networks / "VAE_A_quality/latest_net_G.pth", "encoder.",
                        "vae_a.encoder.");
    detail::add_network(model.tensors, networks / mapping / "latest_net_mapping_net.pth", "",
                        "mapping.");
    detail::add_network(model.tensors, networks / vae_b / "latest_net_G.pth", "decoder.",
                        "vae_b.decoder.");
    return model;
}

/// The file of the detector in the folder of the published download, or in the "checkpoints" folder
/// within; whether it is there shows when it is read.
[[nodiscard]] inline std::string official_detector_path(const std::string& folder) {
    return (detail::checkpoints_folder(folder) / "detection" / "FT_Epoch_latest.pt").string();
}

}  // namespace oldphoto
