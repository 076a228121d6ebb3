#pragma once

#include <oldphoto/backend/cpu/conv.hpp>

namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// The heavy kernels of one instruction-set tier. Callers go through the table, so that a program
/// can hold several tiers and choose among them when it runs; so far it holds one, that of the flags
/// it is compiled with.
template <class T>
struct KernelTable {
    decltype(&cpu::conv2d<T>) conv2d = &cpu::conv2d<T>;
    decltype(&cpu::conv2d_data<T>) conv2d_data = &cpu::conv2d_data<T>;
    decltype(&cpu::conv2d_weights<T>) conv2d_weights = &cpu::conv2d_weights<T>;
};

/// The table that this program computes with.
template <class T>
inline constexpr KernelTable<T> kernels{};

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
