#pragma once

#include <oldphoto/image/image.hpp>

#include <string>
#include <string_view>
#include <vector>

/// Captions in pictures, in capital letters of 5 x 7 dots.
namespace oldphoto::program {

/// Pixels from one letter and one line to the next, for dots of one pixel.
inline constexpr Index letter_width = 6;
inline constexpr Index line_height = 9;

/// Writes one line, its upper left corner at (x, y); what lies beyond the picture is cut off.
/// Characters other than ASCII letters, digits and common signs become small squares.
/// @param picture  8 bits.
/// @param dot      side of a dot, in pixels.
void draw_text(Image& picture, Index x, Index y, std::string_view text, Index dot,
               std::uint8_t level);

/// The text in lines of at most `columns` letters, broken at spaces; all but the first indented.
std::vector<std::string> wrapped(const std::string& text, std::size_t columns);

}  // namespace oldphoto::program
