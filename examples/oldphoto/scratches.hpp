#pragma once

#include <oldphoto/image/image.hpp>

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>

/// Where the commands take the holes of a photo from.
namespace oldphoto::program {

struct ScratchArguments {
    std::string source = "none";        ///< "none", "detect", or a mask or a folder of masks
    std::string detector{};             ///< weights, or the folder of the published download
    std::optional<double> threshold{};  ///< scratch_threshold where it is not given
    std::optional<int> dilate{};        ///< pixels by which holes grow on each side
    bool official = false;

    [[nodiscard]] bool any() const { return source != "none"; }
    /// The mask or the folder of masks; empty where there is none.
    [[nodiscard]] std::string masks() const { return any() && source != "detect" ? source : ""; }
};

/// Adds --threshold, --dilate and --official.
/// @param dilation  what --dilate is where it is not given, for the help.
void add_scratch_options(CLI::App& command, ScratchArguments& arguments,
                         const std::string& dilation);

/// A photo and its holes.
struct Holes {
    Image photo;                       ///< as restoring it goes on
    Image mask;                        ///< grey, of its size, white in holes
    std::optional<Image> probability;  ///< where the mask was not given
    std::string note;                  ///< what was done to the mask, to be said; may be empty
};

/// Finds the holes of a photo.
/// @param name  of the photo below its folder
using FindHoles = std::function<Holes(const Image& photo, const std::string& name)>;

/// @param photos  how many there are.
/// @throws IoError, WeightsError; OptionError when one mask is given for several photos
FindHoles find_holes(const ScratchArguments& arguments, std::size_t photos);

}  // namespace oldphoto::program
