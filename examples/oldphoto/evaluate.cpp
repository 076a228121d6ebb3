#include <oldphoto/core/table.hpp>
#include <oldphoto/degrade/pipeline.hpp>
#include <oldphoto/image/stb.hpp>
#include <oldphoto/pipeline/model_file.hpp>
#include <oldphoto/pipeline/model_folder.hpp>

#include "command.hpp"
#include "default_model.hpp"
#include "pairs.hpp"
#include "restoring.hpp"
#include "text.hpp"
#include <cstdio>
#include <functional>
#include <memory>

namespace oldphoto::program {

namespace {

struct EvaluateArguments {
    std::string clean;
    std::string damaged;
    std::string model;
    std::string vae_b;
};

using RestoreImage = std::function<Image(const Image&)>;

/// What no training here has seen: a blur wider than the published ones, then the grain of a film.
Image filmed(const Image& photo, Rng& rng) {
    DegradeOptions blur;
    blur.blur = {.probability = 1, .kernel = {9, 11}, .sigma = {3.0, 5.0}};
    blur.noise.probability = 0;
    blur.low_resolution.probability = 0;
    blur.jpeg.probability = 0;
    DegradeOptions grain = blur;
    grain.blur.probability = 0;
    grain.grain.probability = 1;
    return degrade(degrade(photo, rng, blur), rng, grain);
}

int evaluate(const EvaluateArguments& a) {
    const auto pairs = pairs_of(a.clean, a.damaged, "evaluate");
    const std::string path = a.model.empty() ? default_model() : a.model;
    const auto networks = load_translation(read_model(path, ModelKind::quality), path);
    const RestoreImage restore = restoring(networks);
    const RestoreImage without_mapping =
        unmapped(networks.vae_a(), networks.vae_b(), networks.tone());

    std::vector<TableRow> rows{{"", "PSNR", "SSIM"}};
    const auto add = [&](const std::string& name, const RestoreImage& made,
                         const std::vector<ValidationPair>& of) {
        const Score score = validate(made, of);
        rows.push_back({name, format("%.2f", score.psnr), format("%.4f", score.ssim)});
    };
    add(
        "damaged", [](const Image& photo) { return photo; }, pairs);
    add("restored", restore, pairs);
    add("restored, the mapping left out", without_mapping, pairs);
    std::vector<ValidationPair> clean;
    for (const auto& pair : pairs) clean.push_back({pair.clean, pair.clean});
    if (!a.vae_b.empty()) {
        const auto b = load_vae(a.vae_b);
        add("clean, through VAE B alone", unmapped(b.vae, b.vae, b.tone), clean);
    }
    // Both rows see the same damage: a photo's place in the order seeds it.
    const auto film_restored = [&](const RestoreImage& made) {
        return [made, number = std::uint64_t{0}](const Image& photo) mutable {
            Rng rng = derived_rng(1, number++);
            return made(filmed(to_8_bit(photo), rng));
        };
    };
    add("unseen damage: wide blur and film grain", film_restored([](const Image& x) { return x; }),
        clean);
    add("unseen damage, restored", film_restored(restore), clean);
    std::fputs(format_table(rows, "lrr").c_str(), stdout);
    return 0;
}

}  // namespace

Command add_evaluate(CLI::App& app) {
    const auto arguments = std::make_shared<EvaluateArguments>();
    CLI::App* command = app.add_subcommand(
        "evaluate",
        "Measure a model on damaged photos and the clean ones of the same name, and beside it what "
        "it does without its mapping and on damage that it was not trained on");
    command->add_option("CLEAN_DIR", arguments->clean, "The photos as they should be")
        ->required()
        ->check(CLI::ExistingDirectory);
    command->add_option("DAMAGED_DIR", arguments->damaged, "The same photos, damaged")
        ->required()
        ->check(CLI::ExistingDirectory);
    command->add_option("--model", arguments->model, "Weights; the default model's unless given");
    command->add_option("--vae-b", arguments->vae_b,
                        "The whole VAE of clean photos, for the best that the decoder can do");
    add_threads(*command);
    return {command, [arguments] { return evaluate(*arguments); }};
}

}  // namespace oldphoto::program
