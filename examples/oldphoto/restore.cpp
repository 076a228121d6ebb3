#include <oldphoto/image/stb.hpp>
#include <oldphoto/pipeline/restorer.hpp>

#include "command.hpp"
#include "default_model.hpp"
#include "photo_batch.hpp"
#include "progress.hpp"
#include "text.hpp"
#include <memory>

namespace oldphoto::program {

namespace {

struct RestoreArguments {
    std::vector<std::string> inputs;
    std::string output;
    std::string model;
    bool tolerant = false;
};

/// Restores one photo; returns the line that says so.
std::string restore_photo(const Restorer<>& restorer, const PhotoJob& job, bool tolerant) {
    const auto start = std::chrono::steady_clock::now();
    ImageInfo info;
    const Image photo = read_image(job.input, {.tolerant = tolerant}, &info);
    static_cast<void>(format_for(job.output));  // refused before the work, not after it
    const Image restored = restorer(photo).photo;
    make_folder_of(job.output);
    write_image(restored, job.output);
    std::string line = job.input.string() + " -> " + job.output.string() + ", " +
                       std::to_string(restored.width()) + "x" + std::to_string(restored.height()) +
                       ", " + format("%.2f s", seconds_since(start));
    if (!info.damage.empty()) line += "; the input " + info.damage;
    return line;
}

int restore(const RestoreArguments& arguments) {
    const Batch batch = plan_batch(arguments.inputs, arguments.output, "restore");
    const auto restorer =
        Restorer<>::load(arguments.model.empty() ? default_model() : arguments.model);
    return do_batch(batch, "restored", [&](const PhotoJob& job) {
        return restore_photo(restorer, job, arguments.tolerant);
    });
}

}  // namespace

Command add_restore(CLI::App& app) {
    const auto arguments = std::make_shared<RestoreArguments>();
    CLI::App* command = app.add_subcommand("restore", "Restore photos, or folders of photos");
    command->add_option("INPUT", arguments->inputs, "PNG, JPEG or BMP files, and folders of them")
        ->required();
    command
        ->add_option(
            "-o,--output", arguments->output,
            "For one photo the file to write (.png, .jpg or .bmp); otherwise the folder to "
            "fill with .png files")
        ->type_name("OUT")
        ->required();
    command
        ->add_option("--model", arguments->model, "The weights to use in place of the default ones")
        ->type_name("FILE");
    command->add_flag("--tolerant", arguments->tolerant,
                      "Restore damaged files too, as far as they can be read");
    add_threads(*command);
    return {command, [arguments] { return restore(*arguments); }};
}

}  // namespace oldphoto::program
