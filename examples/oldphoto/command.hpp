#pragma once

#include <oldphoto/core/numerics.hpp>

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace oldphoto::program {

/// A word of the program: its arguments, and what it does with them.
struct Command {
    CLI::App* arguments;
    /// Returns the program's exit status; throws for what stops the command altogether.
    std::function<int()> run;
};

Command add_restore(CLI::App& app);
Command add_detect(CLI::App& app);
Command add_forward(CLI::App& app);
Command add_inspect(CLI::App& app);
Command add_convert(CLI::App& app);
Command add_score(CLI::App& app);
Command add_graph(CLI::App& app);
Command add_plan(CLI::App& app);
Command add_evaluate(CLI::App& app);
Command add_degrade(CLI::App& app);
/// The words after `train`.
std::vector<Command> add_train(CLI::App& app);

/// @throws IoError when both are one file, which would be lost.
void check_not_read(const std::string& output, const std::string& input);

/// Adds --threads, which holds for all that the command computes.
void add_threads(CLI::App& arguments);

/// Adds --numerics. The command is to hold a NumericsScope of it while it computes.
void add_numerics(CLI::App& arguments, Numerics& numerics);

}  // namespace oldphoto::program
