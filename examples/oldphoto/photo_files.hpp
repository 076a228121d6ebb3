#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

/// Which files are photos, and where their results go.
namespace oldphoto::program {

/// A photo below a folder.
struct FoundPhoto {
    std::filesystem::path path;
    std::filesystem::path relative;  ///< to the folder
};

/// The files below a folder in alphabetical order.
struct PhotoTree {
    std::vector<FoundPhoto> photos;
    std::size_t skipped = 0;  ///< files that are pictures by neither name nor content
};

/// Whether the name ends like that of a picture, of a format that is read here or another one.
bool has_picture_extension(const std::filesystem::path& path);

/// The path without the extension of a picture; "scan.1950" stays as it is.
std::filesystem::path without_picture_extension(std::filesystem::path path);

/// Finds the photos below a folder. Hidden files and folders are left out.
/// @param left_out  folders that are not entered; may not exist.
/// @throws IoError when a folder cannot be read.
PhotoTree find_photos(const std::filesystem::path& folder,
                      const std::vector<std::filesystem::path>& left_out = {});

/// Photos by their place below a folder, without extension.
using PhotosByName = std::map<std::string, std::filesystem::path>;

/// @param command  what error messages start with.
/// @throws OptionError when two photos have the same name but for the extension.
PhotosByName photos_by_name(const std::string& folder, const std::string& command);

/// A photo to be made into another one.
struct PhotoJob {
    std::filesystem::path input;
    std::filesystem::path output;
    std::filesystem::path name;  ///< of the input: below its folder, or of the file alone
    std::uintmax_t bytes = 0;    ///< of the input; 0 where that is not known
};

struct Batch {
    std::vector<PhotoJob> jobs;
    std::size_t skipped = 0;
};

/// Where a picture beside a result goes: "out/a.png", "mask" -> "out/a.mask.png".
std::filesystem::path extra_path(const std::filesystem::path& result, const std::string& extra);

struct BatchOptions {
    std::vector<std::string> extras{};  ///< written beside each result, see extra_path()
    std::filesystem::path masks{};      ///< a file or a folder that is read too; may be empty
};

/// Decides what is read, and where the results are written: that of the only input, a file, to
/// `output` where this has the name of a picture; otherwise as .png below the folder `output`, in
/// which the tree of each input folder is kept. "a.jpg" becomes "a.png", but "a.jpg.png" beside an
/// "a.bmp".
/// @param command  what error messages start with.
/// @throws OptionError when a picture would be written over an input, a mask or another result.
Batch plan_batch(const std::vector<std::string>& inputs, const std::filesystem::path& output,
                 const std::string& command, const BatchOptions& options = {});

}  // namespace oldphoto::program
