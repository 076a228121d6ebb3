#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace oldphoto {

namespace detail {

/// Characters of a UTF-8 text: the bytes that do not continue one.
inline std::size_t text_width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

}  // namespace detail

/// A row of cells; columns that it does not reach stay empty.
using TableRow = std::vector<std::string>;

/// Rows as lines of text: columns as wide as their widest cell, two spaces apart.
/// @param alignment  a letter for each column: 'l' left, 'r' right; at least as many as cells.
[[nodiscard]] inline std::string format_table(const std::vector<TableRow>& rows,
                                              std::string_view alignment) {
    std::vector<std::size_t> widths(alignment.size());
    for (const auto& row : rows) {
        for (std::size_t k = 0; k < row.size(); ++k) {
            widths[k] = std::max(widths[k], detail::text_width(row[k]));
        }
    }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t k = 0; k < row.size(); ++k) {
            const std::string blank(widths[k] - detail::text_width(row[k]), ' ');
            if (k > 0) line += "  ";
            line += alignment[k] == 'r' ? blank + row[k] : row[k] + blank;
        }
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

}  // namespace oldphoto
