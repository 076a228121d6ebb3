#include <oldphoto/pipeline/model_file.hpp>
#include <oldphoto/pipeline/restorer.hpp>
#include <oldphoto/tensor/random.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"

using namespace oldphoto;

TEST_CASE("a model that was written restores with the same bits", "[pipeline][file]") {
    const test::TemporaryFolder folder;
    Rng rng(1);
    const auto x = uniform<float, 4>({1, 3, 16, 20}, rng, -1.0F, 1.0F);
    for (const auto norm :
         {NormKind::instance, NormKind::affine_instance, NormKind::batch, NormKind::none}) {
        for (const bool tanh_output : {false, true}) {
            const VaeOptions options{
                .width = 3, .max_width = 4, .norm = norm, .tanh_output = tanh_output};
            const TripletTranslation<> written(Vae<>(options, rng),
                                               Mapping<>({.base = 4,
                                                          .max_width = 8,
                                                          .blocks = 1,
                                                          .dilation = 2,
                                                          .widen = 1,
                                                          .norm = norm},
                                                         rng),
                                               Vae<>(options, rng),
                                               {.kind = ToneKind::carried, .eps = 0.5});
            save_translation(folder / "model", written);
            const auto read = load_translation(folder / "model");
            CHECK(read.vae_a().options() == options);
            CHECK(read.mapping().options() == written.mapping().options());
            CHECK(read.tone() == written.tone());
            CHECK(read(x).to_values() == written(x).to_values());
        }
    }
}

TEST_CASE("a VAE that was written has the same bits", "[pipeline][file]") {
    const test::TemporaryFolder folder;
    Rng rng(1);
    const auto x = uniform<float, 4>({1, 3, 16, 20}, rng, -1.0F, 1.0F);
    const Vae<> vae({.width = 3, .max_width = 4, .norm = NormKind::none, .tanh_output = false},
                    rng);
    save_vae(folder / "vae", vae, {.kind = ToneKind::carried});
    const auto read = load_vae(folder / "vae");
    CHECK(read.tone.kind == ToneKind::carried);
    CHECK(read.vae.options() == vae.options());
    const Variable<float, 4> input(x);
    CHECK(read.vae(input).value().to_values() == vae(input).value().to_values());
    CHECK_THROWS_AS(load_translation(folder / "vae"), WeightsError);
}
