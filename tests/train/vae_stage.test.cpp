#include <oldphoto/testing/gradcheck.hpp>
#include <oldphoto/train/trainer.hpp>
#include <oldphoto/train/vae_stage.hpp>

#include <catch2/catch.hpp>

#include "../support/threads.hpp"
#include "../support/training.hpp"

using namespace oldphoto;

namespace {

/// Gradients of all parameters, one after another.
template <class S>
std::vector<double> gradients_of(const S& stage, const Batch<double>& batch) {
    Program program;
    std::vector<Objective<double>> objectives;
    Rng rng(3);
    {
        const auto recording = program.record();
        objectives = stage.objectives(batch, rng);
    }
    const auto parameters = stage.players().at(0).parameters;
    program.backward(objectives.at(0).total(), parameters);
    std::vector<double> gradients;
    for (const auto& parameter : parameters) {
        const auto values = parameter.gradient().to_values();
        gradients.insert(gradients.end(), values.begin(), values.end());
    }
    return gradients;
}

}  // namespace

TEST_CASE("a VAE's losses are those of its formula", "[train][forward]") {
    const auto vae = test::tiny_vae<double>(1);
    const auto batch = test::waves<double>(2, 16, 2);
    const VaeStage<double> stage(vae, {.reconstruction = 10, .kl = 0.5});
    Rng rng(5);
    const auto objectives = stage.objectives(batch, rng);
    REQUIRE(objectives.size() == 1);

    Rng same(5);
    const Variable<double, 4> x(batch.input);
    const auto h = vae.encode(x).value();
    const Tensor<double, 4> z = h + normal<double, 4>(h.shape(), same);
    const auto y = vae.decode(Variable<double, 4>(z)).value();
    const double reconstruction = mean(abs(y - batch.input));
    const double kl = mean(square(h));

    const auto& losses = objectives[0].losses();
    REQUIRE(losses.size() == 2);
    CHECK(losses[0].name == "reconstruction");
    CHECK(losses[0].value == Approx(reconstruction).epsilon(1e-12));
    CHECK(losses[1].name == "kl");
    CHECK(losses[1].value == Approx(kl).epsilon(1e-12));
    CHECK(objectives[0].total().item() == Approx(10 * reconstruction + 0.5 * kl).epsilon(1e-12));
}

TEST_CASE("where the tone is carried a VAE's loss grows with the contrast alone",
          "[train][forward]") {
    const VaeStage<double> stage(test::tiny_vae<double>(1),
                                 {.tone = {.kind = ToneKind::carried, .eps = 1e-12}});
    const auto batch = test::waves<double>(2, 16, 2);
    Batch<double> faded = batch;
    faded.input = 0.5 * batch.input + 0.3;
    Rng rng(5);
    Rng same(5);
    const auto losses = stage.objectives(batch, rng)[0].losses();
    const auto faded_losses = stage.objectives(faded, same)[0].losses();
    CHECK(faded_losses[0].value == Approx(0.5 * losses[0].value).epsilon(1e-6));
    CHECK(faded_losses[1].value == Approx(losses[1].value).epsilon(1e-6));
}

TEST_CASE("the gradient of a whole VAE matches central differences", "[train][gradient]") {
    const auto batch = test::waves<double>(2, 8, 2);
    for (const auto kind : {ToneKind::free, ToneKind::carried}) {
        const VaeStage<double> stage(test::tiny_vae<double>(1), {.tone = {.kind = kind}});
        const auto loss = [&] {
            Rng rng(3);
            return stage.objectives(batch, rng)[0].total();
        };
        // Norms of so few pixels are strongly curved, hence the small step.
        CHECK(testing::gradcheck(loss, stage.players()[0].parameters, {.step = 1e-6}) < 1e-6);
    }
}

TEST_CASE("checkpointing a VAE's layers changes no bit of its gradients", "[train][gradient]") {
    const auto vae = test::tiny_vae<double>(1);
    const auto batch = test::waves<double>(2, 16, 2);
    const auto expected = gradients_of(VaeStage<double>(vae, {}), batch);
    for (const std::size_t every : {1, 3, 100}) {
        INFO(every);
        CHECK(gradients_of(VaeStage<double>(vae, {.checkpoint_every = every}), batch) == expected);
    }
}

TEST_CASE("training has the same bits with 1, 2 and 3 threads", "[train][threads]") {
    CHECK(test::same_for_any_threads([] {
        Rng rng(1);
        const Vae<> vae({.width = 8, .max_width = 12, .norm = NormKind::affine_instance}, rng);
        Trainer trainer(VaeStage<>(vae, {}), {});
        for (std::uint64_t step = 0; step < 3; ++step) {
            trainer.step(test::waves<float>(3, 40, step));
        }
        return test::numbers_of<float>(vae);
    }));
}
