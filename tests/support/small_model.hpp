#pragma once

#include <oldphoto/models/mapping.hpp>
#include <oldphoto/models/vae.hpp>
#include <oldphoto/pipeline/weights.hpp>

#include <string>
#include <utility>

// A model of random weights that is small enough for any test.

namespace oldphoto::test {

/// What a model file holds.
struct SmallModel {
    VaeOptions vae{.width = 4, .max_width = 6};
    MappingOptions mapping{.base = 6, .max_width = 12, .blocks = 1, .widen = 1};
    Metadata metadata;

    SmallModel() {
        metadata.insert("vae_b", R"({"output": "linear"})");
        metadata.insert("tone", R"({"kind": "carried", "eps": 0.0001})");
    }

    /// All its arrays, both halves of the VAEs among them.
    [[nodiscard]] NamedArrays arrays() const {
        Rng rng(1);
        NamedArrays arrays;
        save_state<float>(Vae<>(vae, rng), arrays, "vae_a.");
        save_state<float>(Mapping<>(mapping, rng), arrays, "mapping.");
        save_state<float>(Vae<>(vae, rng), arrays, "vae_b.");
        return arrays;
    }
    void write(const std::string& path) const { write_safetensors(path, arrays(), metadata); }
};

}  // namespace oldphoto::test
