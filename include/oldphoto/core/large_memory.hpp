#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace oldphoto {

/// Of memory for numbers: a cache line, because a vector that lies in two of them is read twice.
inline constexpr std::align_val_t large_memory_alignment{64};

/// Uninitialised memory, to be given back by free_large(). The system is asked to map it by huge
/// pages, of 2 MiB on most processors, where it is that large: a fresh tensor then costs one page
/// fault where it cost 512, and kernels miss fewer translations of addresses.
[[nodiscard]] inline void* allocate_large(std::size_t bytes) {
    void* const memory = ::operator new(bytes, large_memory_alignment);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    constexpr std::uintptr_t page = 4096;
    constexpr std::size_t least = std::size_t{4} << 20U;
    if (bytes >= least) {
        const auto begin = (reinterpret_cast<std::uintptr_t>(memory) + page - 1) / page * page;
        const auto end = (reinterpret_cast<std::uintptr_t>(memory) + bytes) / page * page;
        // Only a hint: where pages are of another size it is refused, and nothing is lost.
        static_cast<void>(madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE));
    }
#endif
    return memory;
}
inline void free_large(void* memory) noexcept {
    ::operator delete(memory, large_memory_alignment);
}

/// Owns n numbers in memory of allocate_large().
template <class T>
class LargeArray {
public:
    LargeArray() = default;
    explicit LargeArray(std::size_t n) : values_(static_cast<T*>(allocate_large(n * sizeof(T)))) {}

    [[nodiscard]] T* get() const noexcept { return values_.get(); }
    void reset() noexcept { values_.reset(); }

private:
    struct Free {
        void operator()(T* p) const noexcept { free_large(p); }
    };
    std::unique_ptr<T, Free> values_;
};

}  // namespace oldphoto
