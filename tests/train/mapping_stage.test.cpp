#include <oldphoto/testing/gradcheck.hpp>
#include <oldphoto/train/mapping_stage.hpp>
#include <oldphoto/train/trainer.hpp>

#include <catch2/catch.hpp>

#include "../support/training.hpp"

using namespace oldphoto;

namespace {

template <class T>
MappingStage<T> tiny_stage(const MappingStageOptions& options) {
    Rng rng(3);
    return {test::tiny_vae<T>(1), Mapping<T>(test::tiny_mapping_options, rng), test::tiny_vae<T>(2),
            options};
}

}  // namespace

TEST_CASE("a mapping's losses are those of its formula", "[train][forward]") {
    const auto stage = tiny_stage<double>({.latent = 60, .image = 10});
    const auto batch = test::waves<double>(2, 16, 4);
    Rng rng;
    const auto objectives = stage.objectives(batch, rng);
    REQUIRE(objectives.size() == 1);

    const auto a = test::tiny_vae<double>(1);
    const auto b = test::tiny_vae<double>(2);
    const auto z = stage.mapping()(a.encode(Variable<double, 4>(batch.input)));
    const double latent =
        mean(abs(z.value() - b.encode(Variable<double, 4>(batch.target)).value()));
    const double image = mean(abs(b.decode(z).value() - batch.target));

    const auto& losses = objectives[0].losses();
    REQUIRE(losses.size() == 2);
    CHECK(losses[0].name == "latent");
    CHECK(losses[0].value == Approx(latent).epsilon(1e-12));
    CHECK(losses[1].name == "image");
    CHECK(losses[1].value == Approx(image).epsilon(1e-12));
    CHECK(objectives[0].total().item() == Approx(60 * latent + 10 * image).epsilon(1e-12));
}

TEST_CASE("without weight the decoded picture is no part of a mapping's loss", "[train][forward]") {
    const auto stage = tiny_stage<double>({.image = 0});
    Rng rng;
    const auto losses = stage.objectives(test::waves<double>(1, 16, 4), rng)[0].losses();
    REQUIRE(losses.size() == 1);
    CHECK(losses[0].name == "latent");
}

TEST_CASE("the gradient of a mapping through the decoder matches central differences",
          "[train][gradient]") {
    const auto batch = test::waves<double>(1, 8, 4);
    for (const auto kind : {ToneKind::free, ToneKind::carried}) {
        for (const std::size_t every : {0, 2}) {
            const auto stage =
                tiny_stage<double>({.tone = {.kind = kind}, .checkpoint_every = every});
            const auto loss = [&] {
                Rng rng;
                return stage.objectives(batch, rng)[0].total();
            };
            CHECK(testing::gradcheck(loss, stage.players()[0].parameters) < 1e-6);
        }
    }
}

TEST_CASE("training a mapping leaves both VAEs as they are", "[train][state]") {
    // Batch norms move by themselves while their network trains, as these did until now.
    Rng rng(3);
    auto options = test::tiny_vae_options;
    options.norm = NormKind::batch;
    Vae<> a(options, rng);
    Vae<> b(options, rng);
    a.set_training(true);
    b.set_training(true);
    const Mapping<> mapping(test::tiny_mapping_options, rng);
    const auto a_before = test::numbers_of<float>(a);
    const auto b_before = test::numbers_of<float>(b);
    const auto mapping_before = test::numbers_of<float>(mapping);
    Trainer trainer(MappingStage<>(a, mapping, b, {}), {});
    trainer.step(test::waves<float>(2, 16, 4));
    CHECK(test::numbers_of<float>(a) == a_before);
    CHECK(test::numbers_of<float>(b) == b_before);
    CHECK(test::numbers_of<float>(mapping) != mapping_before);
}
