#pragma once

#include <oldphoto/core/config.hpp>

#include <cstdint>

namespace oldphoto::cpu {

/// A processor's eight tile registers, of 16 rows of 64 bytes: 16 floats, or 32 bfloat16 of the
/// factors of a product. While an object lives they are the calling thread's. Written as assembly,
/// so that neither flags nor the header of all vector instructions are needed.
class AmxTiles {
public:
    AmxTiles() noexcept {
        struct alignas(64) {
            std::uint8_t palette = 1;
            std::uint8_t first_row = 0;
            std::uint8_t reserved[14] = {};
            std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
            std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
        } const configuration;
        __asm__ volatile("ldtilecfg %0" ::"m"(configuration));
    }
    AmxTiles(const AmxTiles&) = delete;
    AmxTiles& operator=(const AmxTiles&) = delete;
    ~AmxTiles() { __asm__ volatile("tilerelease" ::); }

    template <int Register>
    void zero() noexcept {
        __asm__ volatile("tilezero %%tmm%c0" ::"i"(Register));
    }
    /// @param stride  floats, or pairs of bfloat16, from row to row.
    template <int Register>
    void load(const float* from, Index stride) noexcept {
        __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride * 4), "i"(Register)
                         : "memory");
    }
    template <int Register>
    void store(float* to, Index stride) const noexcept {
        __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride * 4), "i"(Register)
                         : "memory");
    }
    /// C[i][j] += the sum over k of A[i][2 k] B[k][2 j] + A[i][2 k + 1] B[k][2 j + 1], where A and
    /// B hold bfloat16, pairs of which take the place of a float.
    template <int C, int A, int B>
    void multiply() noexcept {
        __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
    }
};

}  // namespace oldphoto::cpu
