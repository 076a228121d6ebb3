#pragma once

#include <cstddef>

// Every macro that configures the library lives here.

/// Marks what a device kernel may call: functors, plans, shapes. Nothing without nvcc.
#if defined(__CUDACC__)
#define OLDPHOTO_HD __host__ __device__
#else
#define OLDPHOTO_HD
#endif

/// Names who compiles. Code that calls thrust lives in an inline namespace of this name, because
/// nvcc and a host compiler may each bring their own thrust into one program.
#if defined(__CUDACC__)
#define OLDPHOTO_SIDE device_side
#else
#define OLDPHOTO_SIDE host_side
#endif

/// Per-element index checks in Tensor::operator(). Set it for all translation units of a program
/// or for none (the CMake option OLDPHOTO_BOUNDS_CHECK does).
#ifndef OLDPHOTO_BOUNDS_CHECK
#define OLDPHOTO_BOUNDS_CHECK 0
#endif

/// Names the instruction set that a translation unit is compiled for. Code whose machine
/// instructions depend on it lives in an inline namespace of this name, so that two units built
/// with different flags never share one definition.
#if defined(__AVX512F__)
#define OLDPHOTO_TIER avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define OLDPHOTO_TIER avx2
#else
#define OLDPHOTO_TIER baseline
#endif

namespace oldphoto {

/// Signed, so that differences and backward loops are safe.
using Index = std::ptrdiff_t;

}  // namespace oldphoto
