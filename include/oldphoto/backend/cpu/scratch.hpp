#pragma once

#include <oldphoto/core/large_memory.hpp>
#include <oldphoto/core/monitor.hpp>

#include <atomic>
#include <cstddef>
#include <utility>

namespace oldphoto::cpu {

/// Bytes of all threads' scratch memory.
inline std::atomic<Index> scratch_bytes{0};

/// Memory of the calling thread for intermediate panels. It grows to what a thread needed most and
/// is kept, because fresh pages cost as much as the copies they are for. `Slot` tells apart buffers
/// that are in use at the same time. Kernels tell beforehand what they will take: KernelMemory.
template <class T, std::size_t Slot>
[[nodiscard]] T* scratch(Index n) {
    static_assert(Slot < KernelMemory::slots);
    struct Memory {
        LargeArray<T> values;
        Index capacity = 0;

        Memory() = default;
        Memory(const Memory&) = delete;
        Memory& operator=(const Memory&) = delete;
        ~Memory() { count(-capacity); }

        void grow(Index to) {
            // What it held is given back first, and forgotten, because there may be no more.
            values.reset();
            count(-std::exchange(capacity, 0));
            values = LargeArray<T>(static_cast<std::size_t>(to));
            count(capacity = to);
        }
        static void count(Index more) { scratch_bytes += more * static_cast<Index>(sizeof(T)); }
    };
    thread_local Memory memory;
    if (n > memory.capacity) memory.grow(n);
    return memory.values.get();
}

/// Bytes of n numbers.
template <class T>
[[nodiscard]] double bytes_of(Index n) noexcept {
    return static_cast<double>(n) * sizeof(T);
}

}  // namespace oldphoto::cpu
