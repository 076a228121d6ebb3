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

/// Around code that runs once a photo, a layer or a file, and never once a number: g++ optimises it
/// lightly, which spares a fifth of the compile time. Nothing between them is inlined into what
/// lies outside, so what a loop over numbers calls belongs outside.
#if defined(__OPTIMIZE__) && defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
#define OLDPHOTO_COLD_BEGIN _Pragma("GCC push_options") _Pragma("GCC optimize(\"O1\")")
#define OLDPHOTO_COLD_END _Pragma("GCC pop_options")
#else
#define OLDPHOTO_COLD_BEGIN
#define OLDPHOTO_COLD_END
#endif

/// Names what a translation unit is built for: a digit for each set of instructions and for each
/// freedom in arithmetic that its flags may grant the compiler, 1 where they do. Code whose machine
/// instructions depend on it lives in an inline namespace of this name, so that two units built
/// with different flags never share one definition.
#define OLDPHOTO_TIER \
    OLDPHOTO_JOIN(built_, OLDPHOTO_INSTRUCTION_DIGITS, _, OLDPHOTO_ARITHMETIC_DIGITS, , , , )

#define OLDPHOTO_JOIN(...) OLDPHOTO_JOIN_OF(__VA_ARGS__)
#define OLDPHOTO_JOIN_OF(a, b, c, d, e, f, g, h) a##b##c##d##e##f##g##h

/// 1 for a macro that is defined as 1, else 0.
#define OLDPHOTO_DIGIT(macro) OLDPHOTO_DIGIT_OF(macro)
#define OLDPHOTO_DIGIT_OF(value) OLDPHOTO_SECOND(OLDPHOTO_DIGIT_##value, 0, 0)
#define OLDPHOTO_DIGIT_1 0, 1
#define OLDPHOTO_SECOND(...) OLDPHOTO_SECOND_OF(__VA_ARGS__)
#define OLDPHOTO_SECOND_OF(first, second, ...) second
#define OLDPHOTO_DIGITS(a, b, c, d, e, f, g, h)                                               \
    OLDPHOTO_JOIN(OLDPHOTO_DIGIT(a), OLDPHOTO_DIGIT(b), OLDPHOTO_DIGIT(c), OLDPHOTO_DIGIT(d), \
                  OLDPHOTO_DIGIT(e), OLDPHOTO_DIGIT(f), OLDPHOTO_DIGIT(g), OLDPHOTO_DIGIT(h))

#define OLDPHOTO_ARITHMETIC_DIGITS                                                  \
    OLDPHOTO_DIGITS(__FAST_MATH__, __FINITE_MATH_ONLY__, __ASSOCIATIVE_MATH__,      \
                    __RECIPROCAL_MATH__, __NO_SIGNED_ZEROS__, __NO_TRAPPING_MATH__, \
                    __NO_MATH_ERRNO__, __ROUNDING_MATH__)

#if defined(__x86_64__) || defined(__i386__)
#define OLDPHOTO_INSTRUCTION_DIGITS                                                 \
    OLDPHOTO_JOIN(OLDPHOTO_SSE_DIGITS, OLDPHOTO_AVX_DIGITS, OLDPHOTO_AVX512_DIGITS, \
                  OLDPHOTO_LATER_AVX512_DIGITS, , , , )
#define OLDPHOTO_SSE_DIGITS                                                                       \
    OLDPHOTO_DIGITS(__SSE2__, __SSE3__, __SSSE3__, __SSE4_1__, __SSE4_2__, __SSE4A__, __POPCNT__, \
                    __MOVBE__)
#define OLDPHOTO_AVX_DIGITS \
    OLDPHOTO_DIGITS(__AVX__, __AVX2__, __FMA__, __F16C__, __LZCNT__, __BMI__, __BMI2__, __XOP__)
#define OLDPHOTO_AVX512_DIGITS                                                           \
    OLDPHOTO_DIGITS(__AVX512F__, __AVX512VL__, __AVX512DQ__, __AVX512BW__, __AVX512CD__, \
                    __AVX512ER__, __AVX512VBMI__, __AVX512VBMI2__)
#define OLDPHOTO_LATER_AVX512_DIGITS                                                       \
    OLDPHOTO_DIGITS(__AVX512VNNI__, __AVX512IFMA__, __AVX512BITALG__, __AVX512VPOPCNTDQ__, \
                    __AVX512BF16__, __AVX512FP16__, __AVXVNNI__, __FMA4__)
#elif defined(__aarch64__) || defined(__arm__)
#define OLDPHOTO_INSTRUCTION_DIGITS                                                       \
    OLDPHOTO_DIGITS(__ARM_NEON, __ARM_FEATURE_FMA, __ARM_FEATURE_SVE, __ARM_FEATURE_SVE2, \
                    __ARM_FEATURE_DOTPROD, __ARM_FEATURE_QRDMX,                           \
                    __ARM_FEATURE_FP16_VECTOR_ARITHMETIC, __ARM_FEATURE_ATOMICS)
#else
#define OLDPHOTO_INSTRUCTION_DIGITS other
#endif

namespace oldphoto {

/// Signed, so that differences and backward loops are safe.
using Index = std::ptrdiff_t;

}  // namespace oldphoto
