#include <oldphoto/pipeline/official_programs.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include "../support/full_width.hpp"
#include "../support/patches.hpp"
#include "../support/pictures.hpp"
#include <algorithm>
#include <cmath>

using namespace oldphoto;

namespace {

Image stored_picture(const std::string& name) {
    return test::picture(test::read_npy(test::fixture_path("full/" + name + ".npy")));
}

double worst(const Tensor<float, 4>& actual, const std::string& expected) {
    return test::absolute_error(actual.to_values(), test::stored_full(expected));
}

/// The photo of the fixtures, its holes white.
Tensor<float, 4> hole_photo() {
    const Image holes = with_holes(stored_picture("photo"), stored_picture("mask"));
    CHECK(holes == stored_picture("scratch_input_u8"));
    return to_tensor(holes);
}

/// What save_image makes of a stored output.
Image saved(const std::string& output) {
    auto numbers = test::stored_full(output);
    for (float& number : numbers) number = (number + 1) / 2;
    return quantise(numbers, {256, 256}, 3, Contrast::stretched);
}

/// A detector of few channels whose logits are `bias` everywhere.
ScratchDetector<> constant_detector(float bias) {
    const ScratchDetector<> detector({.width = 1, .depth = 1}, Init::zeros());
    for (const auto& [name, variable] : state_of<float>(detector)) {
        if (name == "last.1.bias") variable.value().fill(bias);
    }
    return detector;
}

}  // namespace

TEST_CASE("the quality restoration of published width is saved as the published one",
          "[pipeline][parity][slow]") {
    const Image restored = official_restoration(test::full_quality(), stored_picture("photo"));
    CHECK(test::largest_step(restored, stored_picture("quality_saved")) <= 1);
}

TEST_CASE("the scratch restoration of published width equals the published one",
          "[pipeline][parity][slow]") {
    OLDPHOTO_NEEDS_FIXTURE("full/scratch_output.npy");
    const auto networks = test::full_scratch();
    const auto mask = to_mask_tensor<float>(stored_picture("mask"));
    const auto recording = Program::pause();
    for (const Numerics numerics : {Numerics::accurate, Numerics::fast}) {
        const NumericsScope scope(numerics);
        const auto mapped =
            networks.mapping()(networks.vae_a().encode(Variable<float, 4>(hole_photo())), mask);
        // Fast, the latent errs twice as much, and the picture within its tolerance all the same.
        if (numerics == Numerics::accurate) {
            CHECK(worst(test::every_fourth(mapped.value()), "scratch_mapped_s4") < 2e-4);
        }
        const auto output = networks.vae_b().decode(mapped).value();
        CHECK(worst(output, "scratch_output") < 2e-3);
        CHECK(test::mean_absolute_error(output.to_values(), test::stored_full("scratch_output")) <
              1e-4);
    }

    const Image restored =
        official_restoration(networks, stored_picture("photo"), stored_picture("mask"));
    CHECK(test::largest_step(restored, saved("scratch_output")) <= 1);
}

TEST_CASE("the high-resolution restoration of published width equals the published one",
          "[pipeline][parity][slow]") {
    OLDPHOTO_NEEDS_FIXTURE("full/hr_output.npy");
    const auto networks = test::full_high_resolution();
    const Image dilated = grown(stored_picture("mask"), 3);
    CHECK(dilated == stored_picture("hr_mask_dilated"));
    const auto mask = to_mask_tensor<float>(dilated);
    const auto recording = Program::pause();
    const Image holes = with_holes(stored_picture("photo"), dilated);
    const auto latent = networks.vae_a().encode(Variable<float, 4>(to_tensor(holes)));

    const auto& mapping = networks.mapping();
    auto y = mapping.before()(latent);
    for (std::size_t k = 0; k < mapping.scales().size(); ++k) {
        const auto name = "full/hr_scale" + std::to_string(k + 1) + ".npz";
        INFO(name);
        const auto stored = test::read_npz(test::fixture_path(name));
        const auto& scale = mapping.scales()[k];
        CHECK(patch_sources(scale.res_block()(y).value(), hole_map(mask, {y.dim(2), y.dim(3)}),
                            scale.options()) ==
              test::stored_sources(stored.at("hole"), stored.at("index"), false));
        y = mapping.blocks()[k](scale(y, mask));
    }
    CHECK(worst(test::every_fourth(y.value()), "hr_mapped_s4") < 2e-4);
    const auto output = networks.vae_b().decode(y).value();
    CHECK(worst(output, "hr_output") < 2e-3);
    CHECK(test::mean_absolute_error(output.to_values(), test::stored_full("hr_output")) < 1e-4);

    const Image restored = official_restoration(networks, stored_picture("photo"), dilated);
    CHECK(test::largest_step(restored, saved("hr_output")) <= 1);
}

TEST_CASE("the detection of published width equals the published one", "[pipeline][parity][slow]") {
    OLDPHOTO_NEEDS_FIXTURE("full/detect_logits.npy");
    const auto detector = test::full_detector();
    const auto detection = official_detection(detector, stored_picture("detect_photo"));
    CHECK(detection.photo == stored_picture("detect_resized_u8"));
    const Image grey = to_grey(detection.photo);
    CHECK(grey == stored_picture("detect_gray_u8"));

    const auto recording = Program::pause();
    const auto size = detection_network_size(detection.photo.size());
    const auto logits = detector(detail::detector_input<float, Cpu>(grey, size));
    CHECK(worst(logits.value(), "detect_logits") < 1e-3);

    const Image expected = stored_picture("detect_mask_saved");
    const Image mask = detection.saved_mask();
    REQUIRE(mask.size() == expected.size());
    const auto& probabilities = detection.scratches.probabilities();
    int clear_mismatches = 0;
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
        const bool near = std::abs(double(probabilities[i]) - 0.4) < 1e-3;
        if (mask.samples()[i] != expected.samples()[i] && !near) ++clear_mismatches;
    }
    CHECK(clear_mismatches == 0);
}

TEST_CASE("a detection's mask is saved black where nothing is clean", "[pipeline][official]") {
    const Image photo = test::pattern({30, 40}, 1);
    const auto everywhere = official_detection(constant_detector(5), photo);
    CHECK(everywhere.photo.size() == Size{32, 32});
    CHECK(everywhere.photo.channels() == 3);
    CHECK(covered_share(everywhere.scratches.mask()) == 1);
    CHECK(covered_share(everywhere.saved_mask()) == 0);
    CHECK(covered_share(everywhere.saved_mask(1)) == 0);
    const auto nowhere = official_detection(constant_detector(-5), photo);
    CHECK(covered_share(nowhere.saved_mask()) == 0);
    CHECK(covered_share(nowhere.scratches.mask(0.001)) == 1);
}

TEST_CASE("the published programs round sizes, make grey RGB and lose alpha",
          "[pipeline][official]") {
    Image photo = test::pattern({33, 18}, 1);
    photo.set_alpha(std::vector<std::uint8_t>(33 * 18, 7));
    const Vae<> vae({.width = 2, .max_width = 2}, Init::zeros());
    const TripletTranslation<> quality(
        vae, Mapping<>({.base = 2, .max_width = 4, .blocks = 1, .widen = 1}, Init::zeros()), vae);
    const Image restored = official_restoration(quality, photo);
    CHECK(restored.size() == Size{32, 16});
    CHECK(restored.channels() == 3);
    CHECK_FALSE(restored.has_alpha());

    const Image rounded = official_detection_photo(photo);
    CHECK(rounded.size() == Size{32, 16});
    CHECK(rounded == resize(to_rgb(test::pattern({33, 18}, 1)), {32, 16}, Resampling::bicubic));
}

TEST_CASE("a photo too thin for the published sizes is an error", "[pipeline][official][error]") {
    CHECK_THROWS_WITH(official_detection_photo(test::pattern({100, 3}, 3)),
                      "official_resize: a photo of 100 x 3 pixels is too small, its sides are "
                      "rounded to 96 x 0");
    CHECK_THROWS_WITH(official_detection(constant_detector(0), test::pattern({600, 20}, 3)),
                      "official_detection: a photo of 600 x 20 pixels would be looked at in 9728 x "
                      "256, more than 4096 a side");
}

TEST_CASE("the published restoration wants a mask of the photo's size",
          "[pipeline][official][error]") {
    const Vae<> vae({.width = 2, .max_width = 2}, Init::zeros());
    const ScratchMapping<> mapping(
        {.mapping = {.base = 2, .max_width = 4, .blocks = 1, .widen = 1}}, Init::zeros());
    const TripletTranslation<float, Cpu, Vae<>, ScratchMapping<>> networks(vae, mapping, vae);
    CHECK_THROWS_WITH(
        official_restoration(networks, test::pattern({16, 16}, 3), test::flat({16, 12}, 1, 0)),
        Catch::StartsWith("official_restoration: the mask must have the photo's "
                          "size and one channel"));
    CHECK_THROWS_WITH(
        official_restoration(networks, test::pattern({16, 16}, 3), test::flat({16, 16}, 1, 255)),
        "translation: the mask leaves nothing of the photo to restore its holes from");
    CHECK_THROWS_AS(
        official_restoration(networks, test::pattern({18, 16}, 3), test::flat({18, 16}, 1, 0)),
        ShapeError);
}

TEST_CASE("the published restoration wants networks as published", "[pipeline][official][error]") {
    const Mapping<> mapping({.base = 2, .max_width = 4, .blocks = 1, .widen = 1}, Init::zeros());
    const Vae<> vae({.width = 2, .max_width = 2}, Init::zeros());
    const TripletTranslation<> toned(vae, mapping, vae, {.kind = ToneKind::carried});
    const Vae<> deep({.width = 2, .max_width = 2, .bottleneck = VaeBottleneck::half},
                     Init::zeros());
    const TripletTranslation<> eight(deep, mapping, deep);
    for (const auto& networks : {toned, eight}) {
        CHECK_THROWS_WITH(official_restoration(networks, test::pattern({16, 16}, 3)),
                          "official_restoration: the published programs carry no tone and shrink "
                          "photos by 4; these networks do otherwise");
    }
}
