#include <oldphoto/data/crop.hpp>
#include <oldphoto/image/color.hpp>
#include <oldphoto/image/stb.hpp>
#include <oldphoto/image/tensor.hpp>
#include <oldphoto/metrics/psnr.hpp>
#include <oldphoto/train/trainer.hpp>
#include <oldphoto/train/vae_stage.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include "../support/shared.hpp"
#include "../support/training.hpp"
#include <limits>
#include <span>
#include <vector>

using namespace oldphoto;

namespace {

using VaeTrainer = Trainer<VaeStage<>>;

const TrainerOptions short_training{.constant_steps = 2, .decay_steps = 6, .seed = 7};

VaeTrainer tiny_trainer(const Vae<>& vae, const TrainerOptions& options = short_training) {
    return VaeTrainer(VaeStage<>(vae, {}), options);
}

void train(VaeTrainer& trainer, Index steps) {
    while (trainer.steps_done() < steps) {
        trainer.step(test::waves<float>(2, 16, static_cast<std::uint64_t>(trainer.steps_done())));
    }
}

/// Two numbers: a minimises a * b, b minimises (b + 1)^2 at half the rate.
struct TwoPlayers {
    Variable<float, 1> a{Tensor<float, 1>::full({1}, 2), true};
    Variable<float, 1> b{Tensor<float, 1>::full({1}, 3), true};
    std::size_t objectives_given = 2;

    [[nodiscard]] std::vector<Player<float>> players() const { return {{{a}}, {{b}, 0.5}}; }
    [[nodiscard]] std::vector<Objective<float>> objectives(const Batch<>&, Rng&) const {
        std::vector<Objective<float>> objectives(objectives_given);
        objectives[0].add("product", 1, sum(a * b));
        if (objectives_given == 2) objectives[1].add("square", 1, sum(square(b + 1)));
        return objectives;
    }
    void visit_parameters(const ParameterVisitor<float>& visit) const {
        visit("a", a);
        visit("b", b);
    }
    void set_training(bool) {}
};

/// Weights, their average and what the optimiser remembers, as they stand in a file.
std::string bytes_of(const VaeTrainer& trainer, const test::TemporaryFolder& folder) {
    trainer.save(folder / "bytes");
    return test::read_text(folder / "bytes");
}

}  // namespace

TEST_CASE("a training that resumes equals one without interruption bit for bit",
          "[train][checkpoint]") {
    const test::TemporaryFolder folder;
    auto whole = tiny_trainer(test::tiny_vae<float>(1));
    train(whole, 6);

    auto first = tiny_trainer(test::tiny_vae<float>(1));
    train(first, 3);
    first.save(folder / "state", "recipe");
    auto second = tiny_trainer(test::tiny_vae<float>(99));  // other weights, to be replaced
    second.resume(folder / "state", "recipe");
    CHECK(second.steps_done() == 3);
    train(second, 6);
    CHECK(bytes_of(second, folder) == bytes_of(whole, folder));
}

TEST_CASE("a training resumes as itself alone", "[train][errors]") {
    const test::TemporaryFolder folder;
    auto trainer = tiny_trainer(test::tiny_vae<float>(1));
    train(trainer, 1);
    trainer.save(folder / "state", "batch 4");
    const auto before = bytes_of(trainer, folder);
    const auto message = [&](VaeTrainer& other, const std::string& file, const char* recipe) {
        return test::message_of<WeightsError>([&] { other.resume(folder / file, recipe); });
    };
    CHECK(message(trainer, "state", "batch 8") ==
          folder / "state" +
              ": is of a training with another recipe\n  file = batch 4\n  here = batch 8");
    auto seeded = tiny_trainer(test::tiny_vae<float>(1), {.seed = 8});
    CHECK(message(seeded, "state", "batch 4") ==
          folder / "state" + ": is of a training with another seed\n  file = 7\n  here = 8");

    NamedArrays weights;
    save_state<float>(test::tiny_vae<float>(1), weights, "");
    write_safetensors(folder / "weights", weights);
    CHECK(message(trainer, "weights", "") ==
          folder / "weights" + ": is not the state of a training: its metadata has no \"recipe\"");

    Rng rng(1);
    auto options = test::tiny_vae_options;
    options.width = 4;
    options.max_width = 4;
    auto wider = tiny_trainer(Vae<>(options, rng));
    CHECK_THAT(message(wider, "state", "batch 4"),
               Catch::Contains("network.encoder.1.weight\" has another shape"));
    CHECK(bytes_of(trainer, folder) == before);
}

TEST_CASE("the learning rate follows the schedule", "[train][schedule]") {
    auto trainer = tiny_trainer(test::tiny_vae<float>(1));
    std::vector<double> rates;
    for (std::uint64_t k = 0; k < 9; ++k) {
        const auto report = trainer.step(test::waves<float>(1, 16, k));
        CHECK(report.step == static_cast<Index>(k + 1));
        rates.push_back(report.learning_rate / 2e-4);
    }
    // Two steps at the full rate, then a sixth less each.
    const double expected[] = {1, 1, 1, 5. / 6, 4. / 6, 3. / 6, 2. / 6, 1. / 6, 0};
    for (std::size_t k = 0; k < 9; ++k) CHECK(rates[k] == Approx(expected[k]).margin(1e-12));
}

TEST_CASE("a loss that is not finite stops a training before it spoils the weights",
          "[train][errors]") {
    const auto vae = test::tiny_vae<float>(1);
    auto trainer = tiny_trainer(vae);
    const auto before = test::numbers_of<float>(vae);
    auto batch = test::waves<float>(1, 16, 1);
    batch.input.data()[0] = std::numeric_limits<float>::quiet_NaN();
    CHECK_THAT(test::message_of<Error>([&] { trainer.step(batch); }),
               Catch::StartsWith("training: loss reconstruction is "));
    CHECK(test::numbers_of<float>(vae) == before);
    CHECK(trainer.steps_done() == 0);
}

TEST_CASE("players of one stage learn from one recording, each at its own rate",
          "[train][players]") {
    const TwoPlayers stage;
    Trainer trainer(stage, {.adam = {.learning_rate = 0.1}});
    const auto report = trainer.step({});
    REQUIRE(report.losses.size() == 2);
    CHECK(report.losses[0].name == "product");
    CHECK(report.losses[0].value == 6);
    CHECK(report.losses[1].name == "square");
    CHECK(report.losses[1].value == 16);
    // Adam's first step is the learning rate against the sign of the gradient: of a * b for a
    // (3 > 0, so down), and of (b + 1)^2 for b (8 > 0, so down) at half the rate.
    CHECK(stage.a.value()[0] == Approx(2 - 0.1));
    CHECK(stage.b.value()[0] == Approx(3 - 0.05));
}

TEST_CASE("a stage has one objective for each player", "[train][errors]") {
    TwoPlayers stage;
    stage.objectives_given = 1;
    Trainer trainer(stage, {});
    CHECK(test::message_of<OptionError>([&] { trainer.step({}); }) ==
          "Trainer: a stage must have one objective for each of its 2 players, got 1");
}

TEST_CASE("the average of the weights takes their place for a while", "[train][average]") {
    const auto vae = test::tiny_vae<float>(1);
    const auto start = test::numbers_of<float>(vae);
    auto trainer = tiny_trainer(vae, {.average_decay = 0.75});
    train(trainer, 1);
    const auto live = test::numbers_of<float>(vae);
    trainer.with_average([&] {
        const auto average = test::numbers_of<float>(vae);
        REQUIRE(average.size() == start.size());
        for (std::size_t k = 0; k < average.size(); ++k) {
            // The first update forgets nine tenths: min(0.75, 1 / 10).
            CHECK(average[k] == Approx(0.1 * start[k] + 0.9 * live[k]).margin(1e-6));
        }
    });
    CHECK(test::numbers_of<float>(vae) == live);
    CHECK_THROWS_AS(trainer.with_average([] { throw Error("while it looks"); }), Error);
    CHECK(test::numbers_of<float>(vae) == live);
}

TEST_CASE("a VAE learns ten crops of a photo by heart to 35 dB", "[train][overfit]") {
    Rng rng(1);
    const Image photo = read_image(test::fixture_path("../../examples/photos/emir.jpg"));
    std::vector<Image> crops;
    for (int k = 0; k < 10; ++k) {
        crops.push_back(to_rgb(cropped(photo, random_crop(photo.size(), 24, rng))));
    }
    const auto x = to_tensor<float, Cpu>(std::span<const Image>(crops));
    const Batch<> batch{x, x, {}};
    const Vae<> vae({.width = 16,
                     .max_width = 16,
                     .stages = 2,
                     .norm = NormKind::affine_instance,
                     .tanh_output = false},
                    rng);
    const ToneOptions tone{.kind = ToneKind::carried};
    Trainer trainer(VaeStage<>(vae, {.reconstruction = 1, .kl = 1e-5, .tone = tone}),
                    {.adam = {.learning_rate = 4e-3, .beta1 = 0.9},
                     .constant_steps = 120,
                     .decay_steps = 120,
                     .average_decay = 0.9});
    while (trainer.steps_done() < 240) trainer.step(batch);
    trainer.with_average([&] {
        const auto carried = tone_of(batch.input, tone);
        const auto y = vae(Variable<float, 4>(carried.taken_off(batch.input))).value();
        const Tensor<float, 4> restored = carried.given_to(y);
        std::vector<double> a;
        std::vector<double> b;
        for (const float v : restored.to_values()) a.push_back((v + 1) * 127.5);
        for (const float v : batch.target.to_values()) b.push_back((v + 1) * 127.5);
        CHECK(psnr(a, b) > 35);
    });
}
