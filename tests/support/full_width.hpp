#pragma once

#include <oldphoto/pipeline/official_networks.hpp>

#include "fixtures.hpp"
#include "formula_weights.hpp"
#include <cmath>
#include <string>
#include <vector>

// The published networks at their full width, their weights those of the formula, and what the
// fixtures have of them.

namespace oldphoto::test {

/// Every fourth row and column.
inline Tensor<float, 4> every_fourth(const Tensor<float, 4>& x) {
    return x.slice(2, 0, x.dim(2), 4).slice(3, 0, x.dim(3), 4);
}

/// "quality_output" -> the numbers of full/quality_output.npy
inline std::vector<float> stored_full(const std::string& name) {
    return read_npy(fixture_path("full/" + name + ".npy")).values<float>();
}

inline double mean_absolute_error(const std::vector<float>& a, const std::vector<float>& b) {
    double total = 0;
    for (std::size_t i = 0; i < a.size(); ++i) total += std::abs(double(a[i]) - double(b[i]));
    return total / static_cast<double>(a.size());
}

/// Networks with the weights of their published names.
template <class Networks>
Networks filled(const Networks& networks, const std::string& mapping, const std::string& vae_b) {
    fill_by_formula<float>(networks.vae_a(), "vae_a");
    fill_by_formula<float>(networks.mapping(), mapping);
    fill_by_formula<float>(networks.vae_b(), vae_b);
    return networks;
}

inline TripletTranslation<> full_quality() {
    return filled(official_quality(), "mapping_quality", "vae_b_quality");
}
inline auto full_scratch() {
    return filled(official_scratch(), "mapping_scratch", "vae_b_scratch");
}
inline auto full_high_resolution() {
    return filled(official_high_resolution(), "mapping_patch_attention", "vae_b_scratch");
}
inline ScratchDetector<> full_detector() {
    const auto detector = official_detector();
    fill_by_formula<float>(detector, "detection");
    return detector;
}

}  // namespace oldphoto::test
