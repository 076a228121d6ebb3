#include <oldphoto/nn/residual.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/random.hpp"
#include "../support/state.hpp"

using namespace oldphoto;
using test::Lines;

TEMPLATE_TEST_CASE("a residual block equals PyTorch, value and all gradients", "[nn][parity]",
                   float, double) {
    using T = TestType;
    OLDPHOTO_NEEDS_FIXTURE("ops/residual_block.npz");
    const auto fixture = test::read_npz(test::fixture_path("ops/residual_block.npz"));
    const auto dilation = fixture.at("@dilation").values<std::int32_t>().front();
    CHECK(dilation == 2);
    const ResidualBlock<T> block({.channels = 5, .dilation = dilation}, Init::zeros());
    const auto state = state_of<T>(block);
    REQUIRE(state.size() == 4);
    for (const auto& [name, variable] : state) {
        const test::Array& parameter = fixture.at("param/" + name);
        const auto stored = parameter.values<float>();
        variable.value().assign(Tensor<T, 1>::from_values(
            {variable.size()}, std::vector<T>(stored.begin(), stored.end())));
    }

    const Variable<T, 4> x(test::tensor_of<T, 4>(fixture.at("x")), true);
    auto parameters = parameters_of<T>(block);
    parameters.push_back(x);
    Program program;
    Variable<T, 4> y;
    Variable<T, 0> loss;
    {
        const auto recording = program.record();
        y = block(x);
        loss = sum(y * test::tensor_of<T, 4>(fixture.at("gy")));
    }
    program.backward(loss, parameters);

    const auto expected = [&](const std::string& name) { return fixture.at(name).values<float>(); };
    CHECK(test::relative_error(y.value().to_values(), expected("y")) < 1e-5);
    CHECK(test::relative_error(x.gradient().to_values(), expected("gx")) < 1e-5);
    for (const auto& [name, variable] : state) {
        INFO(name);
        const auto gradient = variable.gradient().to_values();
        if (name.ends_with("bias")) {  // a norm follows: zero but for rounding
            CHECK(test::absolute_error(gradient, expected("grad/" + name)) < 1e-5);
        } else {
            CHECK(test::relative_error(gradient, expected("grad/" + name)) < 1e-5);
        }
    }
}

TEST_CASE("a residual block's gradients match central differences for every norm",
          "[nn][gradient]") {
    for (const auto norm :
         {NormKind::instance, NormKind::affine_instance, NormKind::batch, NormKind::none}) {
        Rng rng(1);
        ResidualBlock<double> block({.channels = 2, .dilation = 2, .norm = norm}, rng);
        block.set_training(true);
        const auto x = test::random_variable(Shape<4>{2, 2, 5, 4}, 2);
        auto inputs = parameters_of<double>(block);
        inputs.push_back(x);
        CHECK(testing::gradcheck([&] { return block(x); }, inputs) < 1e-7);
    }
}

TEST_CASE("a residual block adds its input to what its layers give", "[nn][forward]") {
    // With all weights zero the second norm sees a constant plane and gives zero.
    const ResidualBlock<float> block({.channels = 3}, Init::zeros());
    const auto x = test::random_tensor<float>(Shape<4>{1, 3, 4, 5}, 4);
    CHECK(block(Variable<float, 4>(x)).value().to_values() == x.to_values());
}

TEST_CASE("a residual block names its layers as the published one does", "[nn][state]") {
    const auto init = Init::zeros();
    CHECK(test::state_lines<float>(ResidualBlock<>({.channels = 2}, init)) ==
          Lines{"conv_block.1.weight 2x2x3x3", "conv_block.1.bias 2", "conv_block.5.weight 2x2x3x3",
                "conv_block.5.bias 2"});
    CHECK(test::state_names<float>(
              ResidualBlock<>({.channels = 2, .norm = NormKind::affine_instance}, init)) ==
          Lines{"conv_block.1.weight", "conv_block.1.bias", "conv_block.2.weight",
                "conv_block.2.bias", "conv_block.5.weight", "conv_block.5.bias",
                "conv_block.6.weight", "conv_block.6.bias"});
}
