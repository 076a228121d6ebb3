#pragma once

#include <oldphoto/backend/cpu/scratch.hpp>
#include <oldphoto/core/parallel.hpp>

#include <thread>

namespace oldphoto::test {

/// Bytes that kernels hold for themselves after compute(), which is done by so many new threads.
template <class Compute>
double scratch_held(int threads, const Compute& compute) {
    const int before = thread_count();
    set_thread_count(threads);
    Index held = -cpu::scratch_bytes;
    std::thread([&] {
        compute();
        held += cpu::scratch_bytes;
    }).join();
    set_thread_count(before);
    return static_cast<double>(held);
}

}  // namespace oldphoto::test
