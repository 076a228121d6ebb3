#include <oldphoto/models/mapping_high_resolution.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/checkpoints.hpp"
#include "../support/files.hpp"
#include "../support/fixtures.hpp"
#include "../support/networks.hpp"
#include "../support/patches.hpp"
#include "../support/random.hpp"
#include "../support/state.hpp"

using namespace oldphoto;

namespace {

constexpr const char* mapping_checkpoint = "ckpt/mapping_hr.zip.pth";

/// Compares everything that a fixture holds of one scale.
void check_scale(const PatchAttention<>& scale, const Variable<float, 4>& z,
                 const Tensor<float, 4>& mask, const test::Archive& arrays,
                 const std::string& prefix) {
    INFO(prefix);
    const auto& options = scale.options();
    const auto& hole = arrays.at(prefix + "hole");
    const auto holes = hole_map(mask, {z.dim(2), z.dim(3)});
    CHECK(holes.to_values() == arrays.at(prefix + "mask").values<float>());
    const PatchGrid grid{{z.dim(2), z.dim(3)}, options.patch};
    for (Index n = 0; n < z.dim(0); ++n) {
        const auto sorted = detail::sort_patches(grid, holes.to_values(), n, options.hole_share);
        const auto expected = test::stored_patches(hole, static_cast<std::size_t>(n));
        CHECK(sorted.holes == expected.holes);
        CHECK(sorted.clean == expected.clean);
    }
    const auto x = scale.res_block()(z);
    CHECK(patch_sources(x.value(), holes, options) ==
          test::stored_sources(hole, arrays.at(prefix + "index"),
                               options.path == PatchPath::training));
    if (arrays.count(prefix + "composed") == 0) return;
    CHECK(test::absolute_error(patch_attention(x, holes, options), arrays.at(prefix + "composed")) <
          2e-4);
    CHECK(test::absolute_error(scale(z, mask), arrays.at(prefix + "combined")) < 2e-4);
}

const std::vector<std::string> cases{"train_holes",        "train_zero",       "train_one",
                                     "infer_holes",        "infer_zero",       "infer_tiny",
                                     "infer_ragged_holes", "infer_ragged_zero"};

HighResolutionMappingOptions small_high_resolution() {
    return {.mapping = {.base = 2, .max_width = 4, .blocks = 1, .dilation = 2, .widen = 1},
            .patches = {4, 2, 1}};
}

}  // namespace

TEST_CASE("a mapping with patch attention translates as the published one, on both paths",
          "[models][parity]") {
    OLDPHOTO_NEEDS_FIXTURE(mapping_checkpoint);
    auto mapping = test::load_high_resolution_mapping("mapping_hr.zip.pth");
    for (const auto& name : cases) {
        INFO(name);
        const auto arrays = test::read_npz(test::fixture_path("mapping_hr/" + name + ".npz"));
        mapping.set_training(arrays.at("inference").values<std::int64_t>().front() == 0);
        const auto mask = test::tensor_of<float, 4>(arrays.at("mask"));
        const Variable<float, 4> z(test::tensor_of<float, 4>(arrays.at("input")));
        CHECK(test::absolute_error(mapping(z, mask), arrays.at("output")) < 2e-4);

        auto y = mapping.before()(z);
        if (arrays.count("before_NL") != 0)
            CHECK(test::absolute_error(y, arrays.at("before_NL")) < 2e-4);
        for (std::size_t k = 0; k < 3; ++k) {
            const auto& scale = mapping.scales()[k];
            check_scale(scale, y, mask, arrays, "s" + std::to_string(k + 1) + ".");
            y = mapping.blocks()[k](scale(y, mask));
        }
        CHECK(test::absolute_error(y, arrays.at("output")) < 2e-4);
    }
}

TEST_CASE("a mask of holes alone is an error on the inference path", "[models][error]") {
    HighResolutionMapping<> mapping(small_high_resolution(), Init::zeros());
    const Variable<float, 4> z(Tensor<float, 4>::ones({1, 2, 4, 8}));
    const auto mask = Tensor<float, 4>::ones({1, 1, 16, 32});
    CHECK_THROWS_WITH(mapping(z, mask),
                      "patch_attention: every patch of 4 x 4 pixels is a hole, there is nothing to "
                      "copy from");
    mapping.set_training(true);
    CHECK(mapping(z, mask).shape() == z.shape());
}

TEST_CASE("the mapping with patch attention of default options is the published one",
          "[models][state]") {
    const HighResolutionMapping<> mapping({}, Init::zeros());
    CHECK(test::state_lines<float>(mapping) == test::published_lines("mapping_patch_attention"));
    CHECK(count_parameters<float>(mapping) == 73904448);
}

TEST_CASE("a mapping with patch attention keeps a latent's size down to the smallest",
          "[models][forward]") {
    for (Index dilation = 1; dilation <= 2; ++dilation) {
        auto options = small_high_resolution();
        options.mapping.dilation = dilation;
        options.mapping.latent_channels = dilation - 1;
        const HighResolutionMapping<> mapping(options, Init::zeros());
        CHECK(mapping.smallest_side() == dilation + 1);
        const Variable<float, 4> z(Tensor<float, 4>::ones({2, 2, dilation + 1, dilation + 4}));
        const auto mask = Tensor<float, 4>::zeros({2, 1, 9, 7});
        CHECK(mapping(z, mask).shape() ==
              Shape<4>{2, options.mapping.output_channels(), dilation + 1, dilation + 4});
    }
}

TEST_CASE("a mapping with patch attention says what sides its patches cover", "[models][forward]") {
    const auto multiple = [](std::array<Index, 3> patches) {
        auto options = small_high_resolution();
        options.patches = patches;
        return HighResolutionMapping<>(options, Init::zeros()).size_multiple();
    };
    CHECK(multiple({8, 4, 2}) == 8);
    CHECK(multiple({6, 4, 1}) == 12);
    CHECK(multiple({1, 1, 1}) == 1);
}

TEST_CASE("the gradients of a whole mapping with patch attention match central differences",
          "[models][gradient]") {
    for (const bool training : {false, true}) {
        Rng rng(1);
        HighResolutionMapping<double> mapping(small_high_resolution(), rng);
        mapping.set_training(training);
        const auto z = test::random_variable(Shape<4>{1, 2, 4, 8}, 2);
        const auto mask = Tensor<double, 4>::zeros({1, 1, 16, 32});
        mask.slice(3, 0, 12).fill(1);
        auto inputs = parameters_of<double>(mapping);
        inputs.push_back(z);
        // Norms of so few pixels bend much within larger steps.
        CHECK(testing::gradcheck([&] { return mapping(z, mask); }, inputs, {.step = 1e-6}) < 1e-7);
    }
}

TEST_CASE("a mapping with patch attention refuses options that it cannot have", "[models][error]") {
    const auto message = [](const HighResolutionMappingOptions& options) {
        return test::message_of<OptionError>([&] { options.check(); });
    };
    const std::string name = "mapping_high_resolution: ";
    CHECK(message({}).empty());
    CHECK(message({.mapping = {.widen = 0}}) == "mapping: widen must lie in 1..15, got 0");
    CHECK(message({.patches = {8, 0, 2}}) == name + "patches must lie in 1..64, got 0");
    CHECK(message({.patches = {65, 4, 2}}) == name + "patches must lie in 1..64, got 65");
    CHECK(message({.patches = {9, 5, 2}}) ==
          name + "patches must have a common multiple of at most 64, got 90");
    CHECK(message({.hole_share = 1}) ==
          name + "hole_share must be at least 0 and below 1, got 1.000000");
    CHECK_THROWS_AS(HighResolutionMapping<>({.patches = {8, 4, 0}}, Init::zeros()), OptionError);
}
