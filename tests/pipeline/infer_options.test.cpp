#include <oldphoto/pipeline/infer_options.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include "../support/networks.hpp"
#include <algorithm>

using namespace oldphoto;

namespace {

NamedArrays state_of_vae(const VaeOptions& options, VaePart part = VaePart::both) {
    NamedArrays arrays;
    save_state<float>(Vae<>(options, Init::zeros(), part), arrays, "");
    return arrays;
}

NamedArrays state_of_mapping(const MappingOptions& options) {
    NamedArrays arrays;
    save_state<float>(Mapping<>(options, Init::zeros()), arrays, "");
    return arrays;
}

/// Sorted by name, as some programs write their files: "encoder.10." before "encoder.4.".
NamedArrays sorted(const NamedArrays& arrays) {
    std::vector<std::string> names;
    for (const auto& entry : arrays) names.push_back(entry.name);
    std::sort(names.begin(), names.end());
    NamedArrays result;
    for (const auto& name : names) result.insert(name, arrays.at(name));
    return result;
}

FlatObject options(std::initializer_list<std::pair<const char*, FlatValue>> entries) {
    FlatObject object;
    for (const auto& [name, value] : entries) object.insert(name, value);
    return object;
}

template <class Infer>
std::string message(Infer infer) {
    return test::message_of<WeightsError>(infer);
}

/// Calls check(options) for every construction of up to four stages.
template <class Check>
void for_each_vae(Check check) {
    for (Index stages = 1; stages <= 4; ++stages) {
        for (Index first_residual = 0; first_residual < stages; ++first_residual) {
            for (const auto bottleneck : {VaeBottleneck::half, VaeBottleneck::same}) {
                for (const Index latent_channels : {0, 5}) {
                    const bool half = bottleneck == VaeBottleneck::half;
                    check(VaeOptions{.in_channels = 1,
                                     .width = 2,
                                     .max_width = 2 << (half ? stages : stages - 1),
                                     .stages = stages,
                                     .first_residual = first_residual,
                                     .bottleneck = bottleneck,
                                     .latent_channels = latent_channels});
                }
            }
        }
    }
}

}  // namespace

TEST_CASE("every VAE is known by its state, whole or by half, in any order", "[pipeline][infer]") {
    int checked = 0;
    for_each_vae([&](VaeOptions expected) {
        for (const Index kernel : {3, 4}) {
            expected.kernel = kernel;
            const bool halves = expected.size_multiple() > 1;
            if (!halves && kernel == 3) continue;  // it has no such convolution
            for (const auto part : {VaePart::both, VaePart::encoder, VaePart::decoder}) {
                const auto arrays = state_of_vae(expected, part);
                CHECK(infer_vae_options(arrays, {}, "f") == expected);
                CHECK(infer_vae_options(sorted(arrays), {}, "f") == expected);
                ++checked;
            }
        }
    });
    CHECK(checked == 3 * (80 - 2));
}

TEST_CASE("a VAE whose widths never reach their limit is known by those it has",
          "[pipeline][infer]") {
    const VaeOptions wide{
        .width = 2, .max_width = 100, .stages = 2, .bottleneck = VaeBottleneck::half};
    auto expected = wide;
    expected.max_width = 8;
    CHECK(infer_vae_options(state_of_vae(wide), {}, "f") == expected);
    // And one whose first stage is limited already.
    const VaeOptions narrow{.width = 6, .max_width = 3};
    expected = narrow;
    expected.width = 3;
    CHECK(infer_vae_options(state_of_vae(narrow), {}, "f") == expected);
}

TEST_CASE("every mapping is known by its state and its dilation", "[pipeline][infer]") {
    for (Index widen = 1; widen <= 4; ++widen) {
        for (const Index max_width : {4, 7, 32}) {
            for (const Index blocks : {0, 1, 3}) {
                for (const Index latent_channels : {0, 1}) {
                    MappingOptions expected{.base = 2,
                                            .max_width = max_width,
                                            .blocks = blocks,
                                            .widen = widen,
                                            .latent_channels = latent_channels};
                    const auto arrays = state_of_mapping(expected);
                    expected.max_width = expected.width_at(widen);
                    expected.dilation = 3;
                    const auto metadata = options({{"dilation", 3.0}});
                    CHECK(infer_mapping_options(arrays, metadata, "f") == expected);
                    CHECK(infer_mapping_options(sorted(arrays), metadata, "f") == expected);
                }
            }
        }
    }
}

TEST_CASE("norms are known by their state or, where they have none, by the metadata",
          "[pipeline][infer]") {
    const auto stated = options({{"norm", "none"}});
    for (const auto norm :
         {NormKind::instance, NormKind::affine_instance, NormKind::batch, NormKind::none}) {
        const auto metadata = norm == NormKind::none ? stated : FlatObject();
        const auto vae = state_of_vae({.width = 2, .max_width = 2, .norm = norm});
        CHECK(infer_vae_options(vae, metadata, "f").norm == norm);
        const auto mapping = state_of_mapping({.base = 1, .max_width = 2, .norm = norm});
        CHECK(infer_mapping_options(mapping, metadata, "f").norm == norm);
    }
}

TEST_CASE("the decoder's output is tanh unless the metadata says linear", "[pipeline][infer]") {
    const auto arrays = state_of_vae({.width = 2, .max_width = 2});
    CHECK(infer_vae_options(arrays, {}, "f").tanh_output);
    CHECK(infer_vae_options(arrays, options({{"output", "tanh"}}), "f").tanh_output);
    CHECK_FALSE(infer_vae_options(arrays, options({{"output", "linear"}}), "f").tanh_output);
}

TEST_CASE("the tone is free unless the metadata says carried", "[pipeline][infer]") {
    CHECK(infer_tone({}, "f").kind == ToneKind::free);
    CHECK(infer_tone(options({{"kind", "free"}}), "f").kind == ToneKind::free);
    const auto tone = infer_tone(options({{"kind", "carried"}, {"eps", 0.25}}), "f");
    CHECK(tone.kind == ToneKind::carried);
    CHECK(tone.eps == 0.25);
    CHECK(infer_tone(options({{"kind", "carried"}}), "f").eps == 1e-4);
}

TEST_CASE("the published checkpoints are known by their shapes", "[pipeline][infer][parity]") {
    const auto arrays = [](const std::string& name) {
        return read_safetensors(test::checkpoint_path(name)).tensors;
    };
    CHECK(infer_vae_options(arrays("vae_A"), {}, "f") == VaeOptions{.width = 12, .max_width = 12});
    CHECK(infer_mapping_options(arrays("mapping_quality"), {}, "f") ==
          MappingOptions{.base = 12, .max_width = 24, .blocks = 2});
    CHECK(infer_mapping_options(arrays("mapping_quality_dil2_feat"), options({{"dilation", 2.0}}),
                                "f") ==
          MappingOptions{
              .base = 12, .max_width = 24, .blocks = 1, .dilation = 2, .latent_channels = 6});
}

TEST_CASE("options that cannot be are refused by the name of their file", "[pipeline][error]") {
    const auto vae = state_of_vae({.width = 2, .max_width = 2});
    const auto mapping = state_of_mapping({.base = 1, .max_width = 2});
    const auto infer_vae = [&](const FlatObject& metadata) {
        return message([&] { static_cast<void>(infer_vae_options(vae, metadata, "f")); });
    };
    const auto infer_mapping = [&](const FlatObject& metadata) {
        return message([&] { static_cast<void>(infer_mapping_options(mapping, metadata, "f")); });
    };
    const auto infer_tone_of = [&](const FlatObject& metadata) {
        return message([&] { static_cast<void>(infer_tone(metadata, "f")); });
    };
    CHECK(infer_vae(options({{"norm", "layer"}})) ==
          "f: option \"norm\": expected \"instance\" or \"none\", got \"layer\"");
    CHECK(infer_vae(options({{"norm", true}})) ==
          "f: option \"norm\": expected \"instance\" or \"none\", got true");
    CHECK(infer_vae(options({{"output", 3.0}})) ==
          "f: option \"output\": expected \"tanh\" or \"linear\", got 3");
    for (const auto& dilation : std::vector<FlatValue>{0.0, 65.0, 1e300, "2"}) {
        CHECK(infer_mapping(options({{"dilation", dilation}})) ==
              "f: option \"dilation\": expected a whole number of 1..64, got " +
                  detail::format_flat_value(dilation));
    }
    CHECK(infer_mapping(options({{"dilation", 1.5}})) ==
          "f: option \"dilation\": expected a whole number of 1..64, got 1.5");
    CHECK(infer_tone_of(options({{"kind", "kept"}})) ==
          "f: option \"kind\": expected \"free\" or \"carried\", got \"kept\"");
    CHECK(infer_tone_of(options({{"eps", -1.0}})) ==
          "f: option \"eps\": expected a number of 1e-12..1, got -1");
}

TEST_CASE("weights of another network are refused by the name of their file", "[pipeline][error]") {
    const auto infer_vae = [](const NamedArrays& arrays) {
        return message([&] { static_cast<void>(infer_vae_options(arrays, {}, "f")); });
    };
    const auto infer_mapping = [](const NamedArrays& arrays) {
        return message([&] { static_cast<void>(infer_mapping_options(arrays, {}, "f")); });
    };
    const auto vae = state_of_vae({.width = 2, .max_width = 2});
    const auto mapping = state_of_mapping({.base = 1, .max_width = 2});
    CHECK_THAT(infer_vae(mapping), Catch::StartsWith("f: these are not the weights of a VAE"));
    CHECK_THAT(infer_vae({}), Catch::StartsWith("f: these are not the weights of a VAE"));
    CHECK_THAT(infer_mapping(vae),
               Catch::StartsWith("f: these are not the weights of a quality mapping"));

    NamedArrays arrays;
    arrays.insert("encoder.1.weight", Array(DType::f32, {2, 3, 7, 7}));
    arrays.insert("encoder.4.weight", Array(DType::f32, {2, 2, 5, 5}));
    arrays.insert("encoder.7.conv_block.1.weight", Array(DType::f32, {2, 2, 3, 3}));
    arrays.insert("encoder.8.conv_block.1.weight", Array(DType::f32, {2, 2, 3, 3}));
    CHECK(infer_vae(arrays) == "f: vae: kernel must be 3 or 4, got 5");
}

TEST_CASE("no network is built from widths that a file does not back with numbers",
          "[pipeline][error]") {
    const auto infer_vae = [](const std::string& name, std::vector<Index> dims) {
        NamedArrays arrays;
        arrays.insert(name, Array(DType::f32, std::move(dims)));
        return message([&] { static_cast<void>(infer_vae_options(arrays, {}, "f")); });
    };
    CHECK(infer_vae("encoder.1.weight", {Index{1} << 40, 0, 7, 7}) ==
          "f: \"encoder.1.weight\" (1099511627776, 0, 7, 7) has no elements");
    CHECK(infer_vae("encoder.10.conv_block.1.weight", {1000, 1, 3, 3}) ==
          "f: \"encoder.10.conv_block.1.weight\" (1000, 1, 3, 3) must be square in its channels");
}
