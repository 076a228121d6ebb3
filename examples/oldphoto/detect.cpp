#include <oldphoto/image/mask.hpp>
#include <oldphoto/image/stb.hpp>

#include "command.hpp"
#include "extra_pictures.hpp"
#include "photo_batch.hpp"
#include "progress.hpp"
#include "scratches.hpp"
#include "text.hpp"
#include <memory>

namespace oldphoto::program {

namespace {

struct DetectArguments {
    std::vector<std::string> inputs;
    std::string output;
    ScratchArguments scratches{.source = "detect"};
    std::vector<std::string> also;
    Numerics numerics = Numerics::fast;
};

/// Writes the mask of one photo; returns the line that says so.
std::string detect_photo(const FindHoles& find, const DetectArguments& arguments,
                         const PhotoJob& job) {
    const auto start = std::chrono::steady_clock::now();
    static_cast<void>(format_for(job.output));  // refused before the work, not after it
    const Holes holes = find(read_image(job.input), job.name);
    make_folder_of(job.output);
    write_image(holes.mask, job.output);
    for (const auto& extra : arguments.also) {
        write_image(hole_picture(extra, holes), extra_path(job.output, extra));
    }
    return job.input.string() + " -> " + job.output.string() + ", " +
           format("%.2f %% scratched", 100 * covered_share(holes.mask)) + ", " +
           format("%.2f s", seconds_since(start));
}

int detect(const DetectArguments& arguments) {
    const NumericsScope scope(arguments.numerics);
    const Batch batch =
        plan_batch(arguments.inputs, arguments.output, "detect", {.extras = arguments.also});
    const FindHoles find = find_holes(arguments.scratches, batch.jobs.size());
    return do_batch(batch, "searched", [&](const PhotoJob& job, const ShareDone&) {
        return detect_photo(find, arguments, job);
    });
}

}  // namespace

Command add_detect(CLI::App& app) {
    const auto arguments = std::make_shared<DetectArguments>();
    CLI::App* command =
        app.add_subcommand("detect", "Find the scratches of photos and write masks of them");
    add_photos(*command, arguments->inputs, arguments->output);
    command
        ->add_option("--model", arguments->scratches.detector,
                     "The detector: a safetensors file, a PyTorch checkpoint, or the folder of the "
                     "published download")
        ->type_name("PATH")
        ->required();
    add_scratch_options(*command, arguments->scratches, "0 unless given");
    add_also(*command, arguments->also, {"probability", "overlay"});
    add_numerics(*command, arguments->numerics);
    add_threads(*command);
    return {command, [arguments] { return detect(*arguments); }};
}

}  // namespace oldphoto::program
