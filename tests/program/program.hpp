#pragma once

#include <catch2/catch.hpp>

#include "support/files.hpp"
#include <cstdlib>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <vector>

// Runs the built program. Paths within arguments are given to a shell, in quotes where they need
// them.

namespace oldphoto::test {

struct Outcome {
    int status = -1;  ///< what the program returned; -1 when a signal ended it
    std::string out;
    std::string err;

    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> lines;
        std::istringstream stream(out);
        for (std::string line; std::getline(stream, line);) lines.push_back(line);
        return lines;
    }
};

/// @param before  shell commands that set the stage: "ulimit -v 100000; ".
inline Outcome run_program(const std::string& arguments, const std::string& before = "") {
    const TemporaryFolder folder;
    const std::string command = before + "'" OLDPHOTO_PROGRAM "' " + arguments + " >" +
                                folder / "out" + " 2>" + folder / "err";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(folder / "out"),
            read_text(folder / "err")};
}

/// Whether one of the lines has this start and this end, with anything between.
inline bool has_line(const Outcome& outcome, const std::string& start,
                     const std::string& end = "") {
    for (const auto& line : outcome.lines()) {
        if (line.starts_with(start) && line.ends_with(end)) return true;
    }
    return false;
}

}  // namespace oldphoto::test
