#include <oldphoto/models/mapping_scratch.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/checkpoints.hpp"
#include "../support/files.hpp"
#include "../support/fixtures.hpp"
#include "../support/networks.hpp"
#include "../support/random.hpp"
#include "../support/state.hpp"

using namespace oldphoto;

namespace {

Variable<float, 4> scratch_array(const std::string& name) {
    return Variable<float, 4>(test::tensor_of<float, 4>(
        test::read_npy(test::fixture_path("mapping_scratch/" + name + ".npy"))));
}

double scratch_error(const Variable<float, 4>& actual, const std::string& expected) {
    return test::absolute_error(actual.value().to_values(),
                                scratch_array(expected).value().to_values());
}

ScratchMappingOptions small_scratch() {
    return {.mapping = {.base = 2, .max_width = 4, .blocks = 1, .dilation = 2, .widen = 1},
            .global_blocks = 1};
}

}  // namespace

TEST_CASE("a mapping with a partial nonlocal block translates as the published one",
          "[models][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("ckpt/mapping_scratch.zip.pth");
    for (const std::string container : {"zip.pth", "legacy.pth", "safetensors"}) {
        INFO(container);
        const auto mapping = test::load_scratch_mapping("mapping_scratch." + container);
        const auto z = scratch_array("input");
        CHECK(scratch_error(mapping.before()(z), "before_NL") < 2e-4);
        for (const std::string name : {"holes", "soft", "odd", "one", "zero"}) {
            INFO(name);
            const double tolerance = name == "one" ? 5e-3 : 5e-4;
            const auto mask = scratch_array(name + "_mask").value();
            CHECK(scratch_error(mapping(z, mask), name + "_output") < tolerance);
        }
    }
}

TEST_CASE("the mapping with a partial nonlocal block of default options is the published one",
          "[models][state]") {
    const ScratchMapping<> mapping({}, Init::zeros());
    CHECK(test::state_lines<float>(mapping) == test::published_lines("mapping_scratch"));
    CHECK(count_parameters<float>(mapping) == 51344704);
}

TEST_CASE("what a scratch mapping is made of follows its options", "[models][state]") {
    auto options = small_scratch();
    options.local_blocks = 2;
    options.mapping.latent_channels = 1;
    Rng rng(1);
    const ScratchMapping<> mapping(options, rng);
    const auto lines = test::state_lines<float>(mapping);
    const auto count = [&](const std::string& part) {
        return std::count_if(lines.begin(), lines.end(), [&](const auto& line) {
            return line.find(part) != std::string::npos;
        });
    };
    CHECK(count("NL.res_block.") == 4);
    CHECK(count("NL.local_block.") == 8);
    CHECK(mapping.smallest_side() == 3);
    const Variable<float, 4> z(Tensor<float, 4>::ones({2, 2, 3, 5}));
    CHECK(mapping(z, Tensor<float, 4>::zeros({2, 1, 9, 7})).shape() == Shape<4>{2, 1, 3, 5});
    // Unlike the block alone, the mapping begins with a last convolution of drawn weights.
    for (const auto& [name, variable] : state_of<float>(mapping)) {
        if (name == "NL.W.weight") CHECK(variable.value()[0] != 0);
        if (name == "NL.W.bias") CHECK(variable.value()[0] == 0);
    }
}

TEST_CASE("the gradients of a whole scratch mapping match central differences",
          "[models][gradient]") {
    Rng rng(1);
    auto options = small_scratch();
    options.local_blocks = 1;
    const ScratchMapping<double> mapping(options, rng);
    const auto z = test::random_variable(Shape<4>{1, 2, 4, 5}, 2);
    const auto mask = Tensor<double, 4>::zeros({1, 1, 16, 20});
    mask.slice(3, 0, 7).fill(1);
    auto inputs = parameters_of<double>(mapping);
    inputs.push_back(z);
    // Norms of so few pixels bend much within larger steps.
    CHECK(testing::gradcheck([&] { return mapping(z, mask); }, inputs, {.step = 1e-6}) < 1e-7);
}

TEST_CASE("a scratch mapping refuses options that it cannot have", "[models][error]") {
    const auto message = [](const ScratchMappingOptions& options) {
        return test::message_of<OptionError>(
            [&] { static_cast<void>(ScratchMapping<>(options, Init::zeros())); });
    };
    CHECK(message(small_scratch()).empty());
    CHECK(message({.mapping = {.widen = 0}}) == "mapping: widen must lie in 1..15, got 0");
    CHECK(message({.global_blocks = -1}) ==
          "partial_nonlocal: blocks must not be negative, got -1");
    CHECK(message({.local_blocks = -1}) ==
          "partial_nonlocal: local_blocks must not be negative, got -1");
}
