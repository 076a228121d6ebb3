#include "photo_batch.hpp"

#include "progress.hpp"
#include "text.hpp"
#include <cstdio>

namespace oldphoto::program {

void add_photos(CLI::App& command, std::vector<std::string>& inputs, std::string& output) {
    command.add_option("INPUT", inputs, "PNG, JPEG or BMP files, and folders of them")->required();
    command
        .add_option("-o,--output", output,
                    "For one photo the file to write (.png, .jpg or .bmp); otherwise the folder to "
                    "fill with .png files")
        ->type_name("OUT")
        ->required();
}

int do_batch(const Batch& batch, const std::string& done,
             const std::function<std::string(const PhotoJob&, const ShareDone&)>& work) {
    double bytes = 0;
    for (const auto& job : batch.jobs) bytes += static_cast<double>(job.bytes);
    Progress progress(batch.jobs.size(), bytes);
    std::size_t failed = 0;
    for (const auto& job : batch.jobs) {
        const std::string name = printable(job.input);
        progress.show(name);
        const auto show_share = [&](double share) {
            progress.show(name, share * static_cast<double>(job.bytes));
        };
        std::string line;
        try {
            line = work(job, show_share);
        } catch (const std::exception& error) {
            line = failure_of(job.input, error);
            ++failed;
        }
        progress.hide();
        std::puts(printable(line).c_str());
        std::fflush(stdout);
        progress.advance(static_cast<double>(job.bytes));
    }
    std::string summary = count_of(batch.jobs.size() - failed, "photo") + " " + done;
    if (failed > 0) summary += ", " + std::to_string(failed) + " failed";
    if (batch.skipped > 0) summary += ", " + count_of(batch.skipped, "other file") + " skipped";
    std::puts(summary.c_str());
    return failed > 0 ? 1 : 0;
}

void make_folder_of(const std::filesystem::path& path) {
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
}

}  // namespace oldphoto::program
