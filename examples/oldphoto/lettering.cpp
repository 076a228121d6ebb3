#include "lettering.hpp"

#include <algorithm>

namespace oldphoto::program {

namespace {

constexpr Index glyph_columns = 5;

struct Glyph {
    char character;
    std::string_view dots;  ///< row by row
};

constexpr Glyph glyphs[] = {
    {'A', ".###.#...##...#######...##...##...#"},
    {'B', "####.#...##...#####.#...##...#####."},
    {'C', ".###.#...##....#....#....#...#.###."},
    {'D', "####.#...##...##...##...##...#####."},
    {'E', "######....#....####.#....#....#####"},
    {'F', "######....#....####.#....#....#...."},
    {'G', ".###.#...##....#.####...##...#.###."},
    {'H', "#...##...##...#######...##...##...#"},
    {'I', ".###...#....#....#....#....#...###."},
    {'J', "..###...#....#....#....#.#..#..##.."},
    {'K', "#...##..#.#.#..##...#.#..#..#.#...#"},
    {'L', "#....#....#....#....#....#....#####"},
    {'M', "#...###.###.#.##.#.##...##...##...#"},
    {'N', "#...###..##.#.##..###...##...##...#"},
    {'O', ".###.#...##...##...##...##...#.###."},
    {'P', "####.#...##...#####.#....#....#...."},
    {'Q', ".###.#...##...##...##.#.##..#..##.#"},
    {'R', "####.#...##...#####.#.#..#..#.#...#"},
    {'S', ".#####....#.....###.....#....#####."},
    {'T', "#####..#....#....#....#....#....#.."},
    {'U', "#...##...##...##...##...##...#.###."},
    {'V', "#...##...##...##...##...#.#.#...#.."},
    {'W', "#...##...##...##.#.##.#.###.###...#"},
    {'X', "#...##...#.#.#...#...#.#.#...##...#"},
    {'Y', "#...##...#.#.#...#....#....#....#.."},
    {'Z', "#####....#...#...#...#...#....#####"},
    {'0', ".###.#...##..###.#.###..##...#.###."},
    {'1', "..#...##....#....#....#....#...###."},
    {'2', ".###.#...#....#...#...#...#...#####"},
    {'3', ".###.#...#....#..##.....##...#.###."},
    {'4', "...#...##..#.#.#..#.#####...#....#."},
    {'5', "######....####.....#....##...#.###."},
    {'6', ".###.#....#....####.#...##...#.###."},
    {'7', "#####....#...#...#....#....#....#.."},
    {'8', ".###.#...##...#.###.#...##...#.###."},
    {'9', ".###.#...##...#.####....#....#.###."},
    {' ', "..................................."},
    {'.', ".........................##...##..."},
    {',', "....................##...##...#...."},
    {':', "......##...##........##...##......."},
    {';', "......##...##........##...##...#..."},
    {'-', "...............#####..............."},
    {'+', "......#....#..#####..#....#........"},
    {'_', "..............................#####"},
    {'%', "##..###..#...#...#...#...#..###..##"},
    {'/', ".........#...#...#...#...#........."},
    {'(', "...#...#...#....#....#.....#.....#."},
    {')', ".#.....#.....#....#....#...#...#..."},
};

/// Stands for every character that is not above.
constexpr Glyph unknown{'?', ".....#####.#..#.#..#.####.........."};

char capital(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

const Glyph& glyph_of(char c) {
    const auto* const found = std::ranges::find(glyphs, capital(c), &Glyph::character);
    return found != std::end(glyphs) ? *found : unknown;
}

void fill_square(Image& picture, Index x, Index y, Index side, std::uint8_t level) {
    const Index channels = picture.channels();
    const Index end_x = std::min(x + side, picture.width());
    const Index end_y = std::min(y + side, picture.height());
    for (Index row = std::max(y, Index{0}); row < end_y; ++row) {
        const Index begin_x = std::min(std::max(x, Index{0}), end_x);
        const auto line = picture.samples().begin() + row * picture.width() * channels;
        std::fill(line + begin_x * channels, line + std::max(end_x, begin_x) * channels, level);
    }
}

}  // namespace

void draw_text(Image& picture, Index x, Index y, std::string_view text, Index dot,
               std::uint8_t level) {
    for (const char character : text) {
        const Glyph& glyph = glyph_of(character);
        for (std::size_t i = 0; i < glyph.dots.size(); ++i) {
            if (glyph.dots[i] != '#') continue;
            const auto place = static_cast<Index>(i);
            fill_square(picture, x + place % glyph_columns * dot, y + place / glyph_columns * dot,
                        dot, level);
        }
        x += letter_width * dot;
    }
}

std::vector<std::string> wrapped(const std::string& text, std::size_t columns) {
    const std::string indent = "  ";
    std::vector<std::string> lines;
    std::string rest = text;
    while (rest.size() > columns) {
        const std::size_t space = rest.rfind(' ', columns);
        // A word longer than a line is cut.
        const bool breaks = space != std::string::npos && space > indent.size();
        lines.push_back(rest.substr(0, breaks ? space : columns));
        rest = indent + rest.substr(breaks ? space + 1 : columns);
    }
    lines.push_back(rest);
    return lines;
}

}  // namespace oldphoto::program
