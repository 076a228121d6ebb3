#pragma once

#include <oldphoto/core/error.hpp>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>

namespace oldphoto {

/// Sets of instructions for which the heavy kernels are compiled, each holding those before it.
enum class InstructionSet {
    portable,  ///< what the program is compiled for
    avx2,      ///< x86-64 with AVX2 and FMA
    avx512,    ///< x86-64 with AVX-512 F, VL, DQ and BW
};

inline constexpr std::array<std::string_view, 3> instruction_set_names{"portable", "avx2",
                                                                       "avx512"};

[[nodiscard]] inline std::string_view to_string(InstructionSet set) noexcept {
    return instruction_set_names[static_cast<std::size_t>(set)];
}

/// The largest set that this processor and this compiler have.
[[nodiscard]] inline InstructionSet best_instruction_set() noexcept {
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
        return InstructionSet::portable;
    }
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    return avx512 ? InstructionSet::avx512 : InstructionSet::avx2;
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
