#pragma once

#include <oldphoto/backend/cpu/instruction_set.hpp>
#include <oldphoto/core/parallel.hpp>

#include <benchmark/benchmark.h>
#include <string>
#include <vector>

namespace oldphoto::bench {

/// Registers NAME/SET for every instruction set that this processor has. measure(state) runs on one
/// thread, with the kernels of that set.
/// @param operations  of one iteration. Their rate is the counter FLOP: 50G/s are 50 GFLOP/s.
/// @return            what was registered; with compare() it needs UseManualTime().
template <class Measure>
std::vector<benchmark::internal::Benchmark*> register_for_each_set(const std::string& name,
                                                                   double operations,
                                                                   Measure measure) {
    std::vector<benchmark::internal::Benchmark*> registered;
    for (int k = 0; k <= static_cast<int>(best_instruction_set()); ++k) {
        const auto set = static_cast<InstructionSet>(k);
        const auto run = [=](benchmark::State& state) {
            set_thread_count(1);
            set_instruction_set(set);
            measure(state);
            state.counters["FLOP"] =
                benchmark::Counter(operations, benchmark::Counter::kIsIterationInvariantRate);
        };
        const std::string full_name = name + "/" + std::string(to_string(set));
        registered.push_back(benchmark::RegisterBenchmark(full_name.c_str(), run));
        registered.back()->Unit(benchmark::kMillisecond);
    }
    return registered;
}

}  // namespace oldphoto::bench
