#pragma once

#include <oldphoto/train/validation.hpp>

#include <string>
#include <vector>

namespace oldphoto::program {

/// Each clean photo with the damaged one that has its name but for the extension.
/// @param command  what error messages start with.
/// @throws OptionError where a clean photo has no partner or two photos have one name.
std::vector<ValidationPair> pairs_of(const std::string& clean, const std::string& damaged,
                                     const std::string& command);

}  // namespace oldphoto::program
