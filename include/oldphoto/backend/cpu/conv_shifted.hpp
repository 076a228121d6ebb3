#pragma once

#include <oldphoto/backend/conv_geometry.hpp>
#include <oldphoto/backend/cpu/gemm.hpp>
#include <oldphoto/backend/cpu/pack.hpp>
#include <oldphoto/backend/cpu/row_moments.hpp>
#include <oldphoto/backend/cpu/scratch.hpp>
#include <oldphoto/backend/row_source.hpp>

#include <algorithm>
#include <vector>

/// Convolutions with windows one pixel apart and fewer outputs than channels, such as the last one
/// of a network, which leads to three colours. Columns of all their channels would be many times
/// the picture.
namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// Windows (O, C, kh, kw) turned by 180 degrees, as (C, O, kh, kw): those that lead from outputs to
/// channels where windows are one pixel apart.
template <class T>
class TurnedWindows {
public:
    explicit TurnedWindows(const Shape<4>& w)
        : outputs_(w[0]),
          channels_(w[1]),
          taps_(w[2] * w[3]),
          shape_{w[1], w[0], w[2], w[3]},
          values_(static_cast<std::size_t>(w.size())) {}

    [[nodiscard]] View<T, 4> view() { return {values_.data(), shape_, dense_strides(shape_)}; }
    void turn(const T* w) {
        visit([&](Index k, T& turned) { turned = w[k]; });
    }
    void turn_back(T* w) {
        visit([&](Index k, const T& turned) { w[k] = turned; });
    }

private:
    template <class Visit>
    void visit(const Visit& visit_pair) {
        for (Index o = 0; o < outputs_; ++o) {
            for (Index c = 0; c < channels_; ++c) {
                T* window = values_.data() + (c * outputs_ + o) * taps_;
                for (Index tap = 0; tap < taps_; ++tap) {
                    visit_pair((o * channels_ + c) * taps_ + tap, window[taps_ - 1 - tap]);
                }
            }
        }
    }

    Index outputs_;
    Index channels_;
    Index taps_;
    Shape<4> shape_;
    std::vector<T> values_;
};

/// to[x] += the sum over k of rows[k * (stride + shift) + x]
template <class T>
void add_shifted(const T* rows, Index count, Index stride, Index shift, Index width, T* to) {
    Index x = 0;
    for (; x + Pack<T>::width <= width; x += Pack<T>::width) {
        auto total = Pack<T>::load(to + x);
        for (Index k = 0; k < count; ++k) {
            total = total + Pack<T>::load(rows + k * (stride + shift) + x);
        }
        total.store(to + x);
    }
    for (; x < width; ++x) {
        for (Index k = 0; k < count; ++k) to[x] += rows[k * (stride + shift) + x];
    }
}

/// Output rows that a thread takes at a time.
inline constexpr Index shifted_rows = 16;

/// Rows of the input that are multiplied at a time: as many as a product takes in one block.
[[nodiscard]] inline Index shifted_together(Index width) noexcept {
    return std::clamp(gemm_block_columns / std::max(Index{1}, width), Index{1}, shifted_rows);
}

/// What shifted_conv2d holds.
/// @param w, y  shapes
template <class T>
[[nodiscard]] KernelMemory shifted_memory(const ConvGeometry& g, const Shape<4>& w,
                                          const Shape<4>& y) {
    const Index width = y[3] + g.reach().w - 1;
    auto memory = gemm_memory<T>();
    const Index pixels = shifted_together(width) * width;
    memory.hold_on_all(0, bytes_of<T>(w[1] * pixels));
    memory.hold_on_all(1, bytes_of<T>(w.size() / w[1] * pixels));
    memory.hold_for_now(bytes_of<T>(w.size()) + RowMoments<T>::bytes(y));
    return memory;
}

/// y = conv(x, w) + bias: rows of the input are multiplied with all taps, and the products are
/// added up where they belong.
/// @param padded   x with its padding, (N, C, H, W), pulled.
/// @param w        (O, C, kh, kw), dense.
/// @param bias     O numbers, or null.
/// @param y        (N, O, oh, ow), dense.
/// @param moments  N * O places into which the moments of y's planes are merged, or null.
template <class T>
void shifted_conv2d(const ConvGeometry& g, const RowSource<T>& padded, const View<T, 4>& w,
                    const T* bias, const View<T, 4>& y, Moments* moments) {
    const Index outputs = w.shape[0];
    const Index channels = w.shape[1];
    const Index taps = g.kernel.h * g.kernel.w;
    const Index width = padded.shape()[3];
    const Pair size{y.shape[2], y.shape[3]};
    std::vector<T> weights(static_cast<std::size_t>(w.shape.size()));  // (O kh kw, C)
    for (Index k = 0; k < w.shape.size(); ++k) {
        const Index row = k / (channels * taps) * taps + k % taps;
        weights[static_cast<std::size_t>(row * channels + k / taps % channels)] = w.data[k];
    }
    RowMoments<T> row_moments(y, moments);
    const Index bands = Partition{size.h, shifted_rows}.chunks();
    const Index together = shifted_together(width);
    for_each_chunk({y.shape[0] * bands, 1}, [&](Index begin, Index end) {
        T* const rows = scratch<T, 0>(channels * together * width);
        T* const products = scratch<T, 1>(outputs * taps * together * width);
        for (Index item = begin; item < end; ++item) {
            const Index n = item / bands;
            const Index y0 = item % bands * shifted_rows;
            const Index y1 = std::min(y0 + shifted_rows, size.h);
            const auto output_row = [&](Index o, Index oy) {
                return y.data + ((n * outputs + o) * size.h + oy) * size.w;
            };
            for (Index o = 0; o < outputs; ++o) {
                std::fill(output_row(o, y0), output_row(o, y1), bias == nullptr ? T(0) : bias[o]);
            }
            const Index past = y1 - 1 + g.reach().h;
            for (Index first = y0; first < past; first += together) {
                const Index last = std::min(first + together, past);
                const Index pixels = (last - first) * width;
                for (Index c = 0; c < channels; ++c) {
                    padded.pull({n, c, first, last, 0, width}, rows + c * pixels, width);
                }
                gemm_serial<T>({products, {outputs * taps, pixels}, {pixels, 1}},
                               {weights.data(), {outputs * taps, channels}, {channels, 1}},
                               {rows, {channels, pixels}, {pixels, 1}}, false);
                for (Index iy = first; iy < last; ++iy) {
                    for (Index k = 0; k < outputs * g.kernel.h; ++k) {
                        const Index oy = iy - k % g.kernel.h * g.dilation.h;
                        if (oy < y0 || oy >= y1) continue;
                        const Index row = k * g.kernel.w * pixels + (iy - first) * width;
                        add_shifted(products + row, g.kernel.w, pixels, g.dilation.w, size.w,
                                    output_row(k / g.kernel.h, oy));
                    }
                }
            }
            for (Index o = 0; o < outputs; ++o) {
                for (Index oy = y0; oy < y1; ++oy) row_moments.measure(n * outputs + o, oy);
            }
        }
    });
    row_moments.merge();
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
