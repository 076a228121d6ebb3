#include "photo_files.hpp"

#include <oldphoto/core/file.hpp>
#include <oldphoto/image/inspect.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace oldphoto::program {

namespace fs = std::filesystem;

namespace {

bool is_picture_by_content(const fs::path& path) {
    constexpr std::size_t enough_to_tell = 32;
    try {
        InputFile file(path);
        std::vector<std::byte> start(std::min(file.size(), enough_to_tell));
        file.read(start);
        static_cast<void>(identify_image(start, path));
        return true;
    } catch (const IoError&) {
        return false;
    }
}

bool is_hidden(const fs::path& path) {
    return path.filename().string().starts_with('.');
}

/// What a folder holds, in alphabetical order.
std::vector<fs::path> sorted_entries(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::path> entries;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        entries.push_back(entry->path());
    }
    if (error) throw_io_error(folder.string(), "cannot be read (" + error.message() + ")");
    std::sort(entries.begin(), entries.end());
    return entries;
}

class PhotoFinder {
public:
    PhotoFinder(const fs::path& root, const std::vector<fs::path>& left_out)
        : root_(root), left_out_(left_out) {}

    PhotoTree find() {
        enter(root_);
        return std::move(tree_);
    }

private:
    void enter(const fs::path& folder) {
        for (const fs::path& entry : sorted_entries(folder)) {
            std::error_code ignored;
            if (is_hidden(entry)) continue;
            if (fs::is_directory(entry, ignored)) {
                // Links to folders are not followed: they may lead in circles.
                const bool is_link = fs::is_symlink(entry, ignored);
                const auto is_entry = [&](const fs::path& other) {
                    return fs::equivalent(entry, other, ignored);
                };
                if (!is_link && std::none_of(left_out_.begin(), left_out_.end(), is_entry)) {
                    enter(entry);
                }
            } else if (has_picture_extension(entry) || is_picture_by_content(entry)) {
                tree_.photos.push_back({entry, entry.lexically_relative(root_)});
            } else {
                ++tree_.skipped;
            }
        }
    }

    fs::path root_;
    std::vector<fs::path> left_out_;
    PhotoTree tree_;
};

std::uintmax_t size_of(const fs::path& path) {
    std::error_code error;
    const std::uintmax_t bytes = fs::file_size(path, error);
    return error ? 0 : bytes;
}

/// The same text for all ways to write a path, links in its folders resolved.
std::string place_of(const fs::path& path) {
    const fs::path absolute = fs::absolute(path);
    return (fs::weakly_canonical(absolute.parent_path()) / absolute.filename()).string();
}

/// The places of a mask, or of all masks of a folder.
std::set<std::string> mask_places(const fs::path& masks) {
    std::set<std::string> places;
    if (!fs::is_directory(masks)) {
        if (!masks.empty()) places.insert(place_of(masks));
        return places;
    }
    for (const auto& mask : find_photos(masks).photos) places.insert(place_of(mask.path));
    return places;
}

void check_outputs(const std::vector<PhotoJob>& jobs, const BatchOptions& options,
                   const std::string& command) {
    std::set<std::string> inputs;
    for (const auto& job : jobs) inputs.insert(place_of(job.input));
    const std::set<std::string> masks = mask_places(options.masks);
    std::map<std::string, const PhotoJob*> outputs;
    const auto add = [&](const PhotoJob& job, const fs::path& output) {
        const std::string place = place_of(output);
        if (inputs.contains(place) || masks.contains(place)) {
            throw_option_error(command, output.string() + " is " +
                                            (masks.contains(place) ? "a mask" : "an input") +
                                            " and would be overwritten; choose another output");
        }
        const auto [other, added] = outputs.emplace(place, &job);
        if (!added) {
            throw_option_error(command, other->second->input.string() + " and " +
                                            job.input.string() + " would both be written to " +
                                            output.string());
        }
    };
    for (const auto& job : jobs) {
        add(job, job.output);
        for (const auto& extra : options.extras) add(job, extra_path(job.output, extra));
    }
}

fs::path png_name(const fs::path& photo) {
    return without_picture_extension(photo) += ".png";
}

/// Lets photos whose names differ in their extension alone keep it: "a.jpg.png" and "a.bmp.png".
void tell_apart(std::vector<PhotoJob>& jobs) {
    std::map<fs::path, int> uses;
    for (const auto& job : jobs) ++uses[job.output];
    for (auto& job : jobs) {
        if (uses[job.output] > 1) job.output.replace_filename(job.input.filename() += ".png");
    }
}

}  // namespace

bool has_picture_extension(const fs::path& path) {
    static const std::set<std::string> extensions{
        ".png",  ".jpg",  ".jpeg", ".jpe",  ".jfif", ".bmp", ".dib", ".gif", ".tif",
        ".tiff", ".webp", ".heic", ".heif", ".avif", ".jp2", ".jxl", ".psd"};
    std::string extension = path.extension().string();
    for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return extensions.contains(extension);
}

fs::path without_picture_extension(fs::path path) {
    if (has_picture_extension(path)) path.replace_extension();
    return path;
}

PhotoTree find_photos(const fs::path& folder, const std::vector<fs::path>& left_out) {
    return PhotoFinder(folder, left_out).find();
}

PhotosByName photos_by_name(const std::string& folder, const std::string& command) {
    PhotosByName photos;
    for (const auto& [path, relative] : find_photos(folder).photos) {
        const std::string name = without_picture_extension(relative).string();
        const auto [other, added] = photos.emplace(name, path);
        if (!added) {
            throw_option_error(command, other->second.string() + " and " + path.string() +
                                            " have the same name but for the extension");
        }
    }
    return photos;
}

fs::path extra_path(const fs::path& result, const std::string& extra) {
    return without_picture_extension(result) += "." + extra + ".png";
}

Batch plan_batch(const std::vector<std::string>& inputs, const fs::path& output,
                 const std::string& command, const BatchOptions& options) {
    for (const auto& extra : options.extras) {
        if (std::count(options.extras.begin(), options.extras.end(), extra) > 1) {
            throw_option_error("also", "'" + extra + "' stands twice");
        }
    }
    Batch batch;
    const auto add = [&](const fs::path& input, const fs::path& result, const fs::path& name) {
        batch.jobs.push_back({input, result, name, size_of(input)});
    };
    const bool only_file = inputs.size() == 1 && !fs::is_directory(inputs[0]);
    if (only_file && has_picture_extension(output) && !fs::is_directory(output)) {
        add(inputs[0], output, fs::path(inputs[0]).filename());
    } else {
        if (fs::exists(output) && !fs::is_directory(output)) {
            throw_option_error(command, output.string() + " is a file; expected a folder");
        }
        for (const fs::path input : inputs) {
            if (!fs::is_directory(input)) {
                add(input, output / png_name(input.filename()), input.filename());
                continue;
            }
            const PhotoTree tree = find_photos(input, {output, options.masks});
            batch.skipped += tree.skipped;
            for (const auto& [path, relative] : tree.photos) {
                add(path, output / png_name(relative), relative);
            }
        }
        tell_apart(batch.jobs);
    }
    check_outputs(batch.jobs, options, command);
    return batch;
}

}  // namespace oldphoto::program
