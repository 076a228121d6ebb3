#pragma once

#include <oldphoto/core/monitor.hpp>

#include <cstring>
#include <memory>
#include <new>

namespace oldphoto {

/// The part of a backend that owns memory, for those that compute in the host's.
struct HostMemory {
    /// Uninitialised memory for n elements, aligned to 64 bytes, freed with the last handle.
    template <class T>
    [[nodiscard]] static std::shared_ptr<T> allocate(Index n) {
        const auto bytes = static_cast<std::size_t>(n) * sizeof(T);
        const Release release{Monitor::current(), number_of(bytes)};  // may throw
        return std::shared_ptr<T>(static_cast<T*>(::operator new(bytes, alignment)), release);
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
    static constexpr std::align_val_t alignment{64};

    /// The number under which the thread's monitor knows the memory.
    [[nodiscard]] static Index number_of(std::size_t bytes) {
        Monitor* monitor = Monitor::current();
        return monitor == nullptr ? -1 : monitor->taken(static_cast<double>(bytes));
    }

    struct Release {
        Monitor* monitor;
        Index number;

        void operator()(void* memory) const {
            ::operator delete(memory, alignment);
            // Memory may outlive who looked on.
            if (monitor != nullptr && monitor == Monitor::current()) monitor->given_back(number);
        }
    };
};

}  // namespace oldphoto
