#include <oldphoto/data/datasets.hpp>
#include <oldphoto/data/loader.hpp>
#include <oldphoto/degrade/pipeline.hpp>
#include <oldphoto/io/json.hpp>
#include <oldphoto/pipeline/model_file.hpp>
#include <oldphoto/pipeline/restorer.hpp>
#include <oldphoto/train/csv_log.hpp>
#include <oldphoto/train/mapping_stage.hpp>
#include <oldphoto/train/trainer.hpp>
#include <oldphoto/train/vae_stage.hpp>
#include <oldphoto/train/validation.hpp>

#include "command.hpp"
#include "pairs.hpp"
#include "progress.hpp"
#include "restoring.hpp"
#include "text.hpp"
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace oldphoto::program {

namespace {

/// What both words take.
struct TrainArguments {
    std::string data;
    std::string out;
    bool resume = false;
    std::string validate_clean;
    std::string validate_damaged;
    Index validate_every = 500;
    Index checkpoint_every = 100;

    Index steps = 10'000;
    Index decay_steps = 5'000;
    Index batch = 4;
    Index crop = 128;
    double learning_rate = 2e-4;
    double beta1 = 0.5;
    double clip_norm = std::numeric_limits<double>::infinity();
    double average_decay = 0.999;
    std::uint64_t seed = 0;
    std::string norm = "instance";
    double grey = 0.1;
    bool degrade_crop = false;
    Index cache_mebibytes = 512;
    Index max_side = 0;
    int workers = 1;
    Index checkpoint_layers = 0;
};

struct VaeArguments : TrainArguments {
    std::string from;
    std::string old;
    double old_share = 0.5;
    bool match_grey = false;
    VaeOptions vae;
    VaeStageOptions stage;
    std::string tone = "carried";
    std::string output = "linear";
};

struct MappingArguments : TrainArguments {
    std::string vae_a;
    std::string vae_b;
    MappingOptions mapping{.max_width = 128, .blocks = 4, .widen = 1};
    MappingStageOptions stage;
};

NormKind norm_of(const std::string& name) {
    if (name == "batch") return NormKind::batch;
    if (name == "affine") return NormKind::affine_instance;
    return name == "none" ? NormKind::none : NormKind::instance;
}

std::string without_extension(const std::string& path) {
    return std::filesystem::path(path).replace_extension().string();
}

/// Everything that a step's result depends on, so that no training resumes as another one.
FlatObject recipe_of(const TrainArguments& a) {
    FlatObject recipe;
    const auto number = [&](const char* name, auto value) {
        recipe.insert(name, static_cast<double>(value));
    };
    recipe.insert("data", a.data);
    number("steps", a.steps);
    number("decay", a.decay_steps);
    number("batch", a.batch);
    number("crop", a.crop);
    number("lr", a.learning_rate);
    number("beta1", a.beta1);
    if (std::isfinite(a.clip_norm)) number("clip", a.clip_norm);
    number("average", a.average_decay);
    recipe.insert("norm", a.norm);
    number("grey", a.grey);
    recipe.insert("degrade_crop", a.degrade_crop);
    number("max_side", a.max_side);
    return recipe;
}

/// The first weights: not of the generators that samples are drawn from, which have a batch number.
Rng weights_rng(std::uint64_t seed) {
    return derived_rng(seed, std::numeric_limits<std::uint64_t>::max(), 1);
}

/// Tells one file's contents from another's.
std::string fingerprint_of(const std::string& path) {
    const auto bytes = read_file(path);
    return std::to_string(hash_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
}

ImageFolder open_folder(const TrainArguments& a, const std::string& folder) {
    return open_image_folder(folder,
                             {.cache_bytes = static_cast<std::size_t>(a.cache_mebibytes) << 20U,
                              .max_side = a.max_side});
}

/// The columns of a log, once a step has told the names of its losses.
std::vector<std::string> columns_of(const StepReport& report) {
    std::vector<std::string> columns{"step", "learning_rate"};
    for (const auto& loss : report.losses) columns.push_back(loss.name);
    columns.emplace_back("seconds");
    return columns;
}

std::vector<double> values_of(const StepReport& report, double seconds) {
    std::vector<double> values{report.learning_rate};
    for (const auto& loss : report.losses) values.push_back(loss.value);
    values.push_back(seconds);
    return values;
}

std::string summary_of(const StepReport& report, double steps_per_second) {
    std::string text;
    for (const auto& loss : report.losses) {
        text += loss.name + " " + format("%.4g", loss.value) + "  ";
    }
    return text + format("%.2f", steps_per_second) + " steps/s";
}

/// Calls resume() where there is something to go on with.
/// @throws OptionError where the training would overwrite what an earlier one has made.
template <class Resume>
void begin(const TrainArguments& a, const std::string& state, const Resume& resume) {
    const bool begun = std::filesystem::exists(state);
    if (a.resume && begun) {
        resume();
    } else if (begun) {
        throw_option_error("train", state + " exists; go on with --resume, or give another --out");
    } else if (std::filesystem::exists(a.out)) {
        throw_option_error(
            "train", a.out + " exists, and no " + state + " to go on from; give another --out");
    }
}

/// Trains until the last step, or goes on with what was begun.
/// @param save      writes the weights to the file that was asked for.
/// @param restorer  what validation looks at.
template <class S, class Restore, Dataset D, class Save>
int train(const TrainArguments& a, S stage, const FlatObject& recipe, const D& dataset,
          const Save& save, const Restore& restore) {
    const std::string state = without_extension(a.out) + ".state.safetensors";
    const std::string log_path = without_extension(a.out) + ".csv";
    const std::string recipe_text = format_flat_object(recipe);
    const auto pairs = a.validate_clean.empty()
                           ? std::vector<ValidationPair>()
                           : pairs_of(a.validate_clean, a.validate_damaged, "train");
    Trainer<S> trainer(std::move(stage),
                       {.adam = {.learning_rate = a.learning_rate, .beta1 = a.beta1},
                        .constant_steps = a.steps - a.decay_steps,
                        .decay_steps = a.decay_steps,
                        .clip_norm = a.clip_norm,
                        .average_decay = a.average_decay,
                        .seed = a.seed});
    begin(a, state, [&] { trainer.resume(state, recipe_text); });
    if (a.resume) std::printf("goes on after step %td\n", trainer.steps_done());
    if (!pairs.empty() && trainer.steps_done() == 0) {
        // Also tells now, and not after hours, of a photo that cannot be read.
        const Score score = validate([](const Image& photo) { return photo; }, pairs);
        std::printf("before: PSNR %.2f dB, SSIM %.4f\n", score.psnr, score.ssim);
    }
    std::unique_ptr<CsvLog> log;
    std::unique_ptr<CsvLog> validation_log;
    if (!pairs.empty()) {
        validation_log = std::make_unique<CsvLog>(without_extension(a.out) + ".validation.csv",
                                                  std::vector<std::string>{"step", "psnr", "ssim"},
                                                  trainer.steps_done());
    }
    const auto validate_now = [&] {
        const Score score = validate(restore, pairs);
        validation_log->write(trainer.steps_done(), {score.psnr, score.ssim});
        std::printf("step %td: PSNR %.2f dB, SSIM %.4f\n", trainer.steps_done(), score.psnr,
                    score.ssim);
        std::fflush(stdout);
    };
    Loader<> loader(dataset, {.batch_size = a.batch,
                              .seed = a.seed,
                              .workers = a.workers,
                              .first_batch = static_cast<std::uint64_t>(trainer.steps_done())});
    Progress progress(static_cast<std::size_t>(a.steps),
                      static_cast<double>(a.steps - trainer.steps_done()),
                      static_cast<std::size_t>(trainer.steps_done()));
    std::string summary;
    while (trainer.steps_done() < a.steps) {
        progress.show(summary);
        const auto start = std::chrono::steady_clock::now();
        const StepReport report = trainer.step(loader.next());
        const double seconds = seconds_since(start);
        if (!log) {
            log = std::make_unique<CsvLog>(log_path, columns_of(report), report.step - 1);
        }
        log->write(report.step, values_of(report, seconds));
        progress.advance(1);
        summary = summary_of(report, 1 / seconds);
        const bool last = report.step == a.steps;
        if (!pairs.empty() && (last || report.step % a.validate_every == 0)) {
            progress.hide();
            trainer.with_average(validate_now);
        }
        if (last || report.step % a.checkpoint_every == 0) {
            // The state last: what it says is done has its weights and its rows.
            trainer.with_average(save);
            trainer.save(state, recipe_text);
        }
    }
    progress.hide();
    std::printf("trained %td steps: %s\n", trainer.steps_done(), a.out.c_str());
    return 0;
}

/// The VAE that a training begins with.
TrainedVae<> first_vae(const VaeArguments& a) {
    if (!a.from.empty()) return load_vae(a.from);
    Rng rng = weights_rng(a.seed);
    auto options = a.vae;
    options.norm = norm_of(a.norm);
    options.tanh_output = a.output == "tanh";
    return {Vae<>(options, Init(rng, InitKind::normal)),
            {.kind = a.tone == "carried" ? ToneKind::carried : ToneKind::free}};
}

int train_vae(const VaeArguments& a) {
    const auto [vae, tone] = first_vae(a);
    auto stage_options = a.stage;
    stage_options.tone = tone;
    stage_options.checkpoint_every = static_cast<std::size_t>(a.checkpoint_layers);
    auto recipe = recipe_of(a);
    if (!a.from.empty()) recipe.insert("from", fingerprint_of(a.from));
    recipe.insert("old", a.old);
    recipe.insert("old_share", a.old_share);
    recipe.insert("match_grey", a.match_grey);
    recipe.insert("tone", a.tone);
    recipe.insert("output", a.output);
    recipe.insert("kl", a.stage.kl);
    recipe.insert("reconstruction", a.stage.reconstruction);

    const auto save = [&, &vae = vae] { save_vae(a.out, vae, stage_options.tone); };
    const auto restore = unmapped(vae, vae, stage_options.tone);
    const auto clean = open_folder(a, a.data);
    if (a.old.empty()) {
        return train(a, VaeStage<>(vae, stage_options), recipe,
                     CleanPhotos(clean, {.crop = a.crop, .grey_probability = a.grey}), save,
                     restore);
    }
    return train(a, VaeStage<>(vae, stage_options), recipe,
                 OldPhotos(open_folder(a, a.old), clean, random_degradation(),
                           {.crop = a.crop,
                            .grey_probability = a.grey,
                            .old_probability = a.old_share,
                            .degrade_crop = a.degrade_crop,
                            .match_grey = a.match_grey}),
                 save, restore);
}

int train_mapping(const MappingArguments& a) {
    Rng rng = weights_rng(a.seed);
    const auto vae_a = load_vae(a.vae_a);
    const auto vae_b = load_vae(a.vae_b);
    auto options = a.mapping;
    options.base = vae_a.vae.options().latent_width();
    options.norm = norm_of(a.norm);
    detail::check_chain(a.vae_a + " and " + a.vae_b, vae_a.vae.options(), options,
                        vae_b.vae.options());
    if (vae_a.tone != vae_b.tone) {
        throw_option_error("train", a.vae_a + " and " + a.vae_b + " treat the tone differently");
    }
    auto stage_options = a.stage;
    stage_options.tone = vae_a.tone;
    stage_options.checkpoint_every = static_cast<std::size_t>(a.checkpoint_layers);
    auto recipe = recipe_of(a);
    recipe.insert("vae_a", fingerprint_of(a.vae_a));
    recipe.insert("vae_b", fingerprint_of(a.vae_b));
    recipe.insert("latent", a.stage.latent);
    recipe.insert("image", a.stage.image);

    const Mapping<> mapping(options, Init(rng, InitKind::normal));
    MappingStage<> stage(vae_a.vae, mapping, vae_b.vae, stage_options);
    const auto translation = stage.translation();
    return train(
        a, std::move(stage), recipe,
        PairedPhotos(open_folder(a, a.data), random_degradation(),
                     {.crop = a.crop, .grey_probability = a.grey, .degrade_crop = a.degrade_crop}),
        [&] { save_translation(a.out, translation); }, restoring(translation));
}

void add_arguments(CLI::App& command, TrainArguments& a) {
    command.add_option("--data", a.data, "A folder of clean photos")
        ->required()
        ->check(CLI::ExistingDirectory);
    command
        .add_option("-o,--out", a.out,
                    "The weights to write; beside them NAME.state.safetensors, NAME.csv")
        ->required();
    command.add_flag("--resume", a.resume, "Go on from NAME.state.safetensors, where that exists");
    command.add_option("--steps", a.steps, "Steps in all")->check(CLI::PositiveNumber);
    command.add_option("--decay", a.decay_steps, "The last of them, in which the rate falls to 0")
        ->check(CLI::NonNegativeNumber);
    command.add_option("--batch", a.batch, "Pictures a step")->check(CLI::PositiveNumber);
    command.add_option("--crop", a.crop, "Their side in pixels")->check(CLI::PositiveNumber);
    command.add_option("--lr", a.learning_rate, "Learning rate");
    command.add_option("--beta1", a.beta1, "Adam's first decay");
    command.add_option("--clip", a.clip_norm, "Largest norm of the gradients");
    command.add_option("--average", a.average_decay, "Decay of the average of the weights");
    command.add_option("--seed", a.seed, "Of weights, samples and noise");
    command.add_option("--norm", a.norm, "Of each block")
        ->check(CLI::IsMember({"instance", "affine", "batch", "none"}));
    command.add_option("--grey", a.grey, "Share of the photos that turn grey")
        ->check(CLI::Range(0.0, 1.0));
    command.add_flag("--degrade-crop", a.degrade_crop,
                     "Degrade the crop and not the whole photo: much faster");
    command.add_option("--cache", a.cache_mebibytes, "MiB of decoded photos to keep a folder")
        ->check(CLI::NonNegativeNumber);
    command.add_option("--max-side", a.max_side, "Shrink photos with a longer side; 0 for none")
        ->check(CLI::NonNegativeNumber);
    command.add_option("--workers", a.workers, "Threads that prepare samples");
    command
        .add_option("--checkpoint-layers", a.checkpoint_layers,
                    "Save memory: keep every so many layers alone; 0 keeps all")
        ->check(CLI::NonNegativeNumber);
    command.add_option("--checkpoint-every", a.checkpoint_every, "Steps between saves")
        ->check(CLI::PositiveNumber);
    auto* clean = command.add_option("--validate", a.validate_clean,
                                     "A folder of clean photos to measure PSNR and SSIM on");
    command
        .add_option("--validate-damaged", a.validate_damaged,
                    "The same photos, damaged; the clean ones where it is left out")
        ->needs(clean);
    command.add_option("--validate-every", a.validate_every, "Steps between measurements")
        ->check(CLI::PositiveNumber);
    add_threads(command);
}

}  // namespace

std::vector<Command> add_train(CLI::App& app) {
    CLI::App* words = app.add_subcommand("train", "Train the networks on folders of pictures");
    words->require_subcommand(1);

    const auto vae = std::make_shared<VaeArguments>();
    CLI::App* vae_word = words->add_subcommand(
        "vae", "Stage 1: a VAE of clean photos, or with --old of old and degraded ones");
    add_arguments(*vae_word, *vae);
    auto* from = vae_word->add_option(
        "--from", vae->from, "The VAE to begin with, which also gives its widths, norm and tone");
    vae_word->add_option("--old", vae->old, "A folder of old photos")
        ->check(CLI::ExistingDirectory);
    vae_word->add_option("--old-share", vae->old_share, "Share of the old photos in the samples")
        ->check(CLI::Range(0.0, 1.0));
    vae_word->add_flag("--match-grey", vae->match_grey,
                       "Turn degraded photos grey as often as old ones are of one tone");
    vae_word->add_option("--width", vae->vae.width, "Channels of the first stage");
    vae_word->add_option("--max-width", vae->vae.max_width, "Most channels, those of the latent");
    vae_word->add_option("--kl", vae->stage.kl, "Weight of the divergence");
    vae_word->add_option("--reconstruction", vae->stage.reconstruction, "Weight of the L1 error");
    vae_word->add_option("--tone", vae->tone, "What becomes of brightness and contrast")
        ->check(CLI::IsMember({"carried", "free"}));
    vae_word->add_option("--output", vae->output, "End of the decoder")
        ->check(CLI::IsMember({"linear", "tanh"}));
    for (const char* option : {"--norm", "--width", "--max-width", "--tone", "--output"}) {
        from->excludes(option);
    }

    const auto mapping = std::make_shared<MappingArguments>();
    CLI::App* mapping_word =
        words->add_subcommand("mapping", "Stage 2: the mapping between two VAEs");
    add_arguments(*mapping_word, *mapping);
    mapping_word->add_option("--vae-a", mapping->vae_a, "VAE of old photos")->required();
    mapping_word->add_option("--vae-b", mapping->vae_b, "VAE of clean photos")->required();
    mapping_word->add_option("--max-width", mapping->mapping.max_width, "Most channels");
    mapping_word->add_option("--blocks", mapping->mapping.blocks, "Residual blocks");
    mapping_word->add_option("--widen", mapping->mapping.widen, "Convolutions that widen");
    mapping_word->add_option("--latent", mapping->stage.latent, "Weight of the latent's L1 error");
    mapping_word->add_option("--image", mapping->stage.image, "Weight of the picture's L1 error");

    const auto complete = [](TrainArguments& a) {
        if (a.validate_damaged.empty()) a.validate_damaged = a.validate_clean;
        a.decay_steps = std::min(a.decay_steps, a.steps);
    };
    return {{vae_word,
             [vae, complete] {
                 complete(*vae);
                 return train_vae(*vae);
             }},
            {mapping_word, [mapping, complete] {
                 complete(*mapping);
                 return train_mapping(*mapping);
             }}};
}

}  // namespace oldphoto::program
