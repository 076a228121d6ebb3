#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace oldphoto {

/// Asks the system to map large memory by huge pages, of 2 MiB on most processors. A fresh tensor
/// then costs one page fault where it cost 512, and kernels miss fewer translations of addresses.
/// Only a hint: small memory, and systems without it, stay as they are.
inline void prefer_huge_pages(void* memory, std::size_t bytes) noexcept {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    constexpr std::uintptr_t page = 4096;
    constexpr std::size_t least = std::size_t{4} << 20U;
    if (bytes < least) return;
    const auto begin = (reinterpret_cast<std::uintptr_t>(memory) + page - 1) / page * page;
    const auto end = (reinterpret_cast<std::uintptr_t>(memory) + bytes) / page * page;
    static_cast<void>(madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE));
#else
    static_cast<void>(memory);
    static_cast<void>(bytes);
#endif
}

}  // namespace oldphoto
