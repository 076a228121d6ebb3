#pragma once

#include <oldphoto/backend/conv_geometry.hpp>

#include <vector>

namespace oldphoto {

/// Squares that tile the planes of a picture from their first pixel on, counted row by row. Pixels
/// beyond the last whole square are in none of them.
struct PatchGrid {
    Pair plane;   ///< height and width of the picture
    Index patch;  ///< side of a square

    [[nodiscard]] constexpr Index columns() const noexcept { return plane.w / patch; }
    [[nodiscard]] constexpr Index count() const noexcept { return plane.h / patch * columns(); }
    /// Whether every pixel is in a square.
    [[nodiscard]] constexpr bool exact() const noexcept {
        return plane.h % patch == 0 && plane.w % patch == 0;
    }

    /// Where in its plane square k begins.
    [[nodiscard]] constexpr Index corner(Index k) const noexcept {
        return (k / columns() * plane.w + k % columns()) * patch;
    }
    /// How far from there its element i lies; elements are counted by channel, row and column.
    [[nodiscard]] constexpr Index element(Index i) const noexcept {
        const Index row = i / patch;  // of all channels
        return (row / patch * plane.h + row % patch) * plane.w + i % patch;
    }
};

/// What is copied where: samples[n][k] is the square that takes the place of square k in sample n.
using PatchSources = std::vector<std::vector<Index>>;

}  // namespace oldphoto
