// Trains the whole pipeline on two folders of photos: a VAE of old photos, one of clean ones, and
// the mapping between them; saves the model and restores a photo with it.
//
// Run: {repository}/examples/photos {repository}/examples/photos model.safetensors
//
// Prints:
//     VAE of old photos: less than three quarters of the first error is left
//     VAE of clean photos: less than three quarters of the first error is left
//     mapping: less than three quarters of the first error is left
//     model.safetensors restores a photo of 374 x 329 pixels

#include <oldphoto/data/datasets.hpp>
#include <oldphoto/degrade/pipeline.hpp>
#include <oldphoto/pipeline/model_file.hpp>
#include <oldphoto/pipeline/restorer.hpp>
#include <oldphoto/train/mapping_stage.hpp>
#include <oldphoto/train/trainer.hpp>
#include <oldphoto/train/vae_stage.hpp>

#include <cstdio>

using namespace oldphoto;

namespace {

/// The stage after 150 steps of 4 samples. Prints how much of the first steps' loss the last have.
template <class S, class D>
S trained(const char* name, S stage, const D& dataset) {
    Trainer<S> trainer(std::move(stage),
                       {.adam = {.learning_rate = 5e-3, .beta1 = 0.9}, .constant_steps = 150});
    Loader<> loader(dataset, {.batch_size = 4});
    double first = 0;
    double last = 0;
    while (trainer.steps_done() < 150) {
        const StepReport report = trainer.step(loader.next());
        if (report.step <= 10) first += report.losses.at(0).value;
        if (report.step > 140) last += report.losses.at(0).value;
    }
    trainer.keep_average();
    std::printf("%s: %s than three quarters of the first error is left\n", name,
                last < 0.75 * first ? "less" : "more");
    return trainer.stage();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 2;  // OLD_FOLDER CLEAN_FOLDER MODEL
    const auto old = open_image_folder(argv[1]);
    const auto clean = open_image_folder(argv[2]);
    Rng rng(1);
    const VaeOptions options{.width = 8, .max_width = 16, .stages = 2, .tanh_output = false};
    const ToneOptions tone{.kind = ToneKind::carried};
    const VaeStageOptions vae_loss{.reconstruction = 1, .kl = 1e-4, .tone = tone};

    const auto a =
        trained("VAE of old photos", VaeStage<>(Vae<>(options, rng), vae_loss),
                OldPhotos(old, clean, random_degradation(), {.crop = 32, .degrade_crop = true}));
    const auto b = trained("VAE of clean photos", VaeStage<>(Vae<>(options, rng), vae_loss),
                           CleanPhotos(clean, {.crop = 32}));
    const Mapping<> mapping({.base = 16, .max_width = 32, .blocks = 2, .widen = 1}, rng);
    const auto m =
        trained("mapping",
                MappingStage<>(a.vae(), mapping, b.vae(), {.latent = 1, .image = 1, .tone = tone}),
                PairedPhotos(clean, random_degradation(), {.crop = 32, .degrade_crop = true}));

    save_translation(argv[3], m.translation());
    const auto restored = Restorer<>::load(argv[3])(*clean.photo(0)).photo;
    std::printf("%s restores a photo of %td x %td pixels\n", argv[3], restored.width(),
                restored.height());
}
