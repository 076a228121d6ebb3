#pragma once

#include <oldphoto/ops/patch_attention.hpp>

#include "npz.hpp"
#include <cstddef>
#include <cstdint>
#include <vector>

// Which patches fixtures have for holes, and which they have in the place of which.

namespace oldphoto::test {

/// The patches that are holes, and those that are not, as a fixture has them.
struct StoredPatches {
    std::vector<Index> holes;
    std::vector<Index> clean;
};
inline StoredPatches stored_patches(const Array& hole, std::size_t sample) {
    const auto flags = hole.values<std::uint8_t>();
    const auto count = static_cast<std::size_t>(hole.dims[1]);
    StoredPatches patches;
    for (std::size_t k = 0; k < count; ++k) {
        const bool is_hole = flags[sample * count + k] != 0;
        (is_hole ? patches.holes : patches.clean).push_back(static_cast<Index>(k));
    }
    return patches;
}

/// What the indices of a fixture mean: in training numbers of patches, on the inference path
/// positions among the clean patches, one for each hole patch.
inline PatchSources stored_sources(const Array& hole, const Array& index, bool training) {
    const auto numbers = index.values<std::int64_t>();
    const auto count = static_cast<std::size_t>(index.dims[1]);
    PatchSources sources;
    if (count == 0) return sources;
    for (std::size_t n = 0; n < static_cast<std::size_t>(index.dims[0]); ++n) {
        const auto [holes, clean] = stored_patches(hole, training ? n : 0);
        auto& source = sources.emplace_back(static_cast<std::size_t>(hole.dims[1]));
        for (std::size_t k = 0; k < source.size(); ++k) source[k] = static_cast<Index>(k);
        for (std::size_t i = 0; i < count; ++i) {
            const auto found = static_cast<Index>(numbers[n * count + i]);
            if (training) {
                source[i] = found;
            } else {
                source[static_cast<std::size_t>(holes[i])] = clean[static_cast<std::size_t>(found)];
            }
        }
    }
    return sources;
}

}  // namespace oldphoto::test
