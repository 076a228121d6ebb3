#include <oldphoto/backend/cpu/instruction_set.hpp>
#include <oldphoto/version.hpp>

#include "command.hpp"
#include "text.hpp"
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace oldphoto::program {

namespace {

std::string version() {
    return "oldphoto " + std::to_string(OLDPHOTO_VERSION_MAJOR) + "." +
           std::to_string(OLDPHOTO_VERSION_MINOR) + "." + std::to_string(OLDPHOTO_VERSION_PATCH);
}

int run(const std::vector<Command>& commands) {
    try {
        static_cast<void>(instruction_set());  // refused before the work, not amid it
        for (const Command& command : commands) {
            if (command.arguments->parsed()) return command.run();
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "oldphoto: %s\n", reason_of(error).c_str());
    }
    return 1;
}

}  // namespace

}  // namespace oldphoto::program

int main(int argc, char** argv) {
    using namespace oldphoto::program;
    CLI::App app("Restores old photographs.", "oldphoto");
    app.set_version_flag("--version", version());
    app.require_subcommand(1);
    app.footer(
        "Environment: OLDPHOTO_INSTRUCTION_SET=portable|avx2|avx512|amx names the kernels to "
        "compute with;\nunless it is set, those of the best set that the processor has.");
    std::vector<Command> commands{
        add_restore(app), add_detect(app), add_forward(app),  add_inspect(app), add_convert(app),
        add_score(app),   add_graph(app),  add_evaluate(app), add_degrade(app), add_plan(app)};
    for (auto& command : add_train(app)) commands.push_back(std::move(command));
    CLI11_PARSE(app, argc, argv);
    return run(commands);
}
