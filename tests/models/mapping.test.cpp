#include <oldphoto/models/mapping.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include "../support/fixtures.hpp"
#include "../support/networks.hpp"
#include "../support/random.hpp"
#include "../support/state.hpp"

using namespace oldphoto;
using test::Lines;

namespace {

double mapping_error(const Mapping<>& mapping, const std::string& output) {
    const auto stored = [](const std::string& name) {
        return test::tensor_of<float, 4>(
            test::read_npy(test::fixture_path("mapping_quality/" + name + ".npy")));
    };
    const auto actual = mapping(Variable<float, 4>(stored("input"))).value();
    const auto expected = stored(output);
    REQUIRE(actual.shape() == expected.shape());
    return test::absolute_error(actual.to_values(), expected.to_values());
}

Mapping<> empty_mapping(const MappingOptions& options) {
    return Mapping<>(options, Init::zeros());
}

Lines weights_of(const Mapping<>& mapping) {
    Lines weights;
    for (const auto& line : test::state_lines<float>(mapping)) {
        if (line.find(".weight") != std::string::npos) weights.push_back(line);
    }
    return weights;
}

}  // namespace

TEST_CASE("a quality mapping translates as the published one", "[models][parity]") {
    CHECK(mapping_error(test::load_mapping("mapping_quality"), "output") < 2e-4);
    FlatObject metadata;
    metadata.insert("dilation", 2.0);
    CHECK(mapping_error(test::load_mapping("mapping_quality_dil2_feat", metadata),
                        "dil2_feat_output") < 2e-4);
}

TEST_CASE("the mapping of default options is the published one", "[models][state]") {
    const auto mapping = empty_mapping({});
    CHECK(test::state_lines<float>(mapping) == test::published_lines("mapping_quality"));
    CHECK(count_parameters<float>(mapping) == 36135232);
}

TEST_CASE("a mapping widens, translates and narrows", "[models][state]") {
    CHECK(weights_of(empty_mapping({.base = 2, .max_width = 7, .blocks = 1, .widen = 3})) ==
          Lines{"model.0.weight 4x2x3x3", "model.3.weight 7x4x3x3", "model.6.weight 7x7x3x3",
                "model.9.conv_block.1.weight 7x7x3x3", "model.9.conv_block.5.weight 7x7x3x3",
                "model.10.weight 7x7x3x3", "model.13.weight 4x7x3x3", "model.16.weight 2x4x3x3"});
    CHECK(weights_of(empty_mapping(
              {.base = 2, .max_width = 4, .blocks = 0, .widen = 1, .latent_channels = 1})) ==
          Lines{"model.0.weight 4x2x3x3", "model.3.weight 2x4x3x3", "model.6.weight 1x2x1x1"});
}

TEST_CASE("a mapping keeps a latent's size and gives its channels", "[models][forward]") {
    for (Index widen = 1; widen <= 4; ++widen) {
        const MappingOptions options{.base = 3,
                                     .max_width = 10,
                                     .blocks = 1,
                                     .dilation = widen,
                                     .widen = widen,
                                     .latent_channels = widen % 2};
        const auto mapping = empty_mapping(options);
        CHECK(mapping.smallest_side() == widen + 1);
        const Variable<float, 4> z(Tensor<float, 4>::ones({2, 3, widen + 1, widen + 3}));
        CHECK(mapping(z).shape() == Shape<4>{2, options.output_channels(), widen + 1, widen + 3});
        CHECK(options.output_channels() == (widen % 2 == 1 ? 1 : 3));
    }
}

TEST_CASE("the gradients of a whole mapping match central differences", "[models][gradient]") {
    Rng rng(1);
    const Mapping<double> mapping(
        {.base = 2, .max_width = 4, .blocks = 1, .dilation = 2, .widen = 2, .latent_channels = 1},
        rng);
    const auto z = test::random_variable(Shape<4>{1, 2, 4, 5}, 2);
    auto inputs = parameters_of<double>(mapping);
    inputs.push_back(z);
    CHECK(testing::gradcheck([&] { return mapping(z); }, inputs) < 1e-7);
}

TEST_CASE("a mapping refuses options that it cannot have", "[models][error]") {
    const auto message = [](const MappingOptions& options) {
        return test::message_of<OptionError>([&] { options.check(); });
    };
    CHECK(message({}).empty());
    CHECK(message({.base = 0}) == "mapping: base must be positive, got 0");
    CHECK(message({.max_width = 127}) == "mapping: max_width must be at least twice base, got 127");
    CHECK(message({.blocks = -1}) == "mapping: blocks must not be negative, got -1");
    CHECK(message({.dilation = 0}) == "mapping: dilation must lie in 1..64, got 0");
    CHECK(message({.dilation = 65}) == "mapping: dilation must lie in 1..64, got 65");
    CHECK(message({.widen = 0}) == "mapping: widen must lie in 1..15, got 0");
    CHECK(message({.latent_channels = 64}) ==
          "mapping: latent_channels must lie in 0..base - 1, got 64");
    CHECK_THROWS_AS(empty_mapping({.widen = 16}), OptionError);
}
