#pragma once

#include <oldphoto/core/error.hpp>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>

#if defined(__x86_64__) && defined(__GNUC__) && defined(__linux__)
#define OLDPHOTO_HAS_AMX_KERNELS
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace oldphoto {

/// Sets of instructions for which the heavy kernels are compiled, each holding those before it.
enum class InstructionSet {
    portable,  ///< what the program is compiled for
    avx2,      ///< x86-64 with AVX2 and FMA
    avx512,    ///< x86-64 with AVX-512 F, VL, DQ and BW
    amx,       ///< these and AMX, whose tiles of bfloat16 serve Numerics::bf16 and bf16x3; Linux
};

inline constexpr std::array<std::string_view, 4> instruction_set_names{"portable", "avx2", "avx512",
                                                                       "amx"};

[[nodiscard]] inline std::string_view to_string(InstructionSet set) noexcept {
    return instruction_set_names[static_cast<std::size_t>(set)];
}

namespace detail {

/// Whether there are tiles of bfloat16 and the system, which is asked here, lets this process use
/// them. (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18;
/// Linux, Documentation/x86/xstate.rst.)
[[nodiscard]] inline bool may_use_amx() noexcept {
#if defined(OLDPHOTO_HAS_AMX_KERNELS)
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    constexpr unsigned amx_bf16_and_tile = 1U << 22 | 1U << 24;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
    if ((d & amx_bf16_and_tile) != amx_bf16_and_tile) return false;
    constexpr unsigned tile_configuration_and_data = 1U << 17 | 1U << 18;
    unsigned states = 0;
    __asm__("xgetbv" : "=a"(states) : "c"(0) : "edx");
    if ((states & tile_configuration_and_data) != tile_configuration_and_data) return false;
    constexpr long request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM
    constexpr long tile_data = 18;
    // Asked once: the answer may not change while kernels run.
    static const bool granted = syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
    return granted;
#else
    return false;
#endif
}

}  // namespace detail

/// The largest set that this processor, this compiler and this system have.
[[nodiscard]] inline InstructionSet best_instruction_set() noexcept {
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
        return InstructionSet::portable;
    }
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    if (!avx512) return InstructionSet::avx2;
    return detail::may_use_amx() ? InstructionSet::amx : InstructionSet::avx512;
#else
    return InstructionSet::portable;
#endif
}

/// @throws OptionError when there is no such set, or this processor does not have it
[[nodiscard]] inline InstructionSet instruction_set_named(std::string_view name) {
    const InstructionSet best = best_instruction_set();
    for (std::size_t k = 0; k <= static_cast<std::size_t>(best); ++k) {
        if (name == instruction_set_names[k]) return static_cast<InstructionSet>(k);
    }
    throw_option_error("instruction set", "this processor goes up to \"" +
                                              std::string(to_string(best)) + "\", got \"" +
                                              std::string(name) + "\"");
}

namespace detail {

inline std::atomic<InstructionSet>& chosen_instruction_set() {
    static std::atomic<InstructionSet> chosen = [] {
        const char* name = std::getenv("OLDPHOTO_INSTRUCTION_SET");
        return name == nullptr ? best_instruction_set() : instruction_set_named(name);
    }();
    return chosen;
}

}  // namespace detail

/// The set that kernels use: at first the one that the environment variable
/// OLDPHOTO_INSTRUCTION_SET names, or the best.
/// @throws OptionError for the variable's sake, see instruction_set_named()
[[nodiscard]] inline InstructionSet instruction_set() {
    return detail::chosen_instruction_set().load(std::memory_order_relaxed);
}

/// Not to be called while another thread computes.
/// @throws OptionError when this processor does not have it
inline void set_instruction_set(InstructionSet set) {
    detail::chosen_instruction_set() = instruction_set_named(to_string(set));
}

}  // namespace oldphoto
