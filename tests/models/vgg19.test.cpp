#include <oldphoto/losses/l1.hpp>
#include <oldphoto/models/vgg19.hpp>
#include <oldphoto/ops/shape.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include "../support/fixtures.hpp"
#include "../support/formula_weights.hpp"
#include "../support/random.hpp"
#include "../support/state.hpp"
#include <array>

using namespace oldphoto;
using test::Lines;

TEST_CASE("the perceptual loss over VGG-19 is the published one", "[models][parity]") {
    const auto arrays = test::read_npz(test::fixture_path("vgg/perceptual.npz"));
    const Vgg19Features<> vgg({}, Init::zeros());
    test::fill_by_formula<float>(vgg, "vgg19");
    const Variable<float, 4> x(test::tensor_of<float, 4>(arrays.at("x")), true);
    const auto target = vgg(Variable<float, 4>(test::tensor_of<float, 4>(arrays.at("y"))));

    constexpr std::array<double, 5> weights{1.0 / 32, 1.0 / 16, 1.0 / 8, 1.0 / 4, 1};
    Program program;
    Vgg19Features<>::Slices slices;
    Variable<float, 0> loss;
    std::vector<float> distances;
    {
        const auto recording = program.record();
        slices = vgg(x);
        for (std::size_t k = 0; k < slices.size(); ++k) {
            const auto distance = l1_loss(slices[k], target[k].value());
            distances.push_back(distance.item());
            loss = k == 0 ? Variable<float, 0>(weights[k] * distance)
                          : Variable<float, 0>(loss + weights[k] * distance);
        }
    }
    program.backward(loss, ParameterList<float>{x});

    const auto error = [&](const std::vector<float>& actual, const std::string& name) {
        return test::relative_error(actual, arrays.at(name).values<float>());
    };
    CHECK(error({loss.item()}, "loss") < 1e-4);
    CHECK(error(distances, "per_slice_l1") < 1e-4);
    CHECK(error(x.gradient().to_values(), "gx") < 1e-4);
    for (std::size_t k = 0; k < slices.size(); ++k) {
        INFO(k);
        const auto first_channels = slices[k].value().slice(1, 0, 4);
        CHECK(error(first_channels.to_values(), "slice" + std::to_string(k) + "_c0_3") < 1e-4);
    }
}

TEST_CASE("VGG-19 has torchvision's names and widths up to its 13th convolution",
          "[models][state]") {
    const Vgg19Features<> vgg({}, Init::zeros());
    const Lines weights{"features.0.weight 64x3x3x3",     "features.2.weight 64x64x3x3",
                        "features.5.weight 128x64x3x3",   "features.7.weight 128x128x3x3",
                        "features.10.weight 256x128x3x3", "features.12.weight 256x256x3x3",
                        "features.14.weight 256x256x3x3", "features.16.weight 256x256x3x3",
                        "features.19.weight 512x256x3x3", "features.21.weight 512x512x3x3",
                        "features.23.weight 512x512x3x3", "features.25.weight 512x512x3x3",
                        "features.28.weight 512x512x3x3"};
    Lines lines;
    for (const auto& weight : weights) {
        lines.push_back(weight);
        const auto dot = weight.find(".weight ");
        lines.push_back(weight.substr(0, dot) + ".bias " +
                        weight.substr(dot + 8, weight.find('x') - dot - 8));
    }
    CHECK(test::state_lines<float>(vgg) == lines);
    CHECK(count_parameters<float>(vgg) == 12944960);
}

TEST_CASE("each slice halves the last one's sides, rounding down", "[models][forward]") {
    const Vgg19Features<> vgg({.in_channels = 1, .width = 2}, Init::zeros());
    const auto slices = vgg(Variable<float, 4>(Tensor<float, 4>::ones({2, 1, 16, 37})));
    CHECK(slices[0].shape() == Shape<4>{2, 2, 16, 37});
    CHECK(slices[1].shape() == Shape<4>{2, 4, 8, 18});
    CHECK(slices[2].shape() == Shape<4>{2, 8, 4, 9});
    CHECK(slices[3].shape() == Shape<4>{2, 16, 2, 4});
    CHECK(slices[4].shape() == Shape<4>{2, 16, 1, 2});
}

TEST_CASE("the gradients of all slices match central differences", "[models][gradient]") {
    Rng rng(1);
    const Vgg19Features<double> vgg({.in_channels = 1, .width = 1}, rng);
    const auto x = test::random_variable(Shape<4>{1, 1, 16, 16}, 2);
    auto inputs = parameters_of<double>(vgg);
    inputs.push_back(x);
    const auto slices = [&] {
        const auto flat = [](const Variable<double, 4>& y) {
            return reshape(y, Shape<1>{y.size()});
        };
        const auto [a, b, c, d, e] = vgg(x);
        return concat(0, flat(a), flat(b), flat(c), flat(d), flat(e));
    };
    CHECK(testing::gradcheck(slices, inputs, {.step = 1e-6}) < 1e-7);
}

TEST_CASE("VGG-19 refuses options and pictures that it cannot have", "[models][error]") {
    const auto message = [](const Vgg19Options& options) {
        return test::message_of<OptionError>([&] { options.check(); });
    };
    CHECK(message({}).empty());
    CHECK(message({.in_channels = 0}) == "vgg19: in_channels must be positive, got 0");
    CHECK(message({.width = 0}) == "vgg19: width must be positive, got 0");
    const Vgg19Features<> vgg({.width = 1}, Init::zeros());
    const auto run = [&](const Shape<4>& shape) {
        return vgg(Variable<float, 4>(Tensor<float, 4>::ones(shape)));
    };
    CHECK_THROWS_AS(run({1, 1, 16, 16}), ShapeError);
    CHECK_THROWS_AS(run({1, 3, 16, 15}), ShapeError);
}
