#include <oldphoto/io/safetensors.hpp>
#include <oldphoto/nn/partial_nonlocal.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/random.hpp"
#include "../support/state.hpp"
#include <cstring>

using namespace oldphoto;
using test::Lines;

namespace {

template <class T>
void set(const AnyVariable<T>& variable, const std::vector<float>& values) {
    variable.value().assign(
        Tensor<T, 1>::from_values({variable.size()}, std::vector<T>(values.begin(), values.end())));
}

template <class T = float>
PartialNonlocal<T> block_of(Index channels, const PartialNonlocalOptions& attention = {}) {
    return PartialNonlocal<T>({.channels = channels, .attention = attention}, Init::zeros());
}

/// A block whose state is that of a checkpoint in a zip container, where tensor k of the state is
/// the member "data/k".
PartialNonlocal<> block_of_checkpoint(const std::string& name, Index channels,
                                      const PartialNonlocalOptions& attention) {
    const auto members = test::read_zip(test::fixture_path("ckpt/" + name + ".zip.pth"));
    const auto block = block_of(channels, attention);
    const auto state = state_of<float>(block);
    for (std::size_t k = 0; k < state.size(); ++k) {
        const auto& bytes = members.at(name + ".zip/data/" + std::to_string(k));
        std::vector<float> values(bytes.size() / sizeof(float));
        std::memcpy(values.data(), bytes.data(), bytes.size());
        set(state[k].variable, values);
    }
    return block;
}

Tensor<float, 4> scratch_array(const std::string& name) {
    return test::tensor_of<float, 4>(
        test::read_npy(test::fixture_path("mapping_scratch/" + name + ".npy")));
}

}  // namespace

TEST_CASE("a partial nonlocal block equals the published one for all of its switches",
          "[nn][parity]") {
    for (const std::string name : {"nonlocal_v0", "nonlocal_v1", "nonlocal_v2", "nonlocal_v3"}) {
        OLDPHOTO_NEEDS_FIXTURE("mapping_scratch/" + name + ".npz");
        OLDPHOTO_NEEDS_FIXTURE("ckpt/" + name + ".zip.pth");
        INFO(name);
        const auto fixture = test::read_npz(test::fixture_path("mapping_scratch/" + name + ".npz"));
        const auto flag = [&](const std::string& key) {
            return fixture.at(key).values<std::int64_t>().front() != 0;
        };
        const auto tensor = [&](const std::string& key) {
            return test::tensor_of<float, 4>(fixture.at(key));
        };
        const auto block =
            block_of_checkpoint(name, 12,
                                {.temperature = fixture.at("temperature").values<float>().front(),
                                 .cosine = flag("cosine"),
                                 .renormalize = flag("renorm"),
                                 .use_self = flag("use_self")});
        const auto mask = tensor("mask");
        CHECK(valid_map(mask, {9, 11}).to_values() == tensor("valid").to_values());
        const auto y = block(Variable<float, 4>(tensor("input")), mask).value();
        CHECK(test::absolute_error(y.to_values(), tensor("output").to_values()) < 2e-4);
    }
}

TEST_CASE("the partial nonlocal block of the scratch mapping equals the published one",
          "[nn][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("ckpt/mapping_scratch.safetensors");
    OLDPHOTO_NEEDS_FIXTURE("mapping_scratch/before_NL.npy");
    const auto arrays =
        read_safetensors(test::fixture_path("ckpt/mapping_scratch.safetensors")).tensors;
    const auto block = block_of(24);
    for (const auto& [name, variable] : state_of<float>(block)) {
        INFO(name);
        set(variable, arrays.at("NL." + name).values<float>());
    }
    const Variable<float, 4> x(scratch_array("before_NL"));
    const auto error = [](const Variable<float, 4>& actual, const std::string& expected) {
        return test::absolute_error(actual.value().to_values(),
                                    scratch_array(expected).to_values());
    };
    for (const std::string name : {"holes", "soft", "odd", "one", "zero"}) {
        INFO(name);
        const auto mask = scratch_array(name + "_mask");
        const double tolerance = name == "zero" ? 1e-30 : name == "one" ? 5e-3 : 5e-4;
        CHECK(error(block(x, mask), name + "_fused") < tolerance);
        if (name != "holes" && name != "one") continue;
        CHECK(error(block.fill(x, valid_map(mask, {16, 16})), name + "_global") < tolerance);
    }
}

TEMPLATE_TEST_CASE("a partial nonlocal block equals PyTorch, value and all gradients",
                   "[nn][parity]", float, double) {
    using T = TestType;
    OLDPHOTO_NEEDS_FIXTURE("ops/partial_nonlocal.npz");
    const auto fixture = test::read_npz(test::fixture_path("ops/partial_nonlocal.npz"));
    const auto expected = [&](const std::string& name) { return fixture.at(name).values<float>(); };
    const auto block = block_of<T>(6);
    const auto state = state_of<T>(block);
    REQUIRE(state.size() == 20);
    for (const auto& [name, variable] : state) set(variable, expected("param/" + name));

    const Variable<T, 4> x(test::tensor_of<T, 4>(fixture.at("x")), true);
    auto parameters = parameters_of<T>(block);
    parameters.push_back(x);
    Program program;
    Variable<T, 4> y;
    Variable<T, 0> loss;
    {
        const auto recording = program.record();
        y = block(x, test::tensor_of<T, 4>(fixture.at("mask")));
        loss = sum(y * test::tensor_of<T, 4>(fixture.at("gy")));
    }
    program.backward(loss, parameters);

    CHECK(test::relative_error(y.value().to_values(), expected("y")) < 1e-4);
    CHECK(test::relative_error(x.gradient().to_values(), expected("gx")) < 1e-4);
    for (const auto& [name, variable] : state) {
        INFO(name);
        const auto gradient = variable.gradient().to_values();
        // A norm follows, or a softmax over what all have: zero but for rounding.
        const bool without_effect = name == "phi.bias" || name.find("conv_block") != name.npos;
        if (without_effect && name.ends_with("bias")) {
            CHECK(test::absolute_error(gradient, expected("grad/" + name)) < 1e-5);
        } else {
            CHECK(test::relative_error(gradient, expected("grad/" + name)) < 1e-4);
        }
    }
}

TEST_CASE("a partial nonlocal block's gradients match central differences", "[nn][gradient]") {
    Rng rng(1);
    const auto x = test::random_variable(Shape<4>{2, 3, 4, 5}, 2);
    auto mask = Tensor<double, 4>::zeros({2, 1, 16, 20});
    mask.slice(2, 0, 8).slice(3, 5, 12).fill(1);
    mask(0, 0, 12, 16) = 0.25;
    for (const bool cosine : {false, true}) {
        const PartialNonlocal<double> block({.channels = 3,
                                             .inner_channels = 2,
                                             .attention = {.cosine = cosine},
                                             .blocks = 1,
                                             .local_blocks = 1,
                                             .zero_init = false},
                                            rng);
        auto inputs = parameters_of<double>(block);
        inputs.push_back(x);
        CHECK(testing::gradcheck([&] { return block(x, mask); }, inputs) < 1e-7);
    }
}

TEST_CASE("a partial nonlocal block keeps what is clean and fills what is not", "[nn][forward]") {
    Rng rng(1);
    const auto x = test::random_tensor<float>(Shape<4>{1, 4, 4, 4}, 2);
    auto mask = Tensor<float, 4>::zeros({1, 1, 16, 16});
    const PartialNonlocal<> block({.channels = 4, .zero_init = false}, rng);
    CHECK(block(Variable<float, 4>(x), mask).value().to_values() == x.to_values());
    mask.slice(3, 0, 8).fill(1);  // the left half
    const auto y = block(Variable<float, 4>(x), mask).value();
    CHECK(y.slice(3, 2, 4).to_values() == x.slice(3, 2, 4).to_values());
    CHECK(y.slice(3, 0, 2).to_values() != x.slice(3, 0, 2).to_values());
}

TEST_CASE("the output of a new partial nonlocal block is zero in holes", "[nn][state]") {
    Rng rng(1);
    const auto x = test::random_tensor<float>(Shape<4>{1, 4, 4, 4}, 2);
    const auto mask = Tensor<float, 4>::ones({1, 1, 16, 16});
    const PartialNonlocal<> block({.channels = 4, .blocks = 0}, rng);
    CHECK(block(Variable<float, 4>(x), mask).value().to_values() == std::vector<float>(64));
    const PartialNonlocal<> drawn({.channels = 4, .zero_init = false}, Init(rng, InitKind::normal));
    for (const auto& [name, variable] : state_of<float>(drawn)) {
        const auto values = variable.value().to_values();
        const bool zero = values == std::vector<float>(values.size());
        CHECK(zero == (name == "W.bias"));
    }
}

TEST_CASE("a partial nonlocal block names its layers as the published one does", "[nn][state]") {
    const auto weights_of = [](const PartialNonlocalLayerOptions& o) {
        Lines weights;
        for (const auto& line : test::state_lines<float>(PartialNonlocal<>(o, Init::zeros()))) {
            if (line.find("weight") != std::string::npos) weights.push_back(line);
        }
        return weights;
    };
    CHECK(weights_of({.channels = 8, .blocks = 1}) ==
          Lines{"g.weight 8x8x1x1", "W.weight 8x8x1x1", "theta.weight 8x8x1x1",
                "phi.weight 8x8x1x1", "res_block.0.conv_block.1.weight 8x8x3x3",
                "res_block.0.conv_block.5.weight 8x8x3x3"});
    CHECK(weights_of({.channels = 8, .inner_channels = 3, .blocks = 0, .local_blocks = 1}) ==
          Lines{"g.weight 3x8x1x1", "W.weight 8x3x1x1", "theta.weight 3x8x1x1",
                "phi.weight 3x8x1x1", "local_block.0.conv_block.1.weight 8x8x3x3",
                "local_block.0.conv_block.5.weight 8x8x3x3"});
    CHECK(test::state_names<float>(block_of(8)).size() == 20);
}

TEST_CASE("a partial nonlocal block names the option that is out of range", "[nn][error]") {
    const auto with = [](const PartialNonlocalLayerOptions& o) {
        return PartialNonlocal<>(o, Init::zeros());
    };
    CHECK_THROWS_WITH(with({.channels = 0}), "partial_nonlocal: channels must be positive, got 0");
    CHECK_THROWS_WITH(with({.channels = 2, .inner_channels = -1}),
                      "partial_nonlocal: inner_channels must not be negative, got -1");
    CHECK_THROWS_WITH(with({.channels = 2, .blocks = -1}),
                      "partial_nonlocal: blocks must not be negative, got -1");
    CHECK_THROWS_WITH(with({.channels = 2, .local_blocks = -2}),
                      "partial_nonlocal: local_blocks must not be negative, got -2");
    const Variable<float, 4> x(Tensor<float, 4>::ones({2, 2, 4, 4}));
    CHECK_THROWS_WITH(with({.channels = 2})(x, Tensor<float, 4>::ones({1, 1, 16, 16})),
                      "partial_nonlocal: valid must have the pixels of v\n"
                      "  valid (N, 1, h, w) = (1, 1, 4, 4)\n"
                      "  v (N, C, h, w) = (2, 2, 4, 4)");
}
