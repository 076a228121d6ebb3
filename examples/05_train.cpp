// Trains a small VAE on the crops of a folder of photos, saves it and goes on from where it was.
//
// Run: {repository}/examples/photos state.safetensors vae.safetensors
//
// Prints:
//     after 150 steps: less than half of the first error is left
//     saved, and resumed at step 150
//     the VAE of 25043 parameters is read back

#include <oldphoto/data/datasets.hpp>
#include <oldphoto/data/loader.hpp>
#include <oldphoto/pipeline/model_file.hpp>
#include <oldphoto/train/trainer.hpp>
#include <oldphoto/train/vae_stage.hpp>

#include <cstdio>

using namespace oldphoto;

int main(int argc, char** argv) {
    if (argc != 4) return 2;  // FOLDER STATE VAE
    Rng rng(1);
    const Vae<> vae({.width = 8, .max_width = 16, .stages = 2, .tanh_output = false}, rng);
    const ToneOptions tone{.kind = ToneKind::carried};
    Trainer trainer(VaeStage<>(vae, {.reconstruction = 1, .kl = 1e-4, .tone = tone}),
                    {.adam = {.learning_rate = 4e-3, .beta1 = 0.9}, .constant_steps = 150});
    Loader<> loader(CleanPhotos(open_image_folder(argv[1]), {.crop = 32}), {.batch_size = 4});

    double first = 0;
    double last = 0;
    while (trainer.steps_done() < 150) {
        const StepReport report = trainer.step(loader.next());
        last = report.losses[0].value;
        if (report.step == 1) first = last;
    }
    std::printf("after 150 steps: %s than half of the first error is left\n",
                last < first / 2 ? "less" : "more");

    trainer.save(argv[2]);
    trainer.resume(argv[2]);
    std::printf("saved, and resumed at step %td\n", trainer.steps_done());

    trainer.with_average([&] { save_vae(argv[3], vae, tone); });
    std::printf("the VAE of %td parameters is read back\n",
                count_parameters<float>(load_vae(argv[3]).vae));
}
