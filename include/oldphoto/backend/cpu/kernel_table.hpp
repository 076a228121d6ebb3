#pragma once

#include <oldphoto/backend/conv_geometry.hpp>
#include <oldphoto/backend/cpu/amx_tiles.hpp>
#include <oldphoto/backend/cpu/instruction_set.hpp>
#include <oldphoto/backend/view.hpp>
#include <oldphoto/core/config.hpp>
#include <oldphoto/core/numerics.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

/// The kernels that are compiled once for each instruction set and chosen when a program runs; see
/// kernels.inc for what they do.
namespace oldphoto::cpu {

/// Products of packed matrices.
template <class T>
struct GemmKernels {
    using Pack = void(const T* x, Index line_stride, Index step, Index lines, Index depth,
                      T* packed);

    Index tile_rows;
    Index tile_columns;
    Index tile_depth;    ///< the depth of a panel is filled up to a multiple of it
    Pack* pack_rows;     ///< lines are rows of A, in panels of tile_rows
    Pack* pack_columns;  ///< lines are columns of B, in panels of tile_columns
    void (*multiply_panels)(const T* a, const T* b, Index depth, const View<T, 2>& c,
                            bool accumulate);
};

/// Planes of pixels that are cut into tiles.
struct TilePlanes {
    const float* data;
    Index planes;
    Index plane_step;
    Index row_step;
    Index across;  ///< tiles side by side
    Index tiles;   ///< of a plane, row by row
};

/// Where the frequencies of the tiles go.
struct TilePanels {
    float* data;
    Index plane_step;
    Index panel_step;
    Index frequency_step;
};

/// Weights as Winograd's convolution reads them: the window of output o and plane c begins at
/// data + o * output_step + c * plane_step.
struct WindowWeights {
    const float* data;
    Index outputs;
    Index planes;
    Index output_step;
    Index plane_step;
    bool rotated;         ///< turned by 180 degrees
    const float* origin;  ///< the weights as a network has them

    /// Of w (outputs, planes, taps, taps).
    [[nodiscard]] static WindowWeights of(const View<float, 4>& w, const float* origin) {
        const Index taps = w.shape[2] * w.shape[3];
        return {w.data, w.shape[0], w.shape[1], w.shape[1] * taps, taps, false, origin};
    }
    /// Those that lead from the outputs of w back to its planes.
    [[nodiscard]] static WindowWeights adjoint_of(const View<float, 4>& w, const float* origin) {
        const Index taps = w.shape[2] * w.shape[3];
        return {w.data, w.shape[1], w.shape[0], taps, w.shape[1] * taps, true, origin};
    }
    /// Those of outputs [begin, end).
    [[nodiscard]] WindowWeights part(Index begin, Index end) const {
        WindowWeights w = *this;
        w.data += begin * output_step;
        w.outputs = end - begin;
        return w;
    }
};

/// Rows of pixels as words of two neighbouring channels' bfloat16, and windows that slide over
/// them. A row has pieces of 32 channels, 16 lines each, behind which come those of the second
/// parts.
struct PixelWords {
    const float* data;
    Index pieces;
    Index line;  ///< words of a line, some beyond the last pixel
    Index row;   ///< words from row to row
    Pair kernel;
    Pair dilation;
};

/// Convolution by registers that hold whole tiles; see kernels.inc.
struct TileConvKernels {
    Index parts;  ///< bfloat16 of a number
    Index side;   ///< outputs of a panel, channels of a piece, pixels at a time
    void (*write_pairs)(Index parts, const float* first, const float* second, Index count,
                        float* to, Index step);
    void (*pack_windows)(const WindowWeights& w, Index taps, float* packed);
    void (*convolve)(const PixelWords& x, const float* a, const float* bias,
                     const View<float, 3>& y, float* sums);
};

/// A matrix M (given, taken) of Winograd's convolution. It is applied to a matrix X (taken,
/// columns) of vectors x_next apart; the transpose of M X is written, with vectors y_step apart.
struct WinogradMatrix {
    static constexpr Index most = 6;  ///< vectors taken or given

    Index taken;
    Index given;
    void (*apply)(Index columns, const float* x, Index x_next, float* y, Index y_step);
};

/// The transforms of Winograd's convolution with tiles of tile x tile outputs of windows of taps x
/// taps.
struct WinogradKernels {
    Index tile;
    Index taps;
    Index tile_columns;  ///< tiles of a panel
    Index tile_rows;     ///< outputs of a panel of weights
    WinogradMatrix input;
    WinogradMatrix output;
    WinogradMatrix output_adjoint;
    WinogradMatrix weights;
    WinogradMatrix weights_adjoint;
    void (*multiply_panels)(const float* a, const float* b, Index depth, const View<float, 2>& c,
                            bool accumulate);
    void (*transform_tiles)(Index tile, const WinogradMatrix& m, const TilePlanes& x,
                            const TilePanels& to);
    void (*transform_back)(const WinogradKernels& kernels, float* from, Index frequency_step,
                           float bias, Index across, Index count, float* rows, Index height,
                           Index width);
    void (*transform_weights)(const WinogradKernels& kernels, const WindowWeights& w, float* u,
                              Index frequency_step);
    void (*transform_weights_back)(const WinogradKernels& kernels, const float* from,
                                   Index frequency_step, Index count, float* dw);

    /// Pixels that a tile sees beyond its own, on the right and below.
    [[nodiscard]] Index reach() const noexcept { return taps - 1; }
    [[nodiscard]] Index frequencies() const noexcept { return (tile + reach()) * (tile + reach()); }
};

/// The queries that lie across a tile of attention: sums over the keys that have passed, of powers
/// of e taken of the products less each query's reference.
template <class T>
struct SoftmaxSums {
    T* reference;  ///< (width), below no product that has passed by more than softmax_margin
    T* all;        ///< (width), the powers summed up
    T* open;       ///< (width), the same of the gated powers
    T* factor;     ///< (width), by how much the last keys have made earlier sums shrink
    T* added;      ///< (2, width), what they have added to `all` and `open`
};

/// A reference rises only with a product that is larger by more than this: else nearly every query
/// would make its sums shrink with every hundred keys, for nothing, as e^8 harms no sum.
template <class T>
inline constexpr T softmax_margin = T(8);

/// All kernels of an instruction set.
struct KernelTable {
    GemmKernels<float> gemm;
    GemmKernels<float> gemm_bf16;      ///< of numbers that it rounds to bfloat16
    GemmKernels<float> gemm_bf16x3;    ///< of numbers that it splits into two bfloat16, or `gemm`
    const TileConvKernels* conv_bf16;  ///< null where products of tiles have no registers
    const TileConvKernels* conv_bf16x3;
    WinogradKernels winograd_2x3;  ///< tiles of 2 x 2, windows of 3 x 3
    WinogradKernels winograd_4x3;
    WinogradKernels winograd_4x2;
    bool (*weigh_softmax)(float scale, const float* gates, Index keys, Index width, float* products,
                          const SoftmaxSums<float>& sums);
};

inline namespace OLDPHOTO_TIER {

namespace portable {
#if defined(__AVX512F__)
#define OLDPHOTO_KERNEL_BYTES 64
#define OLDPHOTO_KERNEL_ROWS 12
#elif defined(__AVX__)
#define OLDPHOTO_KERNEL_BYTES 32
#define OLDPHOTO_KERNEL_ROWS 6
#else
#define OLDPHOTO_KERNEL_BYTES 16
#define OLDPHOTO_KERNEL_ROWS 4
#endif
#include <oldphoto/backend/cpu/kernels.inc>
#undef OLDPHOTO_KERNEL_BYTES
#undef OLDPHOTO_KERNEL_ROWS
}  // namespace portable

// A set that the whole program is compiled for needs no kernels beside the portable ones.
#if defined(__x86_64__) && defined(__GNUC__) && !(defined(__AVX2__) && defined(__FMA__))
#define OLDPHOTO_HAS_AVX2_KERNELS
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
namespace avx2 {
#define OLDPHOTO_KERNEL_BYTES 32
#define OLDPHOTO_KERNEL_ROWS 6
#include <oldphoto/backend/cpu/kernels.inc>
#undef OLDPHOTO_KERNEL_BYTES
#undef OLDPHOTO_KERNEL_ROWS
}  // namespace avx2
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__AVX512F__)
#define OLDPHOTO_HAS_AVX512_KERNELS
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,fma,prefer-vector-width=512")
#endif
namespace avx512 {
#define OLDPHOTO_KERNEL_BYTES 64
#define OLDPHOTO_KERNEL_ROWS 12
#include <oldphoto/backend/cpu/kernels.inc>
#undef OLDPHOTO_KERNEL_BYTES
#undef OLDPHOTO_KERNEL_ROWS
}  // namespace avx512
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

#if defined(OLDPHOTO_HAS_AMX_KERNELS)
namespace amx {
#if defined(OLDPHOTO_HAS_AVX512_KERNELS)
namespace widest = avx512;
#else
namespace widest = portable;
#endif
inline constexpr KernelTable table{widest::table.gemm,
                                   widest::gemm_of_tiles<AmxTiles, 1>,
                                   widest::gemm_of_tiles<AmxTiles, 2>,
                                   &widest::conv_of_tiles<AmxTiles, 1>,
                                   &widest::conv_of_tiles<AmxTiles, 2>,
                                   widest::table.winograd_2x3,
                                   widest::table.winograd_4x3,
                                   widest::table.winograd_4x2,
                                   widest::table.weigh_softmax};
}  // namespace amx
#endif

/// The kernels of the set that is chosen; see instruction_set().
[[nodiscard]] inline const KernelTable& kernels() {
    const InstructionSet set = instruction_set();
#if defined(OLDPHOTO_HAS_AMX_KERNELS)
    if (set == InstructionSet::amx) return amx::table;
#endif
#if defined(OLDPHOTO_HAS_AVX512_KERNELS)
    if (set >= InstructionSet::avx512) return avx512::table;
#endif
#if defined(OLDPHOTO_HAS_AVX2_KERNELS)
    if (set >= InstructionSet::avx2) return avx2::table;
#endif
    static_cast<void>(set);
    return portable::table;
}

/// Its products of matrices, as exact as the thread's numerics want them. Double precision, which
/// is for checking gradients, has but one set.
template <class T>
[[nodiscard]] const GemmKernels<T>& gemm_kernels() {
    if constexpr (std::is_same_v<T, float>) {
        const KernelTable& all = kernels();
        switch (NumericsScope::current()) {
            case Numerics::bf16x3:
                return all.gemm_bf16x3;
            case Numerics::bf16:
                return all.gemm_bf16;
            default:
                return all.gemm;
        }
    } else {
        return portable::gemm<T>;
    }
}

/// See weigh_softmax() in kernels.inc.
template <class T>
bool weigh_softmax(T scale, const T* gates, Index keys, Index width, T* products,
                   const SoftmaxSums<T>& sums) {
    if constexpr (std::is_same_v<T, float>) {
        return kernels().weigh_softmax(scale, gates, keys, width, products, sums);
    } else {
        return portable::weigh_softmax(scale, gates, keys, width, products, sums);
    }
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
