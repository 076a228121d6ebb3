#pragma once

#include <oldphoto/core/large_memory.hpp>
#include <oldphoto/core/monitor.hpp>
#include <oldphoto/core/shared.hpp>

#include <cstring>
#include <new>

namespace oldphoto {

/// The part of a backend that owns memory, for those that compute in the host's.
struct HostMemory {
    /// Uninitialised memory for n elements, aligned to 64 bytes, freed with the last handle.
    template <class T>
    [[nodiscard]] static Shared<T> allocate(Index n) {
        const auto block = take(static_cast<std::size_t>(n) * sizeof(T));
        return Shared<T>(block, static_cast<T*>(block->elements()));
    }
    template <class T>
    static void upload(const T* host, T* device, Index n) {
        if (n > 0) std::memcpy(device, host, static_cast<std::size_t>(n) * sizeof(T));
    }
    template <class T>
    static void download(const T* device, T* host, Index n) {
        if (n > 0) std::memcpy(host, device, static_cast<std::size_t>(n) * sizeof(T));
    }

private:
    static constexpr auto alignment = static_cast<std::size_t>(large_memory_alignment);

    /// What lies in front of the elements: who knows of the memory, and by which number.
    struct alignas(alignment) Block {
        Monitor* monitor;
        Index number;

        [[nodiscard]] void* elements() noexcept { return this + 1; }
    };

    [[nodiscard]] static Shared<Block> take(std::size_t bytes) {
        Monitor* monitor = Monitor::current();
        const Index number = monitor == nullptr ? -1 : monitor->taken(static_cast<double>(bytes));
        void* memory = allocate_large(sizeof(Block) + bytes);
        return Shared<Block>(new (memory) Block{monitor, number}, give_back);
    }
    static void give_back(void* memory) {
        const Block block = *static_cast<Block*>(memory);
        free_large(memory);
        // Memory may outlive who looked on.
        if (block.monitor != nullptr && block.monitor == Monitor::current())
            block.monitor->given_back(block.number);
    }
};

}  // namespace oldphoto
