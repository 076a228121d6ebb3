#include <oldphoto/image/quantise.hpp>
#include <oldphoto/image/tensor.hpp>
#include <oldphoto/nn/activation.hpp>
#include <oldphoto/pipeline/restorer.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/formula_weights.hpp"
#include "../support/full_width.hpp"
#include "../support/pictures.hpp"
#include "../support/random.hpp"
#include "../support/threads.hpp"
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

using namespace oldphoto;

namespace {

/// Encodes and decodes by doing nothing, and remembers what it was given.
struct PassThrough {
    struct Options {
        Index multiple = 4;
        Index smallest = 8;
        [[nodiscard]] Index size_multiple() const { return multiple; }
        [[nodiscard]] Index smallest_side() const { return smallest; }
    };

    [[nodiscard]] const Options& options() const { return stated; }
    [[nodiscard]] Variable<double, 4> encode(const Variable<double, 4>& x) const {
        *seen = x.value();
        return x;
    }
    [[nodiscard]] Variable<double, 4> decode(const Variable<double, 4>& z) const { return z; }

    Options stated{};
    std::shared_ptr<Tensor<double, 4>> seen = std::make_shared<Tensor<double, 4>>();
};

using PassThroughTranslation = TripletTranslation<double, Cpu, PassThrough, Identity, PassThrough>;

/// A mapping that paints holes: z with 0.5 where the mask is 1. It remembers the mask.
struct PaintHoles {
    [[nodiscard]] static Index size_multiple() { return 2; }
    [[nodiscard]] Variable<double, 4> operator()(const Variable<double, 4>& z,
                                                 const Tensor<double, 4>& mask) const {
        *seen = mask;
        return z * (1 - mask) + 0.5 * mask;
    }

    std::shared_ptr<Tensor<double, 4>> seen = std::make_shared<Tensor<double, 4>>();
};

using PaintingTranslation = TripletTranslation<double, Cpu, PassThrough, PaintHoles, PassThrough>;

}  // namespace

TEST_CASE("formula weights are the ones of the full-width fixtures", "[pipeline][parity]") {
    const auto samples = test::read_npz(test::fixture_path("full/weight_formula_samples.npz"));
    CHECK(samples.size() == 2);
    for (const auto& [name, array] : samples) {
        auto text = name;
        std::replace(text.begin(), text.end(), '|', '/');
        const auto numbers = test::formula_numbers(text, 8);
        CHECK(std::vector<float>(numbers.begin(), numbers.end()) == array.values<float>());
    }
    const Vae<> vae({}, Init::zeros(), VaePart::encoder);
    test::fill_by_formula<float>(vae, "vae_a");
    const auto first = state_of<float>(vae)[0].variable.value().slice(0, 0, 8).to_values();
    CHECK(first == test::stored_full("vae_a_encoder.1.weight_first8"));
}

TEST_CASE("the quality restoration of published width equals the published one",
          "[pipeline][parity]") {
    const auto networks = test::full_quality();
    const auto photo = test::picture(test::read_npy(test::fixture_path("full/photo.npy")));
    const Tensor<float, 4> x = to_tensor(photo);

    const auto latent = networks.vae_a().encode(Variable<float, 4>(x));
    CHECK(test::absolute_error(test::every_fourth(latent.value()).to_values(),
                               test::stored_full("quality_latent_s4")) < 2e-4);
    const auto mapped = networks.mapping()(latent);
    CHECK(test::absolute_error(test::every_fourth(mapped.value()).to_values(),
                               test::stored_full("quality_mapped_s4")) < 2e-4);

    const auto output = networks.vae_b().decode(mapped).value().to_values();
    const auto saved = quantise(output, photo.size(), 3, Contrast::stretched);
    const auto expected =
        test::picture(test::read_npy(test::fixture_path("full/quality_saved.npy")));
    REQUIRE(saved.size() == expected.size());
    int largest = 0;
    for (std::size_t i = 0; i < expected.samples().size(); ++i) {
        largest = std::max(largest, std::abs(saved.samples()[i] - expected.samples()[i]));
    }
    CHECK(largest <= 1);

    OLDPHOTO_NEEDS_FIXTURE("full/quality_output.npy");
    const auto expected_output = test::stored_full("quality_output");
    CHECK(test::absolute_error(output, expected_output) < 2e-3);
    CHECK(test::mean_absolute_error(output, expected_output) < 1e-4);
}

TEST_CASE("a model that PyTorch has trained gives what it gave there", "[pipeline][parity]") {
    OLDPHOTO_NEEDS_SHARED("models/starter.safetensors");
    const auto check = test::read_npz(test::fixture_path("starter/check.npz"));
    const auto networks = load_translation(test::shared_path("models/starter.safetensors"));
    auto expected = check.at("output").values<float>();
    const auto unclipped =
        std::count_if(expected.begin(), expected.end(), [](float v) { return std::abs(v) < 1; });
    CHECK(unclipped > static_cast<Index>(expected.size()) / 2);
    for (float& v : expected) v = std::clamp(v, -1.0F, 1.0F);
    const auto y = networks(test::tensor_of<float, 4>(check.at("input"))).to_values();
    CHECK(test::absolute_error(y, expected) < 1e-3);
}

TEST_CASE("a carried tone is taken off before the encoder and given back after the decoder",
          "[pipeline][forward]") {
    const PassThrough parts{{1, 1}};
    const PassThroughTranslation translation(parts, {}, parts, {ToneKind::carried, 0.03});
    // Means 0.3 and -0.2, biased variances 0.01 and 0.06: deviations 0.2 and 0.3 with eps.
    const double wide = std::sqrt(0.06);
    const auto x =
        Tensor<double, 4>::from_values({1, 2, 1, 2}, {0.2, 0.4, -0.2 - wide, -0.2 + wide});
    const auto y = translation(x);
    const auto seen = parts.seen->to_values();
    CHECK(seen[0] == Approx(-0.5));
    CHECK(seen[1] == Approx(0.5));
    CHECK(seen[2] == Approx(-wide / 0.3));
    CHECK(seen[3] == Approx(wide / 0.3));
    for (Index i = 0; i < 4; ++i) CHECK(y[i] == Approx(x[i]));

    const PassThroughTranslation free(parts, {}, parts);
    static_cast<void>(free(x));
    CHECK(parts.seen->to_values() == x.to_values());
}

TEST_CASE("what a translation gives lies in -1 .. 1", "[pipeline][forward]") {
    const PassThrough parts{{1, 1}};
    const auto x = Tensor<double, 4>::from_values({1, 1, 1, 3}, {-1.5, 0.5, 2});
    CHECK(PassThroughTranslation(parts, {}, parts)(x).to_values() ==
          std::vector<double>{-1, 0.5, 1});
}

TEST_CASE("a picture is padded to what the networks need and cropped back", "[pipeline][forward]") {
    const PassThrough parts;
    const PassThroughTranslation translation(parts, {}, parts);
    const auto seen_of = [&](const Shape<4>& shape) {
        const auto x = test::random_tensor(shape, 1);
        const auto y = translation(x);
        CHECK(y.shape() == x.shape());
        CHECK(y.to_values() == evaluate(clamp(x, -1.0F, 1.0F)).to_values());
        return parts.seen->shape();
    };
    CHECK(seen_of({1, 3, 8, 12}) == Shape<4>{1, 3, 8, 12});
    CHECK(seen_of({2, 3, 9, 10}) == Shape<4>{2, 3, 12, 12});
    CHECK(seen_of({1, 1, 1, 1}) == Shape<4>{1, 1, 8, 8});
    CHECK(seen_of({1, 1, 2, 200}) == Shape<4>{1, 1, 8, 200});

    // By reflection where that reaches: 1 2 3 4 5 | 4 3 2.
    const auto row = Tensor<double, 4>::from_values({1, 1, 1, 5}, {0.1, 0.2, 0.3, 0.4, 0.5});
    const auto square = row.broadcast_to({1, 1, 5, 5});
    static_cast<void>(translation(square));
    const auto first_row = parts.seen->slice(2, 0, 1).to_values();
    CHECK(first_row == std::vector<double>{0.1, 0.2, 0.3, 0.4, 0.5, 0.4, 0.3, 0.2});
    // Else by repeating the edge, along both axes.
    static_cast<void>(translation(row));
    CHECK(parts.seen->shape() == Shape<4>{1, 1, 8, 8});
    CHECK(parts.seen->slice(2, 7, 8).to_values() ==
          std::vector<double>{0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5, 0.5});
}

TEST_CASE("a translation makes room for the reflections of a dilated mapping",
          "[pipeline][forward]") {
    const VaeOptions vae{.width = 2, .max_width = 2};
    Rng rng(1);
    const TripletTranslation<> translation(
        Vae<>(vae, rng, VaePart::encoder),
        Mapping<>({.base = 2, .max_width = 4, .blocks = 1, .dilation = 5, .widen = 1}, rng),
        Vae<>(vae, rng, VaePart::decoder));
    const auto x = test::random_tensor<float>(Shape<4>{1, 3, 9, 2}, 2);
    CHECK(translation(x).shape() == x.shape());
}

TEST_CASE("a mask is padded as its picture is, to what the mapping needs", "[pipeline][forward]") {
    const PassThrough parts{{4, 4}};
    const PaintHoles paint;
    const PaintingTranslation translation(parts, paint, parts);
    auto x = test::random_tensor(Shape<4>{2, 3, 9, 10}, 1);
    auto mask = Tensor<double, 4>::zeros({2, 1, 9, 10});
    mask.slice(3, 8, 9).fill(1);
    const auto y = translation(x, mask);
    CHECK(paint.seen->shape() == Shape<4>{2, 1, 16, 16});
    CHECK(parts.seen->shape() == Shape<4>{2, 3, 16, 16});
    // Columns 8 9 | 8 7 ... : the reflection of column 8 is a hole as well.
    const auto row = paint.seen->slice(0, 0, 1).slice(2, 0, 1).to_values();
    for (std::size_t i = 0; i < 16; ++i) CHECK(row[i] == (i == 8 || i == 10 ? 1 : 0));
    x.slice(3, 8, 9).fill(0.5);
    CHECK(y.to_values() == evaluate(clamp(x, -1.0F, 1.0F)).to_values());

    CHECK_THROWS_WITH(translation(x, Tensor<double, 4>::zeros({2, 1, 9, 9})),
                      "translation: the mask must have the pixels of x\n"
                      "  x (N, C, H, W) = (2, 3, 9, 10)\n"
                      "  mask (N, 1, H, W) = (2, 1, 9, 9)");
}

TEST_CASE("holes do not count in a carried tone", "[pipeline][forward]") {
    const PassThrough parts{{1, 1}};
    const PaintingTranslation translation(parts, {}, parts, {ToneKind::carried, 0.03});
    // Mean 0.3, deviation 0.2 with eps; a hole of 0.5 becomes 0.4.
    const auto x = Tensor<double, 4>::from_values({1, 1, 2, 2}, {0.2, 0.4, 1, 1});
    const auto mask = Tensor<double, 4>::from_values({1, 1, 2, 2}, {0, 0, 1, 1});
    const auto y = translation(x, mask);
    CHECK(parts.seen->to_values()[0] == Approx(-0.5));
    CHECK(y[0] == Approx(0.2));
    CHECK(y[1] == Approx(0.4));
    CHECK(y[2] == Approx(0.4));
}

TEST_CASE("a translation is not recorded", "[pipeline][forward]") {
    const PassThrough parts;
    Program program;
    const auto recording = program.record();
    static_cast<void>(
        PassThroughTranslation(parts, {}, parts)(Tensor<double, 4>::ones({1, 1, 3, 3})));
    CHECK(program.steps().empty());
}

TEST_CASE("a translation has the same bits with any number of threads", "[pipeline][determinism]") {
    Rng rng(1);
    const VaeOptions vae{.width = 8, .max_width = 16};
    const TripletTranslation<> translation(
        Vae<>(vae, rng, VaePart::encoder),
        Mapping<>({.base = 16, .max_width = 40, .blocks = 2}, rng),
        Vae<>(vae, rng, VaePart::decoder), {ToneKind::carried});
    const auto x = test::random_tensor<float>(Shape<4>{2, 3, 61, 70}, 3);
    CHECK(test::same_for_any_threads([&] { return translation(x).to_values(); }));
}

TEST_CASE("a tone needs a positive eps", "[pipeline][error]") {
    const PassThrough parts;
    CHECK_THROWS_WITH(PassThroughTranslation(parts, {}, parts, {ToneKind::carried, 0}),
                      "tone: eps must lie in 1e-12..1, got 0.000000");
    CHECK_THROWS_AS(PassThroughTranslation(parts, {}, parts, {ToneKind::carried, NAN}),
                    OptionError);
}

TEST_CASE("only what fits can be a part of a translation", "[pipeline][static]") {
    STATIC_REQUIRE(Encoder<Vae<>, float>);
    STATIC_REQUIRE(Decoder<Vae<>, float>);
    STATIC_REQUIRE(Encoder<PassThrough, double>);
    STATIC_REQUIRE(!Encoder<Mapping<>, float>);
    STATIC_REQUIRE(!Decoder<Identity, float>);
    STATIC_REQUIRE(Layer<Mapping<>, float>);
    STATIC_REQUIRE(!Layer<PaintHoles, double>);
    STATIC_REQUIRE(MaskedLayer<PaintHoles, double>);
    STATIC_REQUIRE(!MaskedLayer<Mapping<>, float>);
    STATIC_REQUIRE(!LatentMap<PassThrough, double>);
}
