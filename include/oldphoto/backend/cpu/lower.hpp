#pragma once

#include <oldphoto/backend/cpu/pack.hpp>
#include <oldphoto/backend/plan.hpp>
#include <oldphoto/core/parallel.hpp>

#include <algorithm>
#include <vector>

/// Plans lowered to loops over packs: assignment and reductions.
namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// `count` elements, `step` apart; further lanes hold copies of the last. Out of line, because
/// every leaf of every plan has it and few take it.
template <class T>
[[gnu::noinline]] Pack<T> gather(const T* data, Index step, Index count) {
    Pack<T> pack(data[(count - 1) * step]);
    for (Index lane = 0; lane < count - 1; ++lane) pack.lanes[lane] = data[lane * step];
    return pack;
}

/// The pack whose first element has number `k` in its block.
struct WholePack {
    Index k;

    template <class T>
    Pack<T> load(const T* data, Index step) const {
        if (step == 1) return Pack<T>::load(data + k);
        if (step == 0) return Pack<T>(*data);
        return gather(data + k * step, step, Pack<T>::width);
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
        return gather(data + k * step, step, count);
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

/// Elements that are computed at once, so that they stay in the first-level cache.
inline constexpr Index elements_per_block = 2048;

/// Visits [begin, end) as contiguous blocks of at most elements_per_block that stay within rows of
/// `row` elements.
template <class Visit>
void for_each_block(Index begin, Index end, Index row, Visit visit) {
    while (begin < end) {
        const Index n = std::min({end - begin, row - begin % row, elements_per_block});
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

/// A plan behind one function pointer. What walks over blocks is compiled once for each type, and a
/// plan costs no more than its inner loop.
template <class T>
class BlockSource {
public:
    template <Plan P, std::size_t R>
    BlockSource(const P& plan, const Shape<R>& shape)
        : row_(row_length(plan, shape)), plan_(&plan), write_(write_plan<P>) {}

    /// Elements that a block must not cross a multiple of; see row_length.
    [[nodiscard]] Index row() const noexcept { return row_; }
    /// Writes the block of n elements from `begin` on.
    void write(Index begin, Index n, T* to) const { write_(plan_, begin, n, to); }

private:
    template <Plan P>
    static void write_plan(const void* plan, Index begin, Index n, T* to) {
        const auto run = static_cast<const P*>(plan)->run(begin, n);
        for_each_pack<T>(n, [&](auto where, Index k, Index count) {
            store(run.value(where), to + k, 1, count);
        });
    }

    Index row_;
    const void* plan_;
    void (*write_)(const void*, Index, Index, T*);
};

/// destination[i] = source[i]. The source may read the destination itself, element by element.
template <class T, std::size_t R>
void assign(const View<T, R>& destination, const BlockSource<T>& source) {
    const auto target = LeafPlan<T, R>{destination.data, destination.shape,
                                       canonical_strides(destination.shape, destination.strides)};
    // The shorter of the two rows divides the longer: both are products of the last extents.
    const Index row = std::min(source.row(), row_length(target, destination.shape));
    const Partition partition{destination.shape.size(), elements_per_chunk};
    for_each_chunk(partition, [&](Index chunk_begin, Index chunk_end) {
        for_each_block(chunk_begin, chunk_end, row, [&](Index begin, Index n) {
            const auto place = target.run(begin, n);
            T* data = destination.data + (place.data - destination.data);
            if (place.step == 1 || n == 1) {
                source.write(begin, n, data);
                return;
            }
            T block[elements_per_block];
            source.write(begin, n, block);
            for (Index k = 0; k < n; ++k) data[k * place.step] = block[k];
        });
    });
}

/// Reduces n numbers: several packs side by side, which keeps each sum short and the processor
/// busy, then what they hold in order.
template <class Reducer, class T>
[[nodiscard]] double reduce_block(const T* values, Index n) {
    constexpr Index packs = 8;
    constexpr Index width = Pack<T>::width;
    Pack<T> totals[packs];
    for (auto& total : totals) total = Pack<T>(Reducer::template identity<T>());
    Index k = 0;
    for (; k + packs * width <= n; k += packs * width) {
        for (Index p = 0; p < packs; ++p) {
            totals[p] = Reducer::combine(totals[p], Pack<T>::load(values + k + p * width));
        }
    }
    double result = Reducer::template identity<double>();
    for (const auto& total : totals) {
        for (Index lane = 0; lane < width; ++lane) {
            result = Reducer::combine(result, double(total.lanes[lane]));
        }
    }
    for (; k < n; ++k) result = Reducer::combine(result, double(values[k]));
    return result;
}

/// Reduces the elements [begin, end) block by block, each in the source's type, what they give in
/// double and in order: a sum of n numbers errs like one of n / elements_per_block.
template <class Reducer, class T>
[[nodiscard]] double reduce_range(const BlockSource<T>& source, Index begin, Index end) {
    double total = Reducer::template identity<double>();
    T values[elements_per_block];
    for_each_block(begin, end, source.row(), [&](Index first, Index n) {
        source.write(first, n, values);
        total = Reducer::combine(total, reduce_block<Reducer>(values, n));
    });
    return total;
}

/// Reduces all `size` elements.
template <class Reducer, class T>
[[nodiscard]] T reduce_all(const BlockSource<T>& source, Index size) {
    const Partition partition{size, elements_per_chunk};
    std::vector<double> results(static_cast<std::size_t>(partition.chunks()));
    for_each_chunk(partition, [&](Index begin, Index end) {
        results[static_cast<std::size_t>(begin / partition.grain)] =
            reduce_range<Reducer>(source, begin, end);
    });
    double total = Reducer::template identity<double>();
    for (const double result : results) total = Reducer::combine(total, result);
    return static_cast<T>(total);
}

/// How a reduction along axes walks its operand. The last axes, as far as they are all reduced or
/// all kept, lie side by side and are walked in one stretch; the others are counted.
template <std::size_t R>
struct ReductionWalk {
    Shape<R> kept;      ///< extents of the counted axes that stay, 1 elsewhere
    Shape<R> reduced;   ///< extents of the counted axes that go, 1 elsewhere
    Shape<R> strides;   ///< row-major, of the operand
    Index stretch = 1;  ///< elements of the last axes
    bool stretch_kept = false;

    ReductionWalk(const Shape<R>& result, const Shape<R>& shape)
        : kept(result), reduced(shape), strides(dense_strides(shape)) {
        const auto keeps = [&](std::size_t k) { return result[k] == shape[k]; };
        std::size_t last = R;  // behind the last axis longer than 1
        while (last > 0 && shape[last - 1] == 1) --last;
        stretch_kept = last > 0 && keeps(last - 1);
        std::size_t axis = last;
        while (axis > 0 && (shape[axis - 1] == 1 || keeps(axis - 1) == stretch_kept)) {
            stretch *= shape[--axis];
        }
        for (std::size_t k = 0; k < R; ++k) {
            if (k >= axis) kept[k] = 1;
            if (k >= axis || keeps(k)) reduced[k] = 1;
        }
    }

    /// Where the elements of a result begin; `i` counts `kept`.
    [[nodiscard]] Index start(Index i) const { return offset_of(i, kept, strides); }
    /// How far the j-th of them, or of their stretches, lies behind.
    [[nodiscard]] Index step(Index j) const { return offset_of(j, reduced, strides); }
};

/// Results whose elements come in stretches, which are reduced block by block and joined in double.
template <class Reducer, class T, std::size_t R>
void reduce_stretches(const View<T, R>& result, const BlockSource<T>& source,
                      const ReductionWalk<R>& walk) {
    const Index steps = walk.reduced.size();
    const Index elements = std::max(Index{1}, steps * walk.stretch);
    const Index grain = std::max(Index{1}, elements_per_chunk / elements);
    for_each_chunk({walk.kept.size(), grain}, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
            double total = Reducer::template identity<double>();
            for (Index j = 0; j < steps; ++j) {
                const Index first = walk.start(i) + walk.step(j);
                total = Reducer::combine(
                    total, reduce_range<Reducer>(source, first, first + walk.stretch));
            }
            result.data[offset_of(i, result.shape, result.strides)] = static_cast<T>(total);
        }
    });
}

/// Results side by side, onto which rows are reduced: a few rows in the plan's type, what they give
/// in double.
template <class Reducer, class T>
class TileTotals {
public:
    static constexpr Index width = 512;

    explicit TileTotals(Index results) : results_(results) {
        std::fill_n(partial_, results_, Reducer::template identity<T>());
        std::fill_n(total_, results_, Reducer::template identity<double>());
    }
    /// Takes n elements for the results from `first` on.
    void add(const T* values, Index first, Index n) {
        T* place = partial_ + first;
        for_each_pack<T>(n, [&](auto where, Index k, Index count) {
            store(Reducer::combine(where.load(place, 1), where.load(values, 1)), place + k, 1,
                  count);
        });
    }
    /// To be told after each row.
    void end_row() {
        if (++rows_ == rows_together) join();
    }
    [[nodiscard]] const double* finish() {
        join();
        return total_;
    }

private:
    static constexpr Index rows_together = 64;

    void join() {
        for (Index i = 0; i < results_; ++i) {
            total_[i] = Reducer::combine(total_[i], double(partial_[i]));
        }
        std::fill_n(partial_, results_, Reducer::template identity<T>());
        rows_ = 0;
    }

    Index results_;
    Index rows_ = 0;
    T partial_[width];
    double total_[width];
};

/// Results that come in stretches themselves: rows are reduced onto each other, tile by tile.
template <class Reducer, class T, std::size_t R>
void reduce_onto_stretches(const View<T, R>& result, const BlockSource<T>& source,
                           const ReductionWalk<R>& walk) {
    using Totals = TileTotals<Reducer, T>;
    const Index steps = walk.reduced.size();
    const Index tiles = Partition{walk.stretch, Totals::width}.chunks();
    for_each_chunk({walk.kept.size() * tiles, 1}, [&](Index begin, Index end) {
        for (Index tile = begin; tile < end; ++tile) {
            const Index kept = tile / tiles;
            const Index first = tile % tiles * Totals::width;
            const Index results = std::min(Totals::width, walk.stretch - first);
            Totals totals(results);
            for (Index j = 0; j < steps; ++j) {
                const Index from = walk.start(kept) + walk.step(j) + first;
                T values[Totals::width];
                for_each_block(from, from + results, source.row(), [&](Index block, Index n) {
                    source.write(block, n, values);
                    totals.add(values, block - from, n);
                });
                totals.end_row();
            }
            const double* total = totals.finish();
            for (Index i = 0; i < results; ++i) {
                const Index place = kept * walk.stretch + first + i;
                result.data[offset_of(place, result.shape, result.strides)] =
                    static_cast<T>(total[i]);
            }
        }
    });
}

/// Reduces along the axes where `result` has extent 1 and `shape` has not.
template <class Reducer, class T, std::size_t R>
void reduce_axes(const View<T, R>& result, const BlockSource<T>& source, const Shape<R>& shape) {
    if (result.shape.size() == 1) {  // here there are elements for all threads, not results
        *result.data = reduce_all<Reducer>(source, shape.size());
        return;
    }
    const ReductionWalk<R> walk(result.shape, shape);
    if (walk.stretch_kept) {
        reduce_onto_stretches<Reducer>(result, source, walk);
    } else {
        reduce_stretches<Reducer>(result, source, walk);
    }
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
