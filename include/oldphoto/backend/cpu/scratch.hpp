#pragma once

#include <oldphoto/core/config.hpp>

#include <atomic>
#include <cstddef>
#include <memory>

namespace oldphoto::cpu {

/// Bytes of all threads' scratch memory.
inline std::atomic<Index> scratch_bytes{0};

/// Memory of the calling thread for intermediate panels. It grows to what a thread needed most and
/// is kept, because fresh pages cost as much as the copies they are for. `Slot` tells apart buffers
/// that are in use at the same time.
template <class T, int Slot>
[[nodiscard]] T* scratch(Index n) {
    thread_local std::unique_ptr<T[]> memory;
    thread_local Index capacity = 0;
    if (n > capacity) {
        memory.reset(new T[static_cast<std::size_t>(n)]);
        scratch_bytes += (n - capacity) * static_cast<Index>(sizeof(T));
        capacity = n;
    }
    return memory.get();
}

}  // namespace oldphoto::cpu
