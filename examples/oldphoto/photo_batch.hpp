#pragma once

#include "photo_files.hpp"
#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace oldphoto::program {

/// Adds INPUT and --output.
void add_photos(CLI::App& command, std::vector<std::string>& inputs, std::string& output);

/// Called with the share of a photo's work that is done, 0..1; may be called or not.
using ShareDone = std::function<void(double share)>;

/// Does `work` for every photo, prints the line that it returns or the reason why it threw, and at
/// last how many photos were dealt with.
/// @param done  what was done with them: "restored".
/// @return  the program's exit status: 0 when none failed.
int do_batch(const Batch& batch, const std::string& done,
             const std::function<std::string(const PhotoJob&, const ShareDone&)>& work);

/// Makes the folder that `path` lies in.
void make_folder_of(const std::filesystem::path& path);

}  // namespace oldphoto::program
