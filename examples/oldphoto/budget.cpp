#include "budget.hpp"

#include "text.hpp"
#include <map>
#include <sys/resource.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace oldphoto::program {

namespace {

using Units = std::map<std::string, double>;

Units units_of_memory() {
    Units units{{"b", 1}};
    double decimal = 1;
    double binary = 1;
    for (const char* prefix : {"k", "m", "g", "t"}) {
        units[prefix + std::string("b")] = decimal *= 1000;
        units[prefix + std::string("ib")] = binary *= 1024;
    }
    return units;
}

void add_limit(CLI::App& command, const char* name, double& limit, const char* help,
               const char* type, const Units& units) {
    command.add_option(name, limit, help)
        ->transform(CLI::AsNumberWithUnit(units))
        ->check(CLI::PositiveNumber)
        ->type_name(type);
}

}  // namespace

void add_memory_limit(CLI::App& command, Budget& budget) {
    add_limit(command, "--max-memory", budget.memory,
              "Memory that a photo may take: what does not fit is computed band by band, with the "
              "same result in more time",
              "SIZE (B, kB, MB, GB, KiB, MiB, GiB)", units_of_memory());
}

void add_time_limit(CLI::App& command, Budget& budget) {
    add_limit(command, "--max-time", budget.time,
              "Time that a photo should take: where filling holes from the whole photo would take "
              "longer, they are filled from a window around them",
              "TIME (s, min, h)", {{"s", 1}, {"min", 60}, {"h", 3600}});
}

double most_memory() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) * 1024;
}

void return_freed_memory() {
#if defined(__GLIBC__)
    // Blocks of this size and more come from the system, and go back to it.
    constexpr int block = 1 << 20;
    mallopt(M_MMAP_THRESHOLD, block);
    malloc_trim(0);
#endif
}

std::string memory_text(double bytes) {
    return format("%.0f MB", bytes / 1e6);
}

std::string time_text(double seconds) {
    return seconds < 120 ? format("%.2f s", seconds) : format("%.1f min", seconds / 60);
}

std::string plan_text(const RestorePlan& plan) {
    std::string text = memory_text(plan.bytes) + " and " + time_text(plan.seconds) + " planned";
    if (plan.window > 0) {
        text += ", holes filled from windows of " + std::to_string(3 * plan.window) +
                " pixels of the latent; from the whole photo " + time_text(plan.exact_seconds);
    }
    return text;
}

}  // namespace oldphoto::program
