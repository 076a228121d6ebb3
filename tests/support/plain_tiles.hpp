#pragma once

#include <oldphoto/core/config.hpp>

#include <bit>
#include <cstdint>

namespace oldphoto::test {

/// What cpu::AmxTiles do, in plain loops. Sums are as the processor makes them: first those of the
/// first and of the second numbers of all pairs, apart.
class PlainTiles {
public:
    template <int Register>
    void zero() {
        for (auto& row : registers_[Register]) {
            for (float& x : row) x = 0;
        }
    }
    template <int Register>
    void load(const float* from, Index stride) {
        for (Index i = 0; i < side; ++i) {
            for (Index j = 0; j < side; ++j) registers_[Register][i][j] = from[i * stride + j];
        }
    }
    template <int Register>
    void store(float* to, Index stride) const {
        for (Index i = 0; i < side; ++i) {
            for (Index j = 0; j < side; ++j) to[i * stride + j] = registers_[Register][i][j];
        }
    }
    template <int C, int A, int B>
    void multiply() {
        for (Index i = 0; i < side; ++i) {
            for (Index j = 0; j < side; ++j) {
                float firsts = 0;
                float seconds = 0;
                for (Index k = 0; k < side; ++k) {
                    const float a = registers_[A][i][k];
                    const float b = registers_[B][k][j];
                    firsts += first_of(a) * first_of(b);
                    seconds += second_of(a) * second_of(b);
                }
                registers_[C][i][j] += firsts + seconds;
            }
        }
    }

private:
    static constexpr Index side = 16;

    static float first_of(float pair) {
        return std::bit_cast<float>(std::bit_cast<std::uint32_t>(pair) << 16U);
    }
    static float second_of(float pair) {
        return std::bit_cast<float>(std::bit_cast<std::uint32_t>(pair) & 0xffff0000U);
    }

    float registers_[8][side][side];
};

}  // namespace oldphoto::test
