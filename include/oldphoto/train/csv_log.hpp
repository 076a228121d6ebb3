#pragma once

#include <oldphoto/core/file.hpp>

#include <charconv>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace oldphoto {

/// A table of numbers as comma-separated values, a row at a time; the first column counts steps.
/// After each row the file is whole. A training that resumes takes up its log where the steps that
/// it has still ended.
class CsvLog {
public:
    /// @param columns     names, "step" first.
    /// @param steps_done  rows of a file that exists are kept up to this step; 0 begins anew,
    ///                     and so does a file that does not exist.
    /// @throws IoError when the file cannot be written, or its rows are of other columns.
    CsvLog(std::string path, const std::vector<std::string>& columns, Index steps_done = 0)
        : path_(std::move(path)) {
        std::string text = kept_rows(header_of(columns), steps_done);
        write_file_atomically(path_, std::as_bytes(std::span(text)));
        file_.reset(std::fopen(path_.c_str(), "ab"));
        if (!file_) detail::throw_system_error(path_, "cannot be written");
    }

    /// @throws IoError when the disk is full or fails.
    void write(Index step, const std::vector<double>& values) {
        std::string row = std::to_string(step);
        for (const double value : values) {
            char digits[32];
            const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
            row += ',';
            row.append(digits, end);
        }
        row += '\n';
        if (std::fputs(row.c_str(), file_.get()) < 0 || std::fflush(file_.get()) != 0) {
            detail::throw_system_error(path_, "cannot be written");
        }
    }

private:
    [[nodiscard]] static std::string header_of(const std::vector<std::string>& columns) {
        std::string header;
        for (const auto& column : columns) header += (header.empty() ? "" : ",") + column;
        return header + '\n';
    }

    [[nodiscard]] std::string kept_rows(const std::string& header, Index steps_done) const {
        if (steps_done == 0 || access(path_.c_str(), F_OK) != 0) return header;
        const auto bytes = read_file(path_);
        std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (!rest.starts_with(header)) {
            throw_io_error(path_, "has other columns than\n  " + header);
        }
        std::string kept = header;
        rest.remove_prefix(header.size());
        while (rest.find('\n') != std::string_view::npos) {
            const std::string_view row = rest.substr(0, rest.find('\n') + 1);
            rest.remove_prefix(row.size());
            Index step = 0;
            std::from_chars(row.data(), row.data() + row.size(), step);
            if (step > steps_done) break;
            kept += row;
        }
        return kept;
    }

    std::string path_;
    detail::FileHandle file_;
};

}  // namespace oldphoto
