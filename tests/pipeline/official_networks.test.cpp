#include <oldphoto/pipeline/official_networks.hpp>

#include <catch2/catch.hpp>

#include "../support/networks.hpp"
#include "../support/state.hpp"

using namespace oldphoto;

namespace {

/// The entries of a published state under one of its two halves.
std::vector<std::string> half(const std::string& network, const std::string& prefix) {
    auto lines = test::published_lines(network);
    std::erase_if(lines, [&](const std::string& line) { return !line.starts_with(prefix); });
    return lines;
}

template <class Networks>
void check_translation(const Networks& networks, const std::string& mapping, Index parameters) {
    INFO(mapping);
    CHECK(test::state_lines<float>(networks.vae_a()) == half("vae", "encoder."));
    CHECK(test::state_lines<float>(networks.mapping()) == test::published_lines(mapping));
    CHECK(test::state_lines<float>(networks.vae_b()) == half("vae", "decoder."));
    CHECK(count_parameters<float>(networks.mapping()) == parameters);
    CHECK(networks.tone().kind == ToneKind::free);
}

}  // namespace

TEST_CASE("the official networks have the names and shapes of the released weights",
          "[pipeline][official]") {
    check_translation(official_quality(), "mapping_quality", 36135232);
    check_translation(official_scratch(), "mapping_scratch", 51344704);
    check_translation(official_high_resolution(), "mapping_patch_attention", 73904448);
    const auto detector = official_detector();
    CHECK(test::state_lines<float>(detector) == test::published_lines("detection_model_state"));
    CHECK(count_parameters<float>(detector) == 37626177);
    for (const Index size : {256, 512}) {
        const auto generator = size == 256 ? official_face_256() : official_face_512();
        CHECK(generator.options().size == size);
        CHECK(test::state_lines<float>(generator) == test::published_lines("face_spade_256"));
        CHECK(count_parameters<float>(generator) == 92059587);
    }
}

TEST_CASE("official networks begin with zeros, or as they are told", "[pipeline][official]") {
    const auto first = [](const auto& networks) {
        return state_of<float>(networks.vae_a())[0].variable.value().to_values();
    };
    for (const float weight : first(official_quality())) CHECK(weight == 0);
    Rng rng(1);
    CHECK(first(official_quality(rng))[0] != 0);
}
