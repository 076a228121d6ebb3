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
          "f: these are not the weights of a scratch detector, which has \"first.1.weight\"");
    CHECK(discriminator_message(detector) ==
          "f: these are not the weights of a discriminator, which has \"scale0_layer0.0.weight\"");
    CHECK(vgg19_message({}) ==
          "f: these are not the weights of VGG-19, which has \"features.0.weight\"");
    CHECK(detector_message(test::without(detector, "down_path.0.block.5.weight")) ==
          "f: detector: depth must lie in 1..15, got 0");
    CHECK(discriminator_message(test::without(discriminator, "scale0_layer1.0.weight")) ==
          "f: patch_discriminator: layers must lie in 1..15, got -1");
    CHECK(discriminator_message(test::without(discriminator, "scale1_layer4.0.weight")) ==
          "f: these are not the weights of a discriminator, which has \"scale1_layer4.0.weight\"");
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
