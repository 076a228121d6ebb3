#include "sheet.hpp"

#include <oldphoto/image/color.hpp>
#include <oldphoto/image/resample.hpp>

#include "lettering.hpp"
#include <algorithm>

namespace oldphoto::program {

namespace {

constexpr Index cell_side = 320;
constexpr Index gap = 16;
constexpr Index dot_side = 2;
constexpr std::uint8_t paper = 250;
constexpr std::uint8_t ink = 40;

using Row = std::vector<SheetCell>;

Image fitted(const Image& picture) {
    const Index longest = std::max(picture.width(), picture.height());
    if (longest <= cell_side) return to_rgb(picture);
    const auto shrunk = [&](Index side) { return std::max(side * cell_side / longest, Index{1}); };
    return to_rgb(
        resize(picture, {shrunk(picture.width()), shrunk(picture.height())}, Resampling::bicubic));
}

std::vector<std::string> lines_of(const SheetCell& cell) {
    std::vector<std::string> lines;
    for (const std::string& text : cell.caption) {
        const auto broken =
            wrapped(text, static_cast<std::size_t>(cell_side / (letter_width * dot_side)));
        lines.insert(lines.end(), broken.begin(), broken.end());
    }
    return lines;
}

/// How much of a row its largest picture and its longest caption take.
struct RowHeights {
    Index pictures = 0;
    Index captions = 0;

    [[nodiscard]] Index all() const { return pictures + captions + 2 * gap; }
};

RowHeights heights_of(const Row& row) {
    RowHeights heights;
    for (const SheetCell& cell : row) {
        heights.pictures = std::max(heights.pictures, fitted(cell.picture).height());
        heights.captions =
            std::max(heights.captions, std::ssize(lines_of(cell)) * line_height * dot_side);
    }
    return heights;
}

void paste(Image& sheet, const Image& picture, Index x, Index y) {
    const Index row_samples = picture.width() * 3;
    for (Index row = 0; row < picture.height(); ++row) {
        std::copy_n(picture.samples().begin() + row * row_samples, row_samples,
                    sheet.samples().begin() + ((y + row) * sheet.width() + x) * 3);
    }
}

}  // namespace

Image draw_sheet(const std::vector<Row>& rows) {
    Index columns = 0;
    Index height = gap;
    for (const Row& row : rows) {
        columns = std::max(columns, std::ssize(row));
        height += heights_of(row).all();
    }
    auto sheet = Image::black({gap + columns * (cell_side + gap), height}, 3);
    std::ranges::fill(sheet.samples(), paper);
    Index y = gap;
    for (const Row& row : rows) {
        const RowHeights heights = heights_of(row);
        Index x = gap;
        for (const SheetCell& cell : row) {
            paste(sheet, fitted(cell.picture), x, y);
            Index line_y = y + heights.pictures + gap / 2;
            for (const std::string& line : lines_of(cell)) {
                draw_text(sheet, x, line_y, line, dot_side, ink);
                line_y += line_height * dot_side;
            }
            x += cell_side + gap;
        }
        y += heights.all();
    }
    return sheet;
}

}  // namespace oldphoto::program
