#include "command.hpp"

#include <oldphoto/core/error.hpp>
#include <oldphoto/core/parallel.hpp>

#include <filesystem>
#include <map>
#include <string>

namespace oldphoto::program {

void check_not_read(const std::string& output, const std::string& input) {
    std::error_code missing;  // what is not there yet is no input
    if (std::filesystem::equivalent(output, input, missing)) {
        throw_io_error(output, "is read too; give another name to write to");
    }
}

void add_threads(CLI::App& arguments) {
    constexpr int most_threads = 1024;
    arguments
        .add_option_function<int>("--threads", set_thread_count,
                                  "Threads to compute with, 1 to 1024; one a core unless given")
        ->check(CLI::Range(1, most_threads, ""))
        ->type_name("N");
}

void add_numerics(CLI::App& arguments, Numerics& numerics) {
    const std::map<std::string, Numerics> all{{"accurate", Numerics::accurate},
                                              {"fast", Numerics::fast},
                                              {"bf16x3", Numerics::bf16x3},
                                              {"bf16", Numerics::bf16}};
    const auto set = [&numerics, all](const std::string& name) { numerics = all.at(name); };
    arguments
        .add_option_function<std::string>("--numerics", set,
                                          "How products trade digits for speed; fast unless given")
        ->check(CLI::IsMember({"accurate", "fast", "bf16x3", "bf16"}));
}

}  // namespace oldphoto::program
