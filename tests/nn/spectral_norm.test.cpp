#include <oldphoto/nn/conv2d.hpp>
#include <oldphoto/nn/linear.hpp>
#include <oldphoto/nn/spectral_norm.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/random.hpp"
#include "../support/state.hpp"
#include <cmath>

using namespace oldphoto;
using test::Lines;

namespace {

/// One entry of a layer's state, in row-major order.
template <class T, class Net>
Tensor<T, 1> entry(const Net& net, const std::string& name) {
    for (const auto& found : state_of<T>(net)) {
        if (found.name == name) return found.variable.value();
    }
    FAIL("no " << name);
    return {};
}

template <class T>
auto small_layer(std::uint64_t seed) {
    Rng rng(seed);
    return SpectralNorm(Conv2d<T>({.in_channels = 2, .out_channels = 3, .kernel = 3}, rng), rng);
}

/// The published layer of the fixture, its convolution as the attributes say.
template <class T>
auto stored_layer(const test::Archive& arrays) {
    const auto attribute = [&](const std::string& name) -> Index {
        return arrays.at("@" + name).values<std::int32_t>().front();
    };
    auto layer = SpectralNorm(Conv2d<T>({.in_channels = 3,
                                         .out_channels = 5,
                                         .kernel = 4,
                                         .stride = attribute("stride"),
                                         .padding = attribute("padding"),
                                         .bias = false},
                                        Init::zeros()),
                              Init::zeros());
    const auto fill = [&](const std::string& name) {
        const auto numbers = arrays.at(name).values<float>();
        entry<T>(layer, name)
            .assign(Tensor<T, 1>::from_values({static_cast<Index>(numbers.size())},
                                              std::vector<T>(numbers.begin(), numbers.end())));
    };
    fill("weight_orig");
    fill("weight_u");
    return layer;
}

}  // namespace

TEST_CASE("SpectralNorm has the state that PyTorch gives such a layer", "[nn][state]") {
    Rng rng;
    const Conv2dLayerOptions options{.in_channels = 4, .out_channels = 6, .kernel = {3, 2}};
    CHECK(test::state_lines<float>(SpectralNorm(Conv2d<>(options, rng), rng)) ==
          Lines{"bias 6", "weight_orig 6x4x3x2", "weight_u 6", "weight_v 24"});
    auto bare = options;
    bare.bias = false;
    CHECK(test::state_lines<float>(SpectralNorm(Conv2d<>(bare, rng), rng)) ==
          Lines{"weight_orig 6x4x3x2", "weight_u 6", "weight_v 24"});
    CHECK(test::state_lines<float>(SpectralNorm(Linear<>({4, 6}, rng), rng)) ==
          Lines{"bias 6", "weight_orig 6x4", "weight_u 6", "weight_v 4"});
    const ConvTranspose2d<> transposed({.in_channels = 4, .out_channels = 6, .kernel = 3}, rng);
    CHECK(test::state_lines<float>(SpectralNorm(transposed, rng)) ==
          Lines{"bias 6", "weight_orig 4x6x3x3", "weight_u 6", "weight_v 36"});
}

TEST_CASE("u and v begin as unit vectors and are not trained", "[nn][state]") {
    const auto layer = small_layer<double>(1);
    CHECK(norm_l2(entry<double>(layer, "weight_u")) == Approx(1));
    CHECK(norm_l2(entry<double>(layer, "weight_v")) == Approx(1));
    CHECK(count_parameters<double>(layer) == 3 + 3 * 2 * 9);
    const SpectralNorm empty(Linear<>({4, 6}, Init::zeros()), Init::zeros());
    CHECK(norm_l2(entry<float>(empty, "weight_u")) == 0);
}

TEMPLATE_TEST_CASE("SpectralNorm computes, differentiates and iterates as the published layer",
                   "[nn][parity]", float, double) {
    const auto arrays = test::read_npz(test::fixture_path("ops/spectral_norm.npz"));
    auto layer = stored_layer<TestType>(arrays);
    layer.set_training(true);
    const Variable<TestType, 4> x(test::tensor_of<TestType, 4>(arrays.at("x")), true);
    const auto parameters = parameters_of<TestType>(layer);
    REQUIRE(parameters.size() == 1);
    auto roles = arrays;
    roles["gw"] = arrays.at("gweight_orig");
    test::check_op<TestType>({"spectral_norm", roles}, {{"x", x}, {"w", parameters.front()}},
                             [&] { return layer(x); });
    for (const std::string name : {"weight_u", "weight_v"}) {
        INFO(name);
        CHECK(test::relative_error(entry<TestType>(layer, name).to_values(),
                                   arrays.at(name + "_after").values<float>()) < 1e-5);
    }
}

TEST_CASE("outside training u and v stay, and sigma follows from them", "[nn][forward]") {
    const auto layer = small_layer<double>(1);
    const auto x = test::random_variable(Shape<4>{1, 2, 5, 4}, 2);
    const auto u = entry<double>(layer, "weight_u").clone();
    const auto v = entry<double>(layer, "weight_v").clone();
    const auto w = entry<double>(layer, "weight_orig").reshape(Shape<4>{3, 2, 3, 3});
    const auto bias = entry<double>(layer, "bias").clone();
    const auto y = layer(x).value();
    CHECK(entry<double>(layer, "weight_u").to_values() == u.to_values());
    CHECK(entry<double>(layer, "weight_v").to_values() == v.to_values());

    const double sigma = sum(w * u.reshape(Shape<4>{3, 1, 1, 1}) * v.reshape(Shape<4>{1, 2, 3, 3}));
    const auto expected =
        conv2d(x, Variable<double, 4>(w / sigma), Variable<double, 1>(bias)).value();
    for (Index i = 0; i < y.size(); ++i) CHECK(y[i] == Approx(expected[i]));
}

TEST_CASE("each pass of a recording iterates once and keeps its own u and v", "[nn][gradient]") {
    const auto x = test::random_variable(Shape<4>{1, 2, 5, 4}, 2);
    const auto gradient = [&](bool first, bool second) {
        AnyLayer<double> layer = small_layer<double>(1);
        layer.set_training(true);
        const auto parameters = parameters_of<double>(layer);
        Program program;
        Variable<double, 0> loss;
        {
            const auto recording = program.record();
            const auto a = sum(square(layer(x)));
            const auto b = sum(square(layer(x)));
            loss = (first ? 1 : 0) * a + (second ? 1 : 0) * b;
        }
        program.backward(loss, parameters);
        return parameters.back().gradient();
    };
    const auto a = gradient(true, false);
    const auto b = gradient(false, true);
    const auto both = gradient(true, true);
    for (Index i = 0; i < both.size(); ++i) CHECK(both[i] == Approx(a[i] + b[i]));
    CHECK(a.to_values() != b.to_values());
}

TEST_CASE("the second run of a checkpoint does not iterate", "[nn][forward]") {
    auto layer = small_layer<double>(1);
    layer.set_training(true);
    const auto x = test::random_variable(Shape<4>{1, 2, 5, 4}, 2);
    const auto y = layer(x).value();
    const auto u = entry<double>(layer, "weight_u").to_values();
    Program program;
    const auto replay = program.replay();
    CHECK(layer(x).value().to_values() == y.to_values());
    CHECK(entry<double>(layer, "weight_u").to_values() == u);
}
