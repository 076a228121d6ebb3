#pragma once

#include <oldphoto/core/config.hpp>

#include <cstring>
#include <memory>
#include <new>

namespace oldphoto {

/// The part of a backend that owns memory, for those that compute in the host's.
struct HostMemory {
    /// Uninitialised memory for n elements, aligned to 64 bytes, freed with the last handle.
    template <class T>
    [[nodiscard]] static std::shared_ptr<T> allocate(Index n) {
        constexpr std::align_val_t alignment{64};
        const auto bytes = static_cast<std::size_t>(n) * sizeof(T);
        return std::shared_ptr<T>(static_cast<T*>(::operator new(bytes, alignment)),
                                  [](T* p) { ::operator delete(p, alignment); });
    }
    template <class T>
    static void upload(const T* host, T* device, Index n) {
        if (n > 0) std::memcpy(device, host, static_cast<std::size_t>(n) * sizeof(T));
    }
    template <class T>
    static void download(const T* device, T* host, Index n) {
        if (n > 0) std::memcpy(host, device, static_cast<std::size_t>(n) * sizeof(T));
    }
};

}  // namespace oldphoto
