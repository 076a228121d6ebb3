#include <oldphoto/nn/activation.hpp>
#include <oldphoto/nn/conv2d.hpp>
#include <oldphoto/nn/pad.hpp>
#include <oldphoto/nn/pool.hpp>
#include <oldphoto/nn/resample.hpp>
#include <oldphoto/nn/sequential.hpp>

#include <catch2/catch.hpp>

#include "../support/state.hpp"
#include <cmath>

using namespace oldphoto;

namespace {

using Names = std::vector<std::string>;
using Values = std::vector<float>;

struct AddOne {
    Variable<float, 4> operator()(const Variable<float, 4>& x) const { return x + 1; }
};
struct Double {
    Variable<float, 4> operator()(const Variable<float, 4>& x) const { return 2 * x; }
};

Variable<float, 4> picture(const Shape<4>& shape, const Values& values) {
    return Variable<float, 4>(Tensor<float, 4>::from_values(shape, values));
}

}  // namespace

TEST_CASE("Sequential runs its layers in order, all or some of them", "[nn][forward]") {
    Sequential<float> net{AddOne{}, Double{}};
    net.add(AddOne{});
    const auto x = picture({1, 1, 1, 1}, {3});
    CHECK(net.size() == 3);
    CHECK(net(x).value().item() == 9);
    CHECK(net.slice(1, 2)(x).value().item() == 6);
    CHECK(net.slice(1, 3)(x).value().item() == 7);
    CHECK(net.slice(2, 2)(x).value().item() == 3);
    CHECK(Sequential<float>{}(x).value().item() == 3);
    CHECK_THROWS_WITH(net.slice(2, 4)(x),
                      "sequential: expected 0 <= begin <= end <= 3, got [2, 4)");
    CHECK_THROWS_AS(net.slice(2, 1)(x), OptionError);
}

TEST_CASE("Sequential names its layers by position, also inside another", "[nn][state]") {
    Rng rng;
    const Conv2dLayerOptions options{.in_channels = 1, .out_channels = 1, .kernel = 1};
    const Sequential<float> inner{Relu{}, Conv2d<>(options, rng)};
    const Sequential<float> net{Conv2d<>(options, rng), Relu{}, inner, Conv2d<>(options, rng)};
    CHECK(test::state_names<float>(net) ==
          Names{"0.weight", "0.bias", "2.1.weight", "2.1.bias", "3.weight", "3.bias"});
    CHECK(count_parameters<float>(net) == 6);
}

TEST_CASE("copies of layers and networks share their parameters", "[nn][state]") {
    Rng rng;
    const Conv2d<> conv({.in_channels = 1, .out_channels = 1, .kernel = 1, .bias = false}, rng);
    const Conv2d<> copy = conv;
    const Sequential<float> net{conv, copy};
    const Sequential<float> same = net;
    state_of<float>(conv)[0].variable.value().fill(3);
    const auto x = picture({1, 1, 1, 1}, {5});
    CHECK(copy(x).value().item() == 15);
    CHECK(net(x).value().item() == 45);
    CHECK(same(x).value().item() == 45);
}

TEST_CASE("layers without parameters do what the ops of their names do", "[nn][forward]") {
    const auto x = picture({1, 1, 2, 2}, {1, -2, 3, 4});
    const auto values = [&](const AnyLayer<float>& layer) { return layer(x).value().to_values(); };
    CHECK(test::state_names<float>(Sequential<float>{MaxPool2d{{.kernel = 2}}}).empty());
    CHECK(values(Relu{}) == Values{1, 0, 3, 4});
    CHECK(values(LeakyRelu{fn::LeakyReluFn{0.5F}}) == Values{1, -1, 3, 4});
    CHECK(values(Tanh{})[0] == Approx(std::tanh(1.0F)));
    CHECK(values(Sigmoid{})[0] == Approx(1 / (1 + std::exp(-1.0F))));
    CHECK(values(Identity{}) == Values{1, -2, 3, 4});
    CHECK(values(Pad2d{1, PaddingMode::replicate}) ==
          Values{1, 1, -2, -2, 1, 1, -2, -2, 3, 3, 4, 4, 3, 3, 4, 4});
    CHECK(values(MaxPool2d{{.kernel = 2}}) == Values{4});
    CHECK(values(AvgPool2d{{.kernel = {1, 2}}}) == Values{-0.5F, 3.5F});
    CHECK(values(Resample{{1, 3}, ResampleMode::nearest}) == Values{1, 1, -2});
    CHECK(values(ResampleBy{2, ResampleMode::nearest}) ==
          Values{1, 1, -2, -2, 1, 1, -2, -2, 3, 3, 4, 4, 3, 3, 4, 4});
}

TEST_CASE("a Sequential takes what maps pictures to pictures and nothing else", "[nn][static]") {
    STATIC_REQUIRE(Layer<Relu, float>);
    STATIC_REQUIRE(Layer<Conv2d<double>, double>);
    STATIC_REQUIRE(!Layer<int, float>);
    STATIC_REQUIRE(std::is_constructible_v<AnyLayer<float>, Relu>);
    STATIC_REQUIRE(!std::is_constructible_v<AnyLayer<float>, std::string>);
}
