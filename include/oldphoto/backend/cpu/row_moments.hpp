#pragma once

#include <oldphoto/backend/cpu/pack.hpp>
#include <oldphoto/backend/moments.hpp>
#include <oldphoto/backend/view.hpp>
#include <oldphoto/core/parallel.hpp>

#include <algorithm>
#include <vector>

namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// Mean and squared deviations of one block, deviations in a second pass.
template <class T>
[[nodiscard]] Moments moments_of_block(const T* values, Index n) {
    const auto sum_of = [&](auto map) {
        auto total = Pack<T>(T(0));
        Index k = 0;
        for (; k + Pack<T>::width <= n; k += Pack<T>::width) {
            total = total + map(Pack<T>::load(values + k));
        }
        double sum = 0;
        for (Index lane = 0; lane < Pack<T>::width; ++lane) sum += double(total.lanes[lane]);
        for (; k < n; ++k) sum += double(map(Pack<T>(values[k])).lanes[0]);
        return sum;
    };
    const double mean = sum_of([](Pack<T> x) { return x; }) / static_cast<double>(n);
    const Pack<T> center(static_cast<T>(mean));
    const double m2 = sum_of([&](Pack<T> x) { return (x - center) * (x - center); });
    // The deviations were taken from the rounded mean.
    const double off = mean - double(static_cast<T>(mean));
    return {static_cast<double>(n), mean, std::max(0.0, m2 - off * off * static_cast<double>(n))};
}

/// Moments of the planes of a dense (N, C, H, W), gathered row by row while it is written, by any
/// number of threads, and merged at the end block by block in row-major order: after the bands of a
/// picture, from the top to the bottom, they have the bits of the whole.
template <class T>
class RowMoments {
public:
    /// @param moments  N * C places to merge into, or null: then nothing is gathered.
    RowMoments(const View<T, 4>& y, Moments* moments)
        : y_(y),
          moments_(moments),
          blocks_per_row_(Partition{y.shape[3], moments_block}.chunks()),
          blocks_(moments == nullptr ? 0
                                     : static_cast<std::size_t>(y.shape[0] * y.shape[1] *
                                                                y.shape[2] * blocks_per_row_)) {}

    /// Bytes that it gathers.
    [[nodiscard]] static double bytes(const Shape<4>& y) noexcept {
        const Index blocks = Partition{y[3], moments_block}.chunks();
        return static_cast<double>(y[0] * y[1] * y[2] * blocks) * sizeof(Moments);
    }

    /// Takes one block of a row, whose elements have been written.
    /// @param plane  n * C + c.
    void measure_block(Index plane, Index row, Index block) {
        if (moments_ == nullptr) return;
        const Index line = plane * y_.shape[2] + row;
        const Index first = block * moments_block;
        blocks_[static_cast<std::size_t>(line * blocks_per_row_ + block)] = moments_of_block(
            y_.data + line * y_.shape[3] + first, std::min(moments_block, y_.shape[3] - first));
    }
    /// Takes a row.
    void measure(Index plane, Index row) {
        for (Index block = 0; block < blocks_per_row_; ++block) measure_block(plane, row, block);
    }
    /// Merges the moments of all planes, all of whose rows have been taken.
    void merge() const {
        if (moments_ == nullptr) return;
        const Index blocks = y_.shape[2] * blocks_per_row_;
        for (Index plane = 0; plane < y_.shape[0] * y_.shape[1]; ++plane) {
            for (Index k = plane * blocks; k < (plane + 1) * blocks; ++k) {
                moments_[plane].merge(blocks_[static_cast<std::size_t>(k)]);
            }
        }
    }

private:
    View<T, 4> y_;
    Moments* moments_;
    Index blocks_per_row_;
    std::vector<Moments> blocks_;
};

/// Merges the moments of each plane of a dense (N, C, H, W) into N * C places.
template <class T>
void moments_of_planes(const View<T, 4>& x, Moments* moments) {
    RowMoments<T> rows(x, moments);
    for_each_chunk({x.shape[0] * x.shape[1], 1}, [&](Index begin, Index end) {
        for (Index plane = begin; plane < end; ++plane) {
            for (Index y = 0; y < x.shape[2]; ++y) rows.measure(plane, y);
        }
    });
    rows.merge();
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
