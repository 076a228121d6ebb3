#include <oldphoto/image/stb.hpp>
#include <oldphoto/pipeline/hole_restorers.hpp>
#include <oldphoto/pipeline/model_folder.hpp>
#include <oldphoto/pipeline/official_programs.hpp>

#include "budget.hpp"
#include "command.hpp"
#include "default_model.hpp"
#include "extra_pictures.hpp"
#include "photo_batch.hpp"
#include "progress.hpp"
#include "scratches.hpp"
#include "text.hpp"
#include <algorithm>
#include <memory>

namespace oldphoto::program {

namespace {

struct RestoreArguments {
    std::vector<std::string> inputs;
    std::string output;
    std::string model;
    ScratchArguments scratches;
    bool high_resolution = false;
    bool keep_outside_mask = false;
    std::vector<std::string> also;
    bool tolerant = false;
    Budget budget;
    double own_memory = 0;  ///< what the program takes before it has read anything
    Numerics numerics = Numerics::fast;
};

/// What became of a photo.
struct Outcome {
    Image photo;
    std::optional<Holes> holes{};
    RestorePlan plan{};  ///< where one was made
};

using Restore = std::function<Outcome(const Image& photo, const std::string& name,
                                      const RestoreOptions& options)>;

Restore without_holes(const RestoreArguments& arguments) {
    const std::string path = arguments.model.empty() ? default_model() : arguments.model;
    const auto restorer = Restorer<>::load(read_model(path, ModelKind::quality), path);
    if (arguments.scratches.official) {
        return
            [restorer](const Image& photo, const std::string&, const RestoreOptions&) -> Outcome {
                return {official_restoration(restorer.translation(), photo)};
            };
    }
    return [restorer](const Image& photo, const std::string&,
                      const RestoreOptions& options) -> Outcome {
        auto result = restorer(photo, options);
        return {std::move(result.photo), {}, result.plan};
    };
}

/// @tparam Photos  a Restorer that is given holes
template <class Photos>
Restore with_holes_of(const RestoreArguments& arguments, ModelKind kind, const FindHoles& find) {
    const auto& path = arguments.model;
    const auto restorer = Photos::load(read_model(path, kind), path);
    if (arguments.scratches.official) {
        return [restorer, find](const Image& photo, const std::string& name,
                                const RestoreOptions&) -> Outcome {
            const Holes holes = find(photo, name);
            return {official_restoration(restorer.translation(), holes.photo, holes.mask), holes};
        };
    }
    const HoleOptions filling{.keep_outside_mask = arguments.keep_outside_mask};
    return [restorer, find, filling](const Image& photo, const std::string& name,
                                     const RestoreOptions& options) -> Outcome {
        const Holes holes = find(photo, name);
        auto result = restorer(holes.photo, holes.mask, filling, options);
        return {std::move(result.photo), holes, result.plan};
    };
}

/// @throws OptionError for options that do not go together
void check(const RestoreArguments& a) {
    const auto require = [](bool holds, const char* rule) {
        if (!holds) throw_option_error("restore", rule);
    };
    const auto wants = [&](const char* extra) {
        return std::find(a.also.begin(), a.also.end(), extra) != a.also.end();
    };
    const auto& scratches = a.scratches;
    require(!scratches.any() || !a.model.empty(),
            "the default model fills no holes; name one that does with --model");
    require(!scratches.official || !a.model.empty(),
            "the default model is not a published one; name one with --model");
    require(scratches.any() || !a.high_resolution, "--high-resolution needs --scratches");
    require(scratches.any() || !a.keep_outside_mask, "--keep-outside-mask needs --scratches");
    require(scratches.any() || !scratches.dilate, "--dilate needs --scratches");
    const bool detects = scratches.source == "detect";
    require(detects || !scratches.threshold, "--threshold needs --scratches detect");
    require(detects || scratches.detector.empty(), "--detector needs --scratches detect");
    require(scratches.any() || !(wants("mask") || wants("overlay")),
            "a mask and its overlay need --scratches");
    require(detects || !wants("probability"), "a probability needs --scratches detect");
    require(!(scratches.official && a.keep_outside_mask),
            "--official keeps nothing outside the mask; leave out --keep-outside-mask");
    require(!(scratches.official && a.budget.any()),
            "--official keeps within no limits; leave out --max-memory and --max-time");
}

Restore restore_by(const RestoreArguments& arguments, std::size_t photos) {
    if (!arguments.scratches.any()) return without_holes(arguments);
    ScratchArguments scratches = arguments.scratches;
    if (scratches.detector.empty()) scratches.detector = arguments.model;
    constexpr int published_dilation = 3;
    if (arguments.high_resolution && !scratches.dilate) scratches.dilate = published_dilation;
    const FindHoles find = find_holes(scratches, photos);
    return arguments.high_resolution
               ? with_holes_of<HighResolutionRestorer<>>(arguments, ModelKind::high_resolution,
                                                         find)
               : with_holes_of<ScratchRestorer<>>(arguments, ModelKind::scratch, find);
}

void write_extras(const RestoreArguments& arguments, const PhotoJob& job, const Image& photo,
                  const Outcome& outcome) {
    for (const auto& extra : arguments.also) {
        write_image(extra == "difference" ? change_picture(photo, outcome.photo)
                                          : hole_picture(extra, *outcome.holes),
                    extra_path(job.output, extra));
    }
}

/// Restores one photo; returns the line that says so.
std::string restore_photo(const Restore& restore, const RestoreArguments& arguments,
                          const PhotoJob& job, const ShareDone& show_share) {
    const auto start = std::chrono::steady_clock::now();
    ImageInfo info;
    const Image photo = read_image(job.input, {.tolerant = arguments.tolerant}, &info);
    static_cast<void>(format_for(job.output));  // refused before the work, not after it
    if (arguments.budget.limits_memory()) return_freed_memory();
    RestoreOptions options{.max_memory = arguments.budget.memory,
                           .own_memory = arguments.own_memory,
                           .max_time = arguments.budget.time};
    // Seen only where a photo takes long enough to be planned.
    constexpr Index large = 4'000'000;
    if (arguments.budget.any() || photo.width() * photo.height() > large) {
        options.progress = [&](const RestoreProgress& progress) { show_share(progress.fraction); };
    }
    const Outcome outcome = restore(photo, job.name, options);
    make_folder_of(job.output);
    write_image(outcome.photo, job.output);
    write_extras(arguments, job, photo, outcome);
    std::string line = job.input.string() + " -> " + job.output.string() + ", " +
                       std::to_string(outcome.photo.width()) + "x" +
                       std::to_string(outcome.photo.height()) + ", " +
                       format("%.2f s", seconds_since(start));
    if (arguments.budget.any()) {
        line += ", " + memory_text(most_memory()) + " (" + plan_text(outcome.plan) + ")";
    }
    if (outcome.holes) {
        line += ", " + format("%.2f %% holes", 100 * covered_share(outcome.holes->mask));
        if (!outcome.holes->note.empty()) line += "; " + outcome.holes->note;
    }
    if (!info.damage.empty()) line += "; the input " + info.damage;
    return line;
}

int restore(RestoreArguments& arguments) {
    const NumericsScope scope(arguments.numerics);
    check(arguments);
    arguments.own_memory = most_memory();
    const Batch batch =
        plan_batch(arguments.inputs, arguments.output, "restore",
                   {.extras = arguments.also, .masks = arguments.scratches.masks()});
    const Restore restore = restore_by(arguments, batch.jobs.size());
    return do_batch(batch, "restored", [&](const PhotoJob& job, const ShareDone& show_share) {
        return restore_photo(restore, arguments, job, show_share);
    });
}

}  // namespace

Command add_restore(CLI::App& app) {
    const auto arguments = std::make_shared<RestoreArguments>();
    CLI::App* command = app.add_subcommand("restore", "Restore photos, or folders of photos");
    add_photos(*command, arguments->inputs, arguments->output);
    command
        ->add_option("--model", arguments->model,
                     "The weights to use in place of the default ones: a safetensors file, a "
                     "PyTorch checkpoint, or the folder of the published download")
        ->type_name("PATH");
    command
        ->add_option("--scratches", arguments->scratches.source,
                     "Where holes are: none, detect, a mask that is white in holes, or a folder of "
                     "masks with the photos' names")
        ->type_name("none|detect|MASK")
        ->capture_default_str();
    command
        ->add_option("--detector", arguments->scratches.detector,
                     "The detector's weights, where the model's folder has none")
        ->type_name("PATH");
    add_scratch_options(*command, arguments->scratches, "0 unless given, 3 with --high-resolution");
    command->add_flag("--high-resolution", arguments->high_resolution,
                      "Fill holes by patches, at less cost than by attention");
    command->add_flag("--keep-outside-mask", arguments->keep_outside_mask,
                      "Leave pixels outside the mask as they are, to 8 bits; a .png keeps them so");
    add_also(*command, arguments->also, {"mask", "probability", "overlay", "difference"});
    command->add_flag("--tolerant", arguments->tolerant,
                      "Restore damaged files too, as far as they can be read");
    add_memory_limit(*command, arguments->budget);
    add_time_limit(*command, arguments->budget);
    add_numerics(*command, arguments->numerics);
    add_threads(*command);
    return {command, [arguments] { return restore(*arguments); }};
}

}  // namespace oldphoto::program
