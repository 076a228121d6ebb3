#pragma once

#include <oldphoto/models/detector.hpp>
#include <oldphoto/models/mapping_high_resolution.hpp>
#include <oldphoto/models/mapping_scratch.hpp>
#include <oldphoto/models/vae.hpp>
#include <oldphoto/pipeline/weights.hpp>

#include "formula_weights.hpp"
#include <filesystem>
#include <string>

// The folder layout of the published download, of any width, its weights those of the formula.

namespace oldphoto::test {

/// The published widths.
struct Download {
    VaeOptions vae{};
    MappingOptions quality{};
    ScratchMappingOptions scratch{};
    HighResolutionMappingOptions high_resolution{};
    DetectorOptions detector{};
};

/// Widths for any test.
inline const Download small_download{
    .vae = {.width = 4, .max_width = 6},
    .quality = {.base = 6, .max_width = 12, .blocks = 1, .widen = 1},
    .scratch = {.mapping = {.base = 6, .max_width = 12, .blocks = 1, .widen = 1}},
    .high_resolution = {.mapping = {.base = 6, .max_width = 12, .blocks = 1, .widen = 1}},
    .detector = {.width = 2, .depth = 2}};

template <class Net>
void write_network(const std::filesystem::path& path, const Net& net, const std::string& name) {
    fill_by_formula<float>(net, name);
    NamedArrays arrays;
    save_state<float>(net, arrays, "");
    std::filesystem::create_directories(path.parent_path());
    write_safetensors(path.string(), arrays, {});
}

/// Writes safetensors under the published names; readers go by content.
inline void write_download(const std::filesystem::path& folder, const Download& o) {
    const auto checkpoints = folder / "Global" / "checkpoints";
    const auto networks = checkpoints / "restoration";
    const auto init = Init::zeros();
    const std::string vae = "latest_net_G.pth";
    const std::string mapping = "latest_net_mapping_net.pth";
    write_network(networks / "VAE_A_quality" / vae, Vae<>(o.vae, init), "vae_a");
    write_network(networks / "VAE_B_quality" / vae, Vae<>(o.vae, init), "vae_b_quality");
    write_network(networks / "VAE_B_scratch" / vae, Vae<>(o.vae, init), "vae_b_scratch");
    write_network(networks / "mapping_quality" / mapping, Mapping<>(o.quality, init),
                  "mapping_quality");
    write_network(networks / "mapping_scratch" / mapping, ScratchMapping<>(o.scratch, init),
                  "mapping_scratch");
    write_network(networks / "mapping_Patch_Attention" / mapping,
                  HighResolutionMapping<>(o.high_resolution, init), "mapping_patch_attention");
    write_network(checkpoints / "detection" / "FT_Epoch_latest.pt",
                  ScratchDetector<>(o.detector, init), "detection");
}

}  // namespace oldphoto::test
