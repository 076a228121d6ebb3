#pragma once

#include <oldphoto/image/image.hpp>

#include "scratches.hpp"
#include <string>
#include <vector>

/// Pictures beside a result that show how it came about.
namespace oldphoto::program {

/// Adds --also with these words.
void add_also(CLI::App& command, std::vector<std::string>& extras,
              const std::vector<std::string>& words);

/// "mask", "probability" or "overlay" of a photo.
/// @throws OptionError for the probability where the mask was given
Image hole_picture(const std::string& extra, const Holes& holes);

/// |restored - photo|, the photo brought to the size and the channels of what was restored.
Image change_picture(const Image& photo, const Image& restored);

}  // namespace oldphoto::program
