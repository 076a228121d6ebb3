#include <oldphoto/pipeline/hole_restorers.hpp>
#include <oldphoto/pipeline/model_file.hpp>

#include <catch2/catch.hpp>

#include "../support/arrays.hpp"
#include "../support/files.hpp"
#include "../support/pictures.hpp"
#include "../support/small_model.hpp"
#include "../support/threads.hpp"

using namespace oldphoto;

namespace {

constexpr const char* carried_tone = R"({"kind": "carried", "eps": 0.0001})";

const ScratchMappingOptions scratch_options{
    .mapping = {.base = 6, .max_width = 12, .blocks = 1, .widen = 1}, .global_blocks = 1};
const HighResolutionMappingOptions high_resolution_options{
    .mapping = {.base = 6, .max_width = 12, .blocks = 1, .widen = 1}, .patches = {4, 2, 2}};

/// A small model with the mapping of type Map.
template <class Map, class Options>
Safetensors model_with(const Options& options, const std::string& tone = "") {
    Rng rng(1);
    Safetensors model;
    const test::SmallModel small;
    save_state<float>(Vae<>(small.vae, rng), model.tensors, "vae_a.");
    save_state<float>(Map(options, rng), model.tensors, "mapping.");
    save_state<float>(Vae<>(small.vae, rng), model.tensors, "vae_b.");
    if (!tone.empty()) model.metadata.insert("tone", tone);
    return model;
}

ScratchRestorer<> scratch_restorer(const std::string& tone = "") {
    return ScratchRestorer<>::load(model_with<ScratchMapping<>>(scratch_options, tone), "m");
}

/// A mask with holes in a column of the photo and in a corner.
Image some_holes(Size size) {
    Image mask = test::flat(size, 1, 0);
    for (Index y = 0; y < size.height; ++y) {
        mask.samples()[static_cast<std::size_t>(y * size.width + size.width / 2)] = 255;
    }
    mask.samples()[0] = 255;
    return mask;
}

}  // namespace

TEMPLATE_TEST_CASE("a photo with holes is restored at its size, with its channels and alpha",
                   "[pipeline][holes]", ScratchMapping<>, HighResolutionMapping<>) {
    for (const std::string tone : {"", carried_tone}) {
        const auto restorer = [&] {
            if constexpr (std::is_same_v<TestType, ScratchMapping<>>) {
                return scratch_restorer(tone);
            } else {
                return HighResolutionRestorer<>::load(
                    model_with<TestType>(high_resolution_options, tone), "m");
            }
        }();
        for (const Size size : {Size{3, 2}, Size{7, 30}, Size{41, 22}, Size{32, 32}}) {
            INFO(to_string(size));
            for (const Index channels : {1, 3}) {
                Image photo = test::pattern(size, channels);
                const auto alpha = test::samples_of(test::pattern(size, 1));
                photo.set_alpha(alpha);
                const Image restored = restorer(photo, some_holes(size)).photo;
                CHECK(restored.size() == size);
                CHECK(restored.channels() == channels);
                CHECK(test::alpha_of(restored) == alpha);
            }
        }
    }
}

TEST_CASE("what a hole shows leaves no trace in the restored photo", "[pipeline][holes]") {
    const Size size{24, 20};
    const Image mask = some_holes(size);
    const Image photo = test::pattern(size, 3);
    Image other = photo;
    for (std::size_t i = 0; i < other.samples().size(); ++i) {
        if (mask.samples()[i / 3] == 255) other.samples()[i] = static_cast<std::uint8_t>(i % 7);
    }
    REQUIRE_FALSE(other == photo);
    for (const std::string tone : {"", carried_tone}) {
        const auto restorer = scratch_restorer(tone);
        CHECK(restorer(photo, mask).photo == restorer(other, mask).photo);
        CHECK_FALSE(restorer(photo, mask).photo == restorer(photo, grown(mask, 1)).photo);
    }
}

TEST_CASE("pixels outside the mask are kept on request, and those within restored",
          "[pipeline][holes]") {
    const Size size{24, 20};
    const Image mask = some_holes(size);
    for (const Index channels : {1, 3}) {
        const Image photo = test::pattern(size, channels);
        const auto restorer = scratch_restorer(carried_tone);
        const Image all = restorer(photo, mask).photo;
        const Image kept = restorer(photo, mask, {.keep_outside_mask = true}).photo;
        CHECK(kept == combined(all, photo, mask));
        CHECK_FALSE(kept == photo);
        CHECK_FALSE(kept == all);
    }
}

TEST_CASE("restoring holes has the same bits with any number of threads",
          "[pipeline][determinism]") {
    const auto restorer = scratch_restorer(carried_tone);
    const Image photo = test::pattern({73, 58}, 3);
    const Image mask = some_holes(photo.size());
    CHECK(
        test::same_for_any_threads([&] { return test::samples_of(restorer(photo, mask).photo); }));
}

TEST_CASE("a mask that fits no photo is refused", "[pipeline][holes][error]") {
    const auto restorer = scratch_restorer();
    const Image photo = test::pattern({16, 12}, 3);
    CHECK_THROWS_WITH(restorer(photo, test::flat({12, 16}, 1, 0)),
                      "restore: the mask must have the photo's size and one channel\n"
                      "  photo (H, W, C) = (12, 16, 3)\n"
                      "  mask (H, W, C) = (16, 12, 1)");
    CHECK_THROWS_AS(restorer(photo, test::flat({16, 12}, 3, 0)), ShapeError);
    // A hole on every latent: everywhere, or a dot on each 4 x 4 pixels.
    Image dots = test::flat({16, 12}, 1, 0);
    for (Index y = 0; y < 12; y += 4) {
        for (Index x = 0; x < 16; x += 4)
            dots.samples()[static_cast<std::size_t>(y * 16 + x)] = 255;
    }
    for (const Image& mask : {test::flat({16, 12}, 1, 255), test::flat({16, 12}, 1, 254), dots}) {
        for (const std::string tone : {"", carried_tone}) {
            CHECK_THROWS_WITH(
                scratch_restorer(tone)(photo, mask),
                "translation: the mask leaves nothing of the photo to restore its holes from");
        }
    }
    dots.samples()[0] = 0;
    CHECK_NOTHROW(restorer(photo, dots));
}

TEST_CASE("a model of another mapping is refused with what is missing", "[pipeline][file][error]") {
    const auto scratch = model_with<ScratchMapping<>>(scratch_options);
    const auto patches = model_with<HighResolutionMapping<>>(high_resolution_options);
    CHECK_THROWS_WITH(ScratchRestorer<>::load(patches, "m"),
                      "m: mapping: these are not the weights of a mapping with a partial nonlocal "
                      "block, which has \"NL.g.weight\" and no "
                      "\"NL_scale_1.F_Combine.weight\"");
    CHECK_THROWS_WITH(HighResolutionRestorer<>::load(scratch, "m"),
                      Catch::StartsWith("m: mapping: these are not the weights of a mapping with "
                                        "patch attention, which has \"NL_scale_1.F_Combine"));
    CHECK_THROWS_WITH(Restorer<>::load(scratch, "m"),
                      Catch::StartsWith("m: mapping: these are not the weights of a quality "
                                        "mapping"));
}

TEST_CASE("a model with holes that was written restores with the same bits", "[pipeline][file]") {
    const test::TemporaryFolder folder;
    const Image photo = test::pattern({21, 18}, 3);
    const Image mask = some_holes(photo.size());
    auto options = scratch_options;
    options.mapping.dilation = 2;
    options.attention = {.temperature = 0.5, .cosine = true, .use_self = true};
    Rng rng(1);
    const test::SmallModel small;
    const TripletTranslation<float, Cpu, Vae<>, ScratchMapping<>> networks(
        Vae<>(small.vae, rng), ScratchMapping<>(options, rng), Vae<>(small.vae, rng),
        {.kind = ToneKind::carried});
    save_translation(folder / "m.safetensors", networks);
    const auto loaded = ScratchRestorer<>::load(folder / "m.safetensors");
    CHECK(loaded.translation().mapping().options() == options);
    CHECK(loaded(photo, mask).photo == Restorer(networks)(photo, mask).photo);

    auto patched = high_resolution_options;
    patched.hole_share = 0.25;
    const TripletTranslation<float, Cpu, Vae<>, HighResolutionMapping<>> other(
        networks.vae_a(), HighResolutionMapping<>(patched, rng), networks.vae_b());
    save_translation(folder / "n.safetensors", other);
    const auto again = HighResolutionRestorer<>::load(folder / "n.safetensors");
    CHECK(again.translation().mapping().options() == patched);
    CHECK(again(photo, mask).photo == Restorer(other)(photo, mask).photo);
}

TEST_CASE("a detector is read alone or out of a model", "[pipeline][file]") {
    const DetectorOptions options{.width = 1, .depth = 1};
    Rng rng(1);
    const ScratchDetector<> detector(options, rng);
    for (const std::string prefix : {"", "detector."}) {
        Safetensors file;
        save_state<float>(detector, file.tensors, prefix);
        if (!prefix.empty()) file.tensors.insert("mapping.x", Array(DType::f32, {1}));
        const auto loaded = load_detector(file, "d");
        CHECK(loaded.options() == options);
        CHECK(state_of<float>(loaded)[0].variable.value().to_values() ==
              state_of<float>(detector)[0].variable.value().to_values());
    }
    CHECK_THROWS_WITH(load_detector(Safetensors{}, "d"),
                      "d: these are not the weights of a scratch detector, which has "
                      "\"first.1.weight\"");
}
