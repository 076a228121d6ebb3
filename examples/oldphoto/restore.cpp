#include <oldphoto/image/stb.hpp>
#include <oldphoto/pipeline/restorer.hpp>

#include "command.hpp"
#include "default_model.hpp"
#include "photo_files.hpp"
#include "progress.hpp"
#include "text.hpp"
#include <cstdio>
#include <memory>

namespace oldphoto::program {

namespace {

namespace fs = std::filesystem;

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
    if (job.output.has_parent_path()) fs::create_directories(job.output.parent_path());
    write_image(restored, job.output);
    std::string line = job.input.string() + " -> " + job.output.string() + ", " +
                       std::to_string(restored.width()) + "x" + std::to_string(restored.height()) +
                       ", " + format("%.2f s", seconds_since(start));
    if (!info.damage.empty()) line += "; the input " + info.damage;
    return line;
}

/// Restores every photo that can be restored and prints a line for each.
/// @return  how many failed.
std::size_t restore_all(const Restorer<>& restorer, const std::vector<PhotoJob>& jobs,
                        bool tolerant) {
    double bytes = 0;
    for (const auto& job : jobs) bytes += static_cast<double>(job.bytes);
    Progress progress(jobs.size(), bytes);
    std::size_t failed = 0;
    for (const auto& job : jobs) {
        progress.show(printable(job.input));
        std::string line;
        try {
            line = restore_photo(restorer, job, tolerant);
        } catch (const std::exception& error) {
            line = failure_of(job.input, error);
            ++failed;
        }
        progress.hide();
        std::puts(printable(line).c_str());
        std::fflush(stdout);
        progress.advance(static_cast<double>(job.bytes));
    }
    return failed;
}

int restore(const RestoreArguments& arguments) {
    const Batch batch = plan_batch(arguments.inputs, arguments.output);
    const auto restorer =
        Restorer<>::load(arguments.model.empty() ? default_model() : arguments.model);
    const std::size_t failed = restore_all(restorer, batch.jobs, arguments.tolerant);
    std::string summary = count_of(batch.jobs.size() - failed, "photo") + " restored";
    if (failed > 0) summary += ", " + std::to_string(failed) + " failed";
    if (batch.skipped > 0) summary += ", " + count_of(batch.skipped, "other file") + " skipped";
    std::puts(summary.c_str());
    return failed > 0 ? 1 : 0;
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
