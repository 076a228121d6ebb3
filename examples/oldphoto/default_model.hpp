#pragma once

#include <string>

namespace oldphoto::program {

/// The weights that `restore` uses when it is given none.
/// @throws IoError that lists where they were looked for.
std::string default_model();

}  // namespace oldphoto::program
