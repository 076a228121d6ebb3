#pragma once

#include <oldphoto/image/image.hpp>

#include <string>
#include <vector>

/// Pictures side by side with captions, to be looked at.
namespace oldphoto::program {

struct SheetCell {
    Image picture;                     ///< 8 bits
    std::vector<std::string> caption;  ///< its lines; long ones are broken
};

/// Rows of cells, each picture shrunk to fit into 320 x 320 pixels, its caption below.
/// @param rows  at least one, with at least one cell each.
Image draw_sheet(const std::vector<std::vector<SheetCell>>& rows);

}  // namespace oldphoto::program
