#pragma once

#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <limits>

namespace oldphoto::bench {

template <class F>
[[nodiscard]] double seconds(F& f) {
    const auto start = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Times `ours` and its `peer` by turns, so that whatever else the machine does hits both. The
/// benchmark's time is that of ours; its counters are the best time of each in milliseconds and
/// `ratio`, how many times as long as ours the peer took. Register it with UseManualTime().
template <class Ours, class Peer>
void compare(benchmark::State& state, Ours ours, Peer peer) {
    double best = std::numeric_limits<double>::infinity();
    double best_of_peer = best;
    for ([[maybe_unused]] const auto _ : state) {
        const double time = seconds(ours);
        state.SetIterationTime(time);
        best = std::min(best, time);
        best_of_peer = std::min(best_of_peer, seconds(peer));
    }
    state.counters["ours_ms"] = 1e3 * best;
    state.counters["peer_ms"] = 1e3 * best_of_peer;
    state.counters["ratio"] = best_of_peer / best;
}

}  // namespace oldphoto::bench
