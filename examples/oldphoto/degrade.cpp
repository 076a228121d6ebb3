#include <oldphoto/degrade/pipeline.hpp>
#include <oldphoto/image/stb.hpp>

#include "command.hpp"
#include "photo_batch.hpp"
#include "sheet.hpp"
#include "text.hpp"
#include <filesystem>
#include <memory>

namespace oldphoto::program {

namespace {

struct DegradeArguments {
    std::vector<std::string> inputs;
    std::string output;
    std::string sheet;
    std::uint64_t seed = 0;
};

struct Variant {
    Image photo;
    std::vector<std::string> steps;
};

/// What becomes of a photo; it depends on no other photo.
/// @param number  0 for the one that is written, others for the sheet.
Variant variant_of(const Image& photo, const PhotoJob& job, std::uint64_t seed,
                   std::uint64_t number) {
    Rng rng = derived_rng(seed, hash_of(job.name.generic_string()), number);
    std::vector<std::string> steps;
    Image degraded = degrade(photo, rng, {}, &steps);
    if (steps.empty()) steps.emplace_back("unchanged");
    return {std::move(degraded), std::move(steps)};
}

std::vector<SheetCell> sheet_row(const Image& photo, const PhotoJob& job, const Variant& written,
                                 std::uint64_t seed) {
    constexpr std::uint64_t variants = 4;
    std::vector<SheetCell> row{{photo, {job.name.string(), "original"}},
                               {written.photo, written.steps}};
    for (std::uint64_t number = 1; number < variants; ++number) {
        Variant other = variant_of(photo, job, seed, number);
        row.push_back({std::move(other.photo), std::move(other.steps)});
    }
    return row;
}

/// @throws OptionError for another name than a picture's, and where the sheet would be written over
/// a photo.
void check_sheet(const std::string& sheet, const Batch& batch) {
    static_cast<void>(format_for(sheet));
    const auto place = std::filesystem::weakly_canonical(sheet);
    for (const PhotoJob& job : batch.jobs) {
        for (const auto& photo : {job.input, job.output}) {
            if (std::filesystem::weakly_canonical(photo) == place) {
                throw_option_error("degrade", "the sheet " + sheet + " is one of the photos");
            }
        }
    }
}

int degrade_all(const DegradeArguments& arguments) {
    constexpr std::size_t most_rows = 8;
    const Batch batch = plan_batch(arguments.inputs, arguments.output, "degrade");
    if (!arguments.sheet.empty()) check_sheet(arguments.sheet, batch);
    std::vector<std::vector<SheetCell>> rows;
    const int status = do_batch(batch, "degraded", [&](const PhotoJob& job, const ShareDone&) {
        const Image photo = to_8_bit(read_image(job.input));
        static_cast<void>(format_for(job.output));
        const Variant variant = variant_of(photo, job, arguments.seed, 0);
        make_folder_of(job.output);
        write_image(variant.photo, job.output);
        if (!arguments.sheet.empty() && rows.size() < most_rows) {
            rows.push_back(sheet_row(photo, job, variant, arguments.seed));
        }
        std::string line = job.input.string() + " -> " + job.output.string() + ": ";
        for (const std::string& step : variant.steps) {
            line += (&step == variant.steps.data() ? "" : "; ") + step;
        }
        return line;
    });
    if (!rows.empty()) {
        make_folder_of(arguments.sheet);
        write_image(draw_sheet(rows), arguments.sheet);
    }
    return status;
}

}  // namespace

Command add_degrade(CLI::App& app) {
    const auto arguments = std::make_shared<DegradeArguments>();
    CLI::App* command =
        app.add_subcommand("degrade",
                           "Make photos worse as the published training data is: blur, noise, low "
                           "resolution and JPEG, at random");
    add_photos(*command, arguments->inputs, arguments->output);
    command
        ->add_option("--seed", arguments->seed,
                     "Another number gives other damage; a photo's depends on it and on the name "
                     "of the photo alone")
        ->type_name("N");
    command
        ->add_option("--show", arguments->sheet,
                     "A picture to write of the first 8 photos, each beside four of the ways in "
                     "which it may become worse; the first is the one that is written to OUT")
        ->type_name("SHEET");
    return {command, [arguments] { return degrade_all(*arguments); }};
}

}  // namespace oldphoto::program
