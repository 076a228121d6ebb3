#include <oldphoto/pipeline/infer_networks.hpp>

#include <catch2/catch.hpp>

#include "../support/arrays.hpp"
#include "../support/checkpoints.hpp"
#include "../support/files.hpp"

using namespace oldphoto;

namespace {

template <class Net, class Options>
NamedArrays state_of_network(const Options& options) {
    NamedArrays arrays;
    save_state<float>(Net(options, Init::zeros()), arrays, "");
    return arrays;
}
NamedArrays state_of_detector(const DetectorOptions& options) {
    return state_of_network<ScratchDetector<>>(options);
}
NamedArrays state_of_discriminator(const PatchDiscriminatorOptions& options) {
    return state_of_network<PatchDiscriminator<>>(options);
}
NamedArrays state_of_vgg19(const Vgg19Options& options) {
    return state_of_network<Vgg19Features<>>(options);
}
NamedArrays state_of_scratch(const ScratchMappingOptions& options) {
    return state_of_network<ScratchMapping<>>(options);
}
NamedArrays state_of_high_resolution(const HighResolutionMappingOptions& options) {
    return state_of_network<HighResolutionMapping<>>(options);
}
NamedArrays state_of_face_generator(const FaceGeneratorOptions& options) {
    return state_of_network<FaceGenerator<>>(options);
}

std::string detector_message(const NamedArrays& arrays) {
    return test::message_of<WeightsError>(
        [&] { static_cast<void>(infer_detector_options(arrays, "f")); });
}
std::string discriminator_message(const NamedArrays& arrays) {
    return test::message_of<WeightsError>(
        [&] { static_cast<void>(infer_discriminator_options(arrays, "f")); });
}
std::string vgg19_message(const NamedArrays& arrays) {
    return test::message_of<WeightsError>(
        [&] { static_cast<void>(infer_vgg19_options(arrays, "f")); });
}
std::string scratch_message(const NamedArrays& arrays, const FlatObject& metadata = {}) {
    return test::message_of<WeightsError>(
        [&] { static_cast<void>(infer_scratch_mapping_options(arrays, metadata, "f")); });
}
std::string high_resolution_message(const NamedArrays& arrays, const FlatObject& metadata = {}) {
    return test::message_of<WeightsError>(
        [&] { static_cast<void>(infer_high_resolution_mapping_options(arrays, metadata, "f")); });
}
std::string face_generator_message(const NamedArrays& arrays, const FlatObject& metadata = {}) {
    return test::message_of<WeightsError>(
        [&] { static_cast<void>(infer_face_generator_options(arrays, metadata, "f")); });
}

FlatObject metadata_of(std::initializer_list<std::pair<const char*, double>> entries) {
    FlatObject metadata;
    for (const auto& [name, value] : entries) metadata.insert(name, value);
    return metadata;
}

Array empty(std::vector<Index> dims) {
    return Array(DType::f32, std::move(dims));
}

}  // namespace

TEST_CASE("every detector is known by its state", "[pipeline][infer]") {
    for (Index depth = 1; depth <= 5; ++depth) {
        for (const Index width : {1, 3}) {
            const DetectorOptions expected{
                .in_channels = depth, .out_channels = width + 1, .width = width, .depth = depth};
            CHECK(infer_detector_options(state_of_detector(expected), "f") == expected);
        }
    }
}

TEST_CASE("every discriminator is known by its state", "[pipeline][infer]") {
    for (Index layers = 1; layers <= 4; ++layers) {
        for (Index scales = 1; scales <= 3; ++scales) {
            for (const Index max_width : {2, 5, 100}) {
                for (const bool spectral_norm : {false, true}) {
                    PatchDiscriminatorOptions expected{.in_channels = 6,
                                                       .width = 2,
                                                       .max_width = max_width,
                                                       .layers = layers,
                                                       .scales = scales,
                                                       .spectral_norm = spectral_norm};
                    const auto arrays = state_of_discriminator(expected);
                    expected.max_width = expected.width_at(layers);
                    CHECK(infer_discriminator_options(arrays, "f") == expected);
                }
            }
        }
    }
}

TEST_CASE("every VGG-19 is known by its state", "[pipeline][infer]") {
    const Vgg19Options expected{.in_channels = 1, .width = 2};
    CHECK(infer_vgg19_options(state_of_vgg19(expected), "f") == expected);
}

TEST_CASE("every partial nonlocal block is known by its state and stored options",
          "[pipeline][infer]") {
    for (const Index inner : {0, 2}) {
        for (const Index blocks : {0, 2}) {
            for (const Index local_blocks : {0, 1}) {
                PartialNonlocalLayerOptions expected{.channels = 3,
                                                     .inner_channels = inner,
                                                     .blocks = blocks,
                                                     .local_blocks = local_blocks};
                const auto arrays = state_of_network<PartialNonlocal<>>(expected);
                CHECK(infer_partial_nonlocal_options(arrays, {}, "f") == expected);
                expected.attention = {
                    .temperature = 0.5, .cosine = true, .renormalize = false, .use_self = true};
                const auto metadata = metadata_of(
                    {{"temperature", 0.5}, {"cosine", 1}, {"renormalize", 0}, {"use_self", 1}});
                CHECK(infer_partial_nonlocal_options(arrays, metadata, "f") == expected);
            }
        }
    }
}

TEST_CASE("every scratch mapping is known by its state and stored options", "[pipeline][infer]") {
    for (Index widen = 1; widen <= 3; ++widen) {
        for (Index blocks = 1; blocks <= 3; ++blocks) {
            for (const Index local_blocks : {0, 2}) {
                ScratchMappingOptions expected{.mapping = {.base = 2,
                                                           .max_width = Index{2} << widen,
                                                           .blocks = blocks,
                                                           .widen = widen,
                                                           .latent_channels = local_blocks / 2},
                                               .global_blocks = blocks - 1,
                                               .local_blocks = local_blocks};
                const auto arrays = state_of_scratch(expected);
                CHECK(infer_scratch_mapping_options(arrays, {}, "f") == expected);
                expected.mapping.dilation = 3;
                expected.attention.temperature = 0.5;
                CHECK(infer_scratch_mapping_options(
                          arrays, metadata_of({{"dilation", 3}, {"temperature", 0.5}}), "f") ==
                      expected);
            }
        }
    }
}

TEST_CASE("every mapping with patch attention is known by its state and stored options",
          "[pipeline][infer]") {
    for (Index widen = 1; widen <= 3; ++widen) {
        for (Index blocks = 1; blocks <= 3; ++blocks) {
            for (const Index latent_channels : {0, 1}) {
                HighResolutionMappingOptions expected{
                    .mapping = {.base = 2,
                                .max_width = Index{2} << widen,
                                .blocks = blocks,
                                .widen = widen,
                                .latent_channels = latent_channels}};
                const auto arrays = state_of_high_resolution(expected);
                CHECK(infer_high_resolution_mapping_options(arrays, {}, "f") == expected);
                expected.mapping.dilation = 3;
                expected.patches = {16, 4, 1};
                expected.hole_share = 0.25;
                CHECK(infer_high_resolution_mapping_options(arrays,
                                                            metadata_of({{"dilation", 3},
                                                                         {"patch_1", 16},
                                                                         {"patch_3", 1},
                                                                         {"hole_share", 0.25}}),
                                                            "f") == expected);
            }
        }
    }
}

TEST_CASE("every face generator is known by its state and stored size", "[pipeline][infer]") {
    for (const Index labels : {0, 1, 5}) {
        for (const Index width : {1, 3}) {
            FaceGeneratorOptions expected{
                .channels = width, .width = 2, .hidden = width + 1, .labels = labels};
            const auto arrays = state_of_face_generator(expected);
            CHECK(infer_face_generator_options(arrays, {}, "f") == expected);
            expected.size = 512;
            CHECK(infer_face_generator_options(arrays, metadata_of({{"size", 512}}), "f") ==
                  expected);
        }
    }
}

TEST_CASE("the published mappings for holes and face generators are known by their shapes",
          "[pipeline][infer][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("ckpt/mapping_hr.zip.pth");
    CHECK(
        infer_scratch_mapping_options(test::checkpoint_state("mapping_scratch.zip.pth"), {}, "f") ==
        ScratchMappingOptions{.mapping = {.base = 12, .max_width = 24, .blocks = 2}});
    CHECK(infer_high_resolution_mapping_options(test::checkpoint_state("mapping_hr.zip.pth"), {},
                                                "f") ==
          HighResolutionMappingOptions{.mapping = {.base = 12, .max_width = 24, .blocks = 2}});
    CHECK(infer_face_generator_options(test::checkpoint_state("face_spade.zip.pth"), {}, "f") ==
          FaceGeneratorOptions{.width = 2, .hidden = 12});
    CHECK(infer_face_generator_options(test::checkpoint_state("face_spade_parsing.zip.pth"), {},
                                       "f") ==
          FaceGeneratorOptions{.width = 1, .hidden = 6, .labels = 18});
}

TEST_CASE("the published detector and discriminators are known by their shapes",
          "[pipeline][infer][parity]") {
    CHECK(infer_discriminator_options(test::checkpoint_state("disc_feat.zip.pth"), "f") ==
          PatchDiscriminatorOptions{.in_channels = 12, .width = 4, .max_width = 32, .scales = 1});
    OLDPHOTO_NEEDS_FIXTURE("ckpt/detection.safetensors");
    CHECK(infer_detector_options(test::checkpoint_state("detection.safetensors"), "f") ==
          DetectorOptions{.width = 4});
    CHECK(infer_discriminator_options(test::checkpoint_state("disc_image3.zip.pth"), "f") ==
          PatchDiscriminatorOptions{.width = 4, .max_width = 32, .scales = 3});
    CHECK(infer_discriminator_options(test::checkpoint_state("disc_image_sn.zip.pth"), "f") ==
          PatchDiscriminatorOptions{
              .in_channels = 6, .width = 4, .max_width = 32, .spectral_norm = true});
}

TEST_CASE("torchvision's whole VGG-19 is cut down to its features", "[pipeline][infer]") {
    const auto features = state_of_vgg19({.width = 1});
    NamedArrays whole;
    for (const auto& [name, array] : features) whole.insert(name, array);
    for (const std::string name : {"features.30", "features.32", "features.34", "classifier.0"}) {
        whole.insert(name + ".weight", empty({1}));
        whole.insert(name + ".bias", empty({1}));
    }
    const auto part = without_vgg19_classifier(whole);
    CHECK(part.size() == features.size());
    load_state<float>(Vgg19Features<>({.width = 1}, Init::zeros()), part, "f");
    CHECK(without_vgg19_classifier(features).size() == features.size());
}

TEST_CASE("weights of another network are refused with what is missing", "[pipeline][error]") {
    const auto detector = state_of_detector({.width = 1, .depth = 1});
    const auto discriminator = state_of_discriminator({.width = 1});
    CHECK(detector_message(discriminator) ==
          "f: these are not the weights of a scratch detector, which has \"first.1.weight\" and "
          "no \"scale0_layer0.0.weight\"");
    CHECK(discriminator_message(detector) ==
          "f: these are not the weights of a discriminator, which has \"scale0_layer0.0.weight\" "
          "and no \"first.1.weight\"");
    CHECK(vgg19_message({}) ==
          "f: these are not the weights of VGG-19, which has \"features.0.weight\"");
    CHECK(detector_message(test::without(detector, "down_path.0.block.5.weight")) ==
          "f: detector: depth must lie in 1..15, got 0");
    CHECK(discriminator_message(test::without(discriminator, "scale0_layer1.0.weight")) ==
          "f: patch_discriminator: layers must lie in 1..15, got -1");
    CHECK(discriminator_message(test::without(discriminator, "scale1_layer4.0.weight")) ==
          "f: these are not the weights of a discriminator, which has \"scale1_layer4.0.weight\"");
}

TEST_CASE("options that no network can have are refused with the file", "[pipeline][error]") {
    const auto mapping =
        state_of_high_resolution({.mapping = {.base = 1, .max_width = 2, .blocks = 1, .widen = 1}});
    CHECK(high_resolution_message(mapping, metadata_of({{"patch_2", 0}})) ==
          "f: option \"patch_2\": expected a whole number of 1..64, got 0");
    CHECK(high_resolution_message(mapping, metadata_of({{"hole_share", 1}})) ==
          "f: mapping_high_resolution: hole_share must be at least 0 and below 1, got 1.000000");
    const auto generator = state_of_face_generator({.width = 1, .hidden = 1});
    CHECK(face_generator_message(generator, metadata_of({{"size", 100}})) ==
          "f: face_generator: size must be a positive multiple of 32, got 100");
}

TEST_CASE("a mapping and a face generator that lack a part are refused with its name",
          "[pipeline][error]") {
    const auto mapping =
        state_of_high_resolution({.mapping = {.base = 1, .max_width = 2, .blocks = 1, .widen = 1}});
    const auto generator = state_of_face_generator({.width = 1, .hidden = 1});
    CHECK(scratch_message(mapping) ==
          "f: these are not the weights of a mapping with a partial nonlocal block, which has "
          "\"NL.g.weight\" and no \"NL_scale_1.F_Combine.weight\"");
    const auto scratch =
        state_of_scratch({.mapping = {.base = 1, .max_width = 2, .blocks = 1, .widen = 1}});
    CHECK(scratch_message(test::replaced(scratch, "NL.W.weight", empty({1, 2, 1, 1}))) ==
          "f: \"NL.W.weight\" has another shape\n"
          "  network = (2, 2, 1, 1)\n"
          "  file    = (1, 2, 1, 1)");
    CHECK(scratch_message(scratch, metadata_of({{"cosine", 2}})) ==
          "f: option \"cosine\": expected a whole number of 0..1, got 2");
    CHECK(high_resolution_message(generator) ==
          "f: these are not the weights of a mapping with patch attention, which has "
          "\"before_NL.0.weight\" and no \"fc.weight\"");
    CHECK(high_resolution_message(test::without(mapping, "NL_scale_3.F_Combine.weight")) ==
          "f: these are not the weights of a mapping with patch attention, which has "
          "\"NL_scale_3.F_Combine.weight\"");
    CHECK(face_generator_message(mapping) ==
          "f: these are not the weights of a face generator, which has \"conv_img.weight\" and "
          "no \"before_NL.0.weight\"");
    CHECK(face_generator_message(test::without(generator, "fc.weight")) ==
          "f: these are not the weights of a face generator, which has \"fc.weight\"");

    CHECK(high_resolution_message(
              test::replaced(mapping, "NL_scale_2.F_Combine.weight", empty({2, 6, 3, 3}))) ==
          "f: \"NL_scale_2.F_Combine.weight\" has another shape\n"
          "  network = (2, 5, 3, 3)\n"
          "  file    = (2, 6, 3, 3)");
    CHECK(
        face_generator_message(test::replaced(generator, "conv_img.weight", empty({3, 7, 3, 3}))) ==
        "f: \"fc.weight\" has another shape\n"
        "  network = (112, 3, 3, 3)\n"
        "  file    = (16, 3, 3, 3)");
    CHECK(face_generator_message(test::replaced(generator, "head_0.norm_0.mlp_shared.0.weight",
                                                empty({9, 3, 3, 3}))) ==
          "f: \"head_0.norm_0.mlp_gamma.weight\" has another shape\n"
          "  network = (16, 9, 3, 3)\n"
          "  file    = (16, 1, 3, 3)");
    CHECK(face_generator_message(test::replaced(generator, "head_0.norm_0.mlp_shared.0.weight",
                                                empty({1, 2, 3, 3}))) ==
          "f: face_generator: labels must not be negative, got -1");
}

TEST_CASE("no width of a detector or discriminator goes beyond the numbers of its file",
          "[pipeline][error]") {
    const auto detector = state_of_detector({.width = 2, .depth = 1});
    CHECK(detector_message(test::replaced(detector, "first.1.weight", empty({1000, 1, 7, 7}))) ==
          "f: \"down_path.0.block.5.weight\" has another shape\n"
          "  network = (2000, 2000, 3, 3)\n"
          "  file    = (4, 4, 3, 3)");
    CHECK(detector_message(
              test::replaced(detector, "first.1.weight", empty({Index{1} << 40, 0, 7, 7}))) ==
          "f: \"first.1.weight\" (1099511627776, 0, 7, 7) is not the weight of a convolution");
    CHECK(detector_message(test::replaced(detector, "last.1.weight", empty({1}))) ==
          "f: \"last.1.weight\" (1) is not the weight of a convolution");

    const auto discriminator = state_of_discriminator({.width = 1});
    CHECK(discriminator_message(
              test::replaced(discriminator, "scale1_layer2.0.weight", empty({4, 1, 4, 4}))) ==
          "f: \"scale1_layer2.0.weight\" has another shape\n"
          "  network = (4, 2, 4, 4)\n"
          "  file    = (4, 1, 4, 4)");

    const auto vgg = state_of_vgg19({.width = 1});
    CHECK(vgg19_message(test::replaced(vgg, "features.0.weight", empty({99, 3, 3, 3}))) ==
          "f: \"features.28.weight\" has another shape\n"
          "  network = (792, 792, 3, 3)\n"
          "  file    = (8, 8, 3, 3)");
}
