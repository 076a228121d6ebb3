#include <oldphoto/models/vae.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include "../support/fixtures.hpp"
#include "../support/networks.hpp"
#include "../support/random.hpp"
#include "../support/state.hpp"
#include <algorithm>
#include <cmath>

using namespace oldphoto;
using test::Lines;

namespace {

Variable<float, 4> vae_array(const std::string& name) {
    return Variable<float, 4>(
        test::tensor_of<float, 4>(test::read_npy(test::fixture_path("vae/" + name + ".npy"))));
}

double vae_error(const Variable<float, 4>& actual, const Variable<float, 4>& expected) {
    REQUIRE(actual.shape() == expected.shape());
    return test::absolute_error(actual.value().to_values(), expected.value().to_values());
}

Vae<> empty_vae(const VaeOptions& options, VaePart part = VaePart::both) {
    return Vae<>(options, Init::zeros(), part);
}

}  // namespace

TEST_CASE("a VAE encodes and decodes as the published one", "[models][parity]") {
    for (const std::string name : {"A", "B"}) {
        INFO(name);
        const auto vae = test::load_vae("vae_" + name);
        const auto x = vae_array(name + "_input");
        const auto z = vae_array(name + "_latent");
        const auto y = vae_array(name + "_output");
        CHECK(vae_error(vae.encode(x), z) < 1e-4);
        CHECK(vae_error(vae.decode(z), y) < 1e-4);
        CHECK(vae_error(vae(x), y) < 1e-4);
    }
}

TEST_CASE("every layer of a VAE gives what the published one gives", "[models][parity]") {
    const auto vae = test::load_vae("vae_A");
    const auto taps = test::read_npz(test::fixture_path("vae/A_taps.npz"));
    const auto tap = [&](const std::string& name) {
        return Variable<float, 4>(test::tensor_of<float, 4>(taps.at(name)));
    };
    const auto x = tap("input");
    const auto z = vae.encode(x);
    int checked = 0;
    for (const auto& [name, array] : taps) {
        if (name == "input") continue;
        INFO(name);
        const auto dot = name.find('.');
        const auto count = std::stoul(name.substr(dot + 1)) + 1;
        const bool encoder = name.substr(0, dot) == "encoder";
        const auto y =
            encoder ? vae.encoder().slice(0, count)(x) : vae.decoder().slice(0, count)(z);
        CHECK(vae_error(y, tap(name)) < 1e-4);
        ++checked;
    }
    CHECK(checked == 17);
}

TEST_CASE("the VAE of default options is the published one", "[models][state]") {
    const auto vae = empty_vae({});
    CHECK(test::state_lines<float>(vae) == test::published_lines("vae"));
    CHECK(count_parameters<float>(vae) == 872131);
    CHECK(vae.options().size_multiple() == 4);
    CHECK(vae.options().latent_width() == 64);
}

TEST_CASE("the general construction puts its layers where the published code does",
          "[models][state]") {
    // Two halvings, the second in place of a bottleneck of the same size; residual blocks from the
    // first stage on; a 1 x 1 convolution to the latent.
    const auto vae = empty_vae({.in_channels = 1,
                                .width = 2,
                                .max_width = 5,
                                .stages = 2,
                                .kernel = 3,
                                .first_residual = 0,
                                .bottleneck = VaeBottleneck::half,
                                .latent_channels = 3});
    const Lines weights_and_shapes{"encoder.1.weight 2x1x7x7",
                                   "encoder.4.weight 4x2x3x3",
                                   "encoder.7.conv_block.1.weight 4x4x3x3",
                                   "encoder.7.conv_block.5.weight 4x4x3x3",
                                   "encoder.8.conv_block.1.weight 4x4x3x3",
                                   "encoder.8.conv_block.5.weight 4x4x3x3",
                                   "encoder.9.weight 5x4x3x3",
                                   "encoder.12.conv_block.1.weight 5x5x3x3",
                                   "encoder.12.conv_block.5.weight 5x5x3x3",
                                   "encoder.13.weight 3x5x1x1",
                                   "decoder.0.weight 5x3x1x1",
                                   "decoder.1.conv_block.1.weight 5x5x3x3",
                                   "decoder.1.conv_block.5.weight 5x5x3x3",
                                   "decoder.2.weight 5x4x3x3",
                                   "decoder.5.conv_block.1.weight 4x4x3x3",
                                   "decoder.5.conv_block.5.weight 4x4x3x3",
                                   "decoder.6.conv_block.1.weight 4x4x3x3",
                                   "decoder.6.conv_block.5.weight 4x4x3x3",
                                   "decoder.7.weight 4x2x3x3",
                                   "decoder.11.weight 1x2x7x7"};
    Lines weights;
    for (const auto& line : test::state_lines<float>(vae)) {
        if (line.find(".weight") != std::string::npos) weights.push_back(line);
    }
    CHECK(weights == weights_and_shapes);
    CHECK(vae.encoder().size() == 14);
    CHECK(vae.decoder().size() == 13);
}

TEST_CASE("a VAE shrinks and restores pictures by its size multiple", "[models][forward]") {
    for (const Index kernel : {3, 4}) {
        for (const auto bottleneck : {VaeBottleneck::half, VaeBottleneck::same}) {
            for (Index stages = 1; stages <= 3; ++stages) {
                const VaeOptions options{.width = 2,
                                         .max_width = 2 << (stages - 1),
                                         .stages = stages,
                                         .kernel = kernel,
                                         .first_residual = stages - 1,
                                         .bottleneck = bottleneck,
                                         .latent_channels = stages == 2 ? 3 : 0};
                const Index m = bottleneck == VaeBottleneck::half ? 1 << stages : 1 << (stages - 1);
                CHECK(options.size_multiple() == m);
                const auto vae = empty_vae(options);
                const Index side = options.smallest_side();
                const Variable<float, 4> x(Tensor<float, 4>::ones({2, 3, side, side + m}));
                const auto z = vae.encode(x);
                CHECK(z.shape() == Shape<4>{2, options.latent_width(), side / m, side / m + 1});
                CHECK(vae.decode(z).shape() == x.shape());
            }
        }
    }
}

TEST_CASE("the decoder ends in tanh or in its convolution", "[models][forward]") {
    const auto values = [](bool tanh_output) {
        const VaeOptions options{.width = 1, .max_width = 1, .tanh_output = tanh_output};
        const Vae<> vae = empty_vae(options, VaePart::decoder);
        for (const auto& [name, variable] : state_of<float>(vae)) {
            if (name == "decoder.11.bias") variable.value().fill(2);
        }
        return vae.decode(Variable<float, 4>(Tensor<float, 4>::ones({1, 1, 2, 2}))).value()[0];
    };
    CHECK(values(false) == 2);
    CHECK(values(true) == Approx(std::tanh(2.0)));
}

TEST_CASE("a VAE is its norm's kind throughout", "[models][state]") {
    const auto names = [](NormKind norm) {
        return test::state_names<float>(empty_vae({.width = 2, .max_width = 2, .norm = norm}));
    };
    CHECK(names(NormKind::none) == names(NormKind::instance));
    // After 3 convolutions of the encoder, 2 of the decoder and 2 in each of 8 residual blocks.
    const auto count_of = [](const Lines& list, std::string_view end) {
        return std::count_if(list.begin(), list.end(),
                             [&](const auto& name) { return name.ends_with(end); });
    };
    CHECK(count_of(names(NormKind::batch), "running_mean") == 3 + 2 + 16);
    CHECK(names(NormKind::affine_instance).size() == 44 + 2 * (3 + 2 + 16));
}

TEST_CASE("the gradients of a whole VAE match central differences", "[models][gradient]") {
    Rng rng(1);
    const Vae<double> vae({.in_channels = 1,
                           .width = 2,
                           .max_width = 2,
                           .stages = 2,
                           .first_residual = 0,
                           .latent_channels = 1},
                          rng);
    const auto x = test::random_variable(Shape<4>{1, 1, 8, 6}, 2);
    auto inputs = parameters_of<double>(vae);
    inputs.push_back(x);
    // Norms of so few pixels bend much within larger steps.
    CHECK(testing::gradcheck([&] { return vae(x); }, inputs, {.step = 1e-6}) < 1e-7);
}

TEST_CASE("half a VAE has half the state and refuses to do the rest", "[models][error]") {
    const VaeOptions options{.width = 2, .max_width = 2};
    const auto encoder = empty_vae(options, VaePart::encoder);
    const auto decoder = empty_vae(options, VaePart::decoder);
    auto names = test::state_names<float>(encoder);
    for (const auto& name : test::state_names<float>(decoder)) names.push_back(name);
    CHECK(names == test::state_names<float>(empty_vae(options)));
    const Variable<float, 4> x(Tensor<float, 4>::ones({1, 3, 8, 8}));
    CHECK_THROWS_WITH(decoder.encode(x), "vae: built without its encoder");
    CHECK_THROWS_WITH(encoder(x), "vae: built without its decoder");
}

TEST_CASE("a VAE names the sides and channels that it needs", "[models][error]") {
    const auto vae = empty_vae({.width = 2, .max_width = 2});
    const auto encode = [&](const Shape<4>& shape) {
        return vae.encode(Variable<float, 4>(Tensor<float, 4>::ones(shape)));
    };
    CHECK_THROWS_WITH(encode({1, 3, 10, 8}),
                      "vae: expected (N, 3, H, W) with sides that are multiples of 4\n"
                      "  x (N, C, H, W) = (1, 3, 10, 8)");
    CHECK_THROWS_AS(encode({1, 3, 8, 6}), ShapeError);
    CHECK_THROWS_AS(encode({1, 1, 8, 8}), ShapeError);
}

TEST_CASE("a VAE refuses options that it cannot have", "[models][error]") {
    const auto message = [](const VaeOptions& options) {
        return test::message_of<OptionError>([&] { options.check(); });
    };
    CHECK(message({}).empty());
    CHECK(message({.in_channels = 0}) == "vae: in_channels must be positive, got 0");
    CHECK(message({.width = 0}) == "vae: width must be positive, got 0");
    CHECK(message({.max_width = -1}) == "vae: max_width must be positive, got -1");
    CHECK(message({.stages = 0}) == "vae: stages must lie in 1..15, got 0");
    CHECK(message({.stages = 16}) == "vae: stages must lie in 1..15, got 16");
    CHECK(message({.kernel = 5}) == "vae: kernel must be 3 or 4, got 5");
    CHECK(message({.first_residual = 3}) == "vae: first_residual must lie in 0..stages - 1, got 3");
    CHECK(message({.latent_channels = -1}) == "vae: latent_channels must not be negative, got -1");
    CHECK(message({.width = 64, .max_width = 512}) ==
          "vae: with a bottleneck of the same size max_width must be at most "
          "width * 2^(stages - 1), got 512");
    CHECK(message({.max_width = 512, .bottleneck = VaeBottleneck::half}).empty());
    CHECK_THROWS_AS(empty_vae({.kernel = 5}), OptionError);
}
