#include "command.hpp"

#include <oldphoto/core/parallel.hpp>

namespace oldphoto::program {

void add_threads(CLI::App& arguments) {
    constexpr int most_threads = 1024;
    arguments
        .add_option_function<int>("--threads", set_thread_count,
                                  "Threads to compute with, 1 to 1024; one a core unless given")
        ->check(CLI::Range(1, most_threads, ""))
        ->type_name("N");
}

}  // namespace oldphoto::program
