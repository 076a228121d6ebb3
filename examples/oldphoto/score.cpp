#include <oldphoto/core/table.hpp>
#include <oldphoto/image/stb.hpp>
#include <oldphoto/train/validation.hpp>

#include "command.hpp"
#include "photo_files.hpp"
#include "text.hpp"
#include <cstdio>
#include <memory>

namespace oldphoto::program {

namespace {

namespace fs = std::filesystem;

struct ScoreArguments {
    std::string clean;
    std::string restored;
};

TableRow row_of(const std::string& name, const Score& score) {
    return {name, format("%.2f", score.psnr), format("%.4f", score.ssim)};
}

/// The scores of the photos that stand in both folders, and lines for those that cannot be scored.
struct Comparison {
    std::vector<TableRow> rows{{"photo", "PSNR", "SSIM"}};
    std::vector<std::string> failures;
    std::size_t count = 0;
    Score total;

    void add(const std::string& name, const fs::path& clean, const fs::path& restored) {
        try {
            const Score score = score_of(read_image(clean), read_image(restored));
            rows.push_back(row_of(name, score));
            ++count;
            total.psnr += score.psnr;
            total.ssim += score.ssim;
        } catch (const std::exception& error) {
            failures.push_back(failure_of(name, error));
        }
    }
    void miss(const fs::path& photo, const std::string& folder) {
        failures.push_back("FAILED " + photo.string() + ": has no partner in " + folder);
    }
    [[nodiscard]] Score mean() const {
        const auto photos = static_cast<double>(count);
        return {total.psnr / photos, total.ssim / photos};
    }
};

int score(const ScoreArguments& arguments) {
    const PhotosByName clean = photos_by_name(arguments.clean, "score");
    const PhotosByName restored = photos_by_name(arguments.restored, "score");
    Comparison comparison;
    for (const auto& [name, path] : clean) {
        const auto partner = restored.find(name);
        if (partner == restored.end()) {
            comparison.miss(path, arguments.restored);
        } else {
            comparison.add(name, path, partner->second);
        }
    }
    for (const auto& [name, path] : restored) {
        if (!clean.contains(name)) comparison.miss(path, arguments.clean);
    }
    if (comparison.count > 0) {
        comparison.rows.push_back(
            row_of("mean of " + count_of(comparison.count, "photo"), comparison.mean()));
        std::fputs(format_table(comparison.rows, "lrr").c_str(), stdout);
    } else {
        std::puts("no photo could be scored");
    }
    for (const auto& line : comparison.failures) std::puts(line.c_str());
    return comparison.failures.empty() && comparison.count > 0 ? 0 : 1;
}

}  // namespace

Command add_score(CLI::App& app) {
    const auto arguments = std::make_shared<ScoreArguments>();
    CLI::App* command = app.add_subcommand(
        "score", "Compare restored photos with clean ones of the same name: PSNR (dB) and SSIM");
    command->add_option("CLEAN_DIR", arguments->clean, "The photos as they should be")
        ->required()
        ->check(CLI::ExistingDirectory);
    command->add_option("RESTORED_DIR", arguments->restored, "The photos to score")
        ->required()
        ->check(CLI::ExistingDirectory);
    return {command, [arguments] { return score(*arguments); }};
}

}  // namespace oldphoto::program
