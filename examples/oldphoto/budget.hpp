#pragma once

#include <oldphoto/pipeline/plan.hpp>

#include <CLI/CLI.hpp>
#include <string>

/// How much memory and time a photo may take, and how much it took.
namespace oldphoto::program {

struct Budget {
    double memory = RestorePlan::no_limit;  ///< bytes, all that the program takes
    double time = RestorePlan::no_limit;    ///< seconds a photo

    [[nodiscard]] bool limits_memory() const { return memory < RestorePlan::no_limit; }
    [[nodiscard]] bool limits_time() const { return time < RestorePlan::no_limit; }
    [[nodiscard]] bool any() const { return limits_memory() || limits_time(); }
};

/// Adds --max-memory.
void add_memory_limit(CLI::App& command, Budget& budget);
/// Adds --max-time.
void add_time_limit(CLI::App& command, Budget& budget);

/// Bytes that the program has taken so far at the worst moment, as the kernel counts them.
double most_memory();

/// Gives the system back what the C library keeps of freed memory, now and from now on, where the
/// library lets itself be told: otherwise a program takes more than its values do, by a third and
/// more. Fresh memory costs time.
void return_freed_memory();

/// "1885 MB"
std::string memory_text(double bytes);

/// "0.52 s", "12.3 min"
std::string time_text(double seconds);

/// "1885 MB and 3.2 min planned"
std::string plan_text(const RestorePlan& plan);

}  // namespace oldphoto::program
