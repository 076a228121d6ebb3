#pragma once

#include <oldphoto/backend/cpu/pack.hpp>
#include <oldphoto/backend/plan.hpp>
#include <oldphoto/core/parallel.hpp>

#include <algorithm>
#include <vector>

/// Plans lowered to loops over packs: assignment and reductions.
namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// The pack whose first element has number `k` in its block.
struct WholePack {
    Index k;

    template <class T>
    Pack<T> load(const T* data, Index step) const {
        if (step == 1) return Pack<T>::load(data + k);
        if (step == 0) return Pack<T>(*data);
        Pack<T> pack;
        for (Index lane = 0; lane < Pack<T>::width; ++lane)
            pack.lanes[lane] = data[(k + lane) * step];
        return pack;
    }
    template <class T>
    Pack<T> splat(T number) const {
        return Pack<T>(number);
    }
    template <class T, class F>
    Pack<T> generate(F f) const {
        Pack<T> pack;
        for (Index lane = 0; lane < Pack<T>::width; ++lane) pack.lanes[lane] = f(k + lane);
        return pack;
    }
};

/// The first `count` lanes of a pack; the others hold copies of the last of them, so that no
/// function sees a number that is not there.
struct PartPack {
    Index k;
    Index count;

    template <class T>
    Pack<T> load(const T* data, Index step) const {
        return generate<T>([&](Index i) { return data[i * step]; });
    }
    template <class T>
    Pack<T> splat(T number) const {
        return Pack<T>(number);
    }
    template <class T, class F>
    Pack<T> generate(F f) const {
        Pack<T> pack(f(k + count - 1));
        for (Index lane = 0; lane < count - 1; ++lane) pack.lanes[lane] = f(k + lane);
        return pack;
    }
};

/// Elements that one thread takes at a time: enough to hide the cost of a claim, few enough to
/// stay in the first-level caches together with what they are computed from.
inline constexpr Index elements_per_chunk = 8192;

/// Visits [begin, end) as contiguous blocks of at most elements_per_chunk that stay within rows of
/// `row` elements.
template <class Visit>
void for_each_block(Index begin, Index end, Index row, Visit visit) {
    while (begin < end) {
        const Index n = std::min({end - begin, row - begin % row, elements_per_chunk});
        visit(begin, n);
        begin += n;
    }
}

/// Visits the block of n elements pack by pack: visit(where, first, count).
template <class T, class Visit>
void for_each_pack(Index n, Visit visit) {
    constexpr Index width = Pack<T>::width;
    Index k = 0;
    for (; k + width <= n; k += width) visit(WholePack{k}, k, width);
    if (k < n) visit(PartPack{k, n - k}, k, n - k);
}

template <class T>
void store(Pack<T> pack, T* data, Index step, Index count) {
    if (step == 1 && count == Pack<T>::width) {
        pack.store(data);
        return;
    }
    for (Index lane = 0; lane < count; ++lane) data[lane * step] = pack.lanes[lane];
}

/// destination[i] = plan[i]. The plan may read the destination itself, element by element.
template <class T, std::size_t R, Plan P>
void assign(const View<T, R>& destination, const P& plan) {
    const auto target = LeafPlan<T, R>{destination.data, destination.shape,
                                       canonical_strides(destination.shape, destination.strides)};
    const Index row =
        row_length(ZipPlan<int, LeafPlan<T, R>, P>{0, target, plan}, destination.shape);
    const Partition partition{destination.shape.size(), elements_per_chunk};
    for_each_chunk(partition, [&](Index chunk_begin, Index chunk_end) {
        for_each_block(chunk_begin, chunk_end, row, [&](Index begin, Index n) {
            const auto run = plan.run(begin, n);
            const auto place = target.run(begin, n);
            T* data = destination.data + (place.data - destination.data);
            for_each_pack<T>(n, [&](auto where, Index k, Index count) {
                store(run.value(where), data + k * place.step, place.step, count);
            });
        });
    });
}

/// Reduces a block of n elements: packs side by side, then their lanes in order.
template <class Reducer, class T, class Run>
T reduce_block(const Run& run, Index n) {
    auto total = Pack<T>(Reducer::template identity<T>());
    for_each_pack<T>(n, [&](auto where, Index, Index count) {
        auto x = run.value(where);
        for (Index lane = count; lane < Pack<T>::width; ++lane) {
            x.lanes[lane] = Reducer::template identity<T>();
        }
        total = Reducer::combine(total, x);
    });
    T result = Reducer::template identity<T>();
    for (Index lane = 0; lane < Pack<T>::width; ++lane) {
        result = Reducer::combine(result, T(total.lanes[lane]));
    }
    return result;
}

/// Reduces all elements. Blocks of elements_per_chunk are reduced in the plan's type, their results
/// in double and in order: a sum of n numbers errs like one of n / elements_per_chunk.
template <class Reducer, class T, std::size_t R, Plan P>
[[nodiscard]] T reduce_all(const P& plan, const Shape<R>& shape) {
    const Index row = row_length(plan, shape);
    const Partition partition{shape.size(), elements_per_chunk};
    std::vector<double> results(static_cast<std::size_t>(partition.chunks()));
    for_each_chunk(partition, [&](Index chunk_begin, Index chunk_end) {
        double total = Reducer::template identity<double>();
        for_each_block(chunk_begin, chunk_end, row, [&](Index begin, Index n) {
            const auto run = plan.run(begin, n);
            total = Reducer::combine(total, double(reduce_block<Reducer, T>(run, n)));
        });
        results[static_cast<std::size_t>(chunk_begin / partition.grain)] = total;
    });
    double total = Reducer::template identity<double>();
    for (const double result : results) total = Reducer::combine(total, result);
    return static_cast<T>(total);
}

/// Reduces along the axes where `result` has extent 1 and `shape` has not.
template <class Reducer, class T, std::size_t R, Plan P>
void reduce_axes(const View<T, R>& result, const P& plan, const Shape<R>& shape) {
    // Row-major numbers of the elements that meet in one result: kept axes give where they start,
    // reduced axes how they step. A reduced last stretch of axes is walked in blocks.
    Shape<R> reduced{};
    for (std::size_t k = 0; k < R; ++k) reduced[k] = result.shape[k] == shape[k] ? 1 : shape[k];
    const auto strides = dense_strides(shape);
    const Index row = row_length(plan, shape);
    std::size_t axis = R;
    Index inner = 1;
    while (axis > 0 && result.shape[axis - 1] == 1) inner *= shape[--axis];
    const Index outer = inner == 0 ? 0 : reduced.size() / inner;

    const Index grain = std::max(Index{1}, elements_per_chunk / std::max(Index{1}, reduced.size()));
    for_each_chunk({result.shape.size(), grain}, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
            Index start = 0;
            Index rest = i;
            for (std::size_t k = R; k-- > 0;) {
                start += (rest % result.shape[k]) * strides[k];
                rest /= result.shape[k];
            }
            double total = Reducer::template identity<double>();
            for (Index j = 0; j < outer; ++j) {
                Index first = start;
                Index place = j;
                for (std::size_t k = axis; k-- > 0;) {
                    first += (place % reduced[k]) * strides[k];
                    place /= reduced[k];
                }
                for_each_block(first, first + inner, row, [&](Index block, Index n) {
                    const auto run = plan.run(block, n);
                    total = Reducer::combine(total, double(reduce_block<Reducer, T>(run, n)));
                });
            }
            result.data[offset_of(i, result.shape, result.strides)] = static_cast<T>(total);
        }
    });
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
