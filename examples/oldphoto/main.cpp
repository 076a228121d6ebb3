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
    std::vector<Command> commands{
        add_restore(app), add_detect(app), add_forward(app),  add_inspect(app), add_convert(app),
        add_score(app),   add_graph(app),  add_evaluate(app), add_degrade(app), add_plan(app)};
    for (auto& command : add_train(app)) commands.push_back(std::move(command));
    CLI11_PARSE(app, argc, argv);
    return run(commands);
}
