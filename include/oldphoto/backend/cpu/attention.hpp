#pragma once

#include <oldphoto/backend/attention_rule.hpp>
#include <oldphoto/backend/cpu/gemm.hpp>
#include <oldphoto/backend/cpu/pack.hpp>
#include <oldphoto/backend/cpu/scratch.hpp>
#include <oldphoto/core/parallel.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

/// Attention that never holds its matrix of weights. Tokens of one side lie across a tile, which
/// gathers their sums, while those of the other side pass, some hundreds at a time: their products
/// become weights, are used and overwritten. The divisor of a softmax grows along the way, and when
/// a product passes that is much larger than all before, what has been summed up shrinks by as much
/// (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018). Gradients compute
/// the weights again, from the reference and the divisor of each query: once with the queries
/// across and once with the keys, so that a sum is made by one thread, in one order.
///
/// Keys whose gates are closed come last and have no values read: all that they can do is count in
/// a divisor.
namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// Tokens that lie across a tile: so many that their factors, weights and sums take about a
/// megabyte and a half, and lie in near caches. And tokens that pass at a time: enough to make
/// little of rescaling the sums.
inline constexpr Index attention_columns = 256;
inline constexpr Index attention_rows = 2 * gemm_depth;
/// Numbers between the lines of passing tokens: a cache line more, or lines would compete for the
/// same places of the caches.
inline constexpr Index attention_step = attention_rows + 16;

/// The next multiple of what the widest kernels take at a time.
[[nodiscard]] constexpr Index whole_vectors(Index count) noexcept {
    constexpr Index width = 16;
    return Partition{count, width}.chunks() * width;
}

/// What softmax leaves to open gates is divided by their sum, but not by less than this.
inline constexpr double smallest_open_share = 1e-12;

/// The tokens of a sample, those with gate 0 behind the others.
template <class T>
struct Tokens {
    std::vector<Index> places;
    std::vector<T> gates;  ///< with zeros that fill up the last vector
    Index open;            ///< tokens whose gate is not 0

    [[nodiscard]] Index size() const noexcept { return static_cast<Index>(places.size()); }
    [[nodiscard]] std::span<const Index> part(Index first, Index count) const noexcept {
        return {places.data() + first, static_cast<std::size_t>(count)};
    }
    void drop_closed() { places.resize(static_cast<std::size_t>(open)); }
};

/// The tokens of each sample of x (N, channels, tokens).
/// @param gate  N * tokens numbers, or null for ones.
template <class T>
[[nodiscard]] std::vector<Tokens<T>> list_tokens(const View<T, 3>& x, const T* gate) {
    const Index count = x.shape[2];
    std::vector<Tokens<T>> lists(static_cast<std::size_t>(x.shape[0]));
    for (auto& list : lists) {
        list.places.reserve(static_cast<std::size_t>(count));
        list.gates.reserve(static_cast<std::size_t>(whole_vectors(count)));
        const auto append = [&](bool open) {
            for (Index place = 0; place < count; ++place) {
                const T opening = gate == nullptr ? T(1) : gate[place];
                if ((opening != T(0)) != open) continue;
                list.places.push_back(place);
                list.gates.push_back(opening);
            }
        };
        append(true);
        list.open = list.size();
        append(false);
        list.gates.resize(static_cast<std::size_t>(whole_vectors(count)));
        if (gate != nullptr) gate += count;
    }
    return lists;
}

/// One side of attention: queries and the gradients of their sums, or keys and values.
template <class T>
struct AttentionSide {
    View<T, 3> factors;  ///< of products: (N, D, tokens)
    View<T, 3> values;   ///< (N, C, tokens)
    std::vector<Tokens<T>> tokens;

    [[nodiscard]] const Tokens<T>& tokens_of(Index n) const {
        return tokens[static_cast<std::size_t>(n)];
    }
};

/// @param values  y of the queries, or its gradient.
template <class T>
[[nodiscard]] AttentionSide<T> query_side(const QueryKeyValue<T>& x, const View<T, 3>& values) {
    return {x.q, values, list_tokens<T>(x.q, nullptr)};
}
template <class T>
[[nodiscard]] AttentionSide<T> key_side(const QueryKeyValue<T>& x, const T* gate) {
    return {x.k, x.v, list_tokens(x.k, gate)};
}

template <class T>
[[nodiscard]] View<T, 2> sample_of(const View<T, 3>& x, Index n) {
    return {x.data + n * x.strides[0], {x.shape[1], x.shape[2]}, {x.strides[1], x.strides[2]}};
}

/// Copies tokens of a sample (channels, tokens) side by side, to (channels, width), with zeros
/// beyond the last.
template <class T>
void gather_tokens(const View<T, 2>& x, std::span<const Index> places, Index width, T* to) {
    struct Run {
        Index place;
        Index count;
    };
    std::vector<Run> runs;  // of neighbours
    for (const Index place : places) {
        if (runs.empty() || place != runs.back().place + runs.back().count) {
            runs.push_back({place, 0});
        }
        ++runs.back().count;
    }
    for (Index c = 0; c < x.shape[0]; ++c) {
        const T* from = x.data + c * x.strides[0];
        T* const end = to + width;
        for (const Run& run : runs) to = std::copy_n(from + run.place, run.count, to);
        std::fill(to, end, T(0));
        to = end;
    }
}

/// Copies them back.
template <class T>
void scatter_tokens(const T* from, Index width, std::span<const Index> places,
                    const View<T, 2>& x) {
    const auto count = static_cast<Index>(places.size());
    for (Index c = 0; c < x.shape[0]; ++c, from += width) {
        T* to = x.data + c * x.strides[0];
        for (Index j = 0; j < count; ++j) to[places[static_cast<std::size_t>(j)]] = from[j];
    }
}

/// to[j] = the product of tokens first + j of two samples (channels, tokens).
template <class T>
void multiply_tokens(const View<T, 2>& a, const View<T, 2>& b, Index first, Index count, T* to) {
    std::fill_n(to, count, T(0));
    for (Index c = 0; c < a.shape[0]; ++c) {
        const T* x = a.data + c * a.strides[0] + first;
        const T* y = b.data + c * b.strides[0] + first;
        for (Index j = 0; j < count; ++j) to[j] += x[j] * y[j];
    }
}

/// Tokens of a sample that lie across a tile, in panels `width` wide.
struct AttentionTile {
    Index sample;
    Index first;
    Index count;
    Index width;
};

/// Calls visit(tile) for all tokens of a side, on all threads.
template <class T, class Visit>
void for_each_tile(const AttentionSide<T>& side, const Visit& visit) {
    // Cut from all tokens, whatever their gates: a tile may have none that has an effect.
    const Index tiles = Partition{side.factors.shape[2], attention_columns}.chunks();
    for_each_chunk({side.factors.shape[0] * tiles, 1}, [&](Index begin, Index end) {
        for (Index k = begin; k < end; ++k) {
            const Index n = k / tiles;
            const Index first = k % tiles * attention_columns;
            const Index count = std::min(attention_columns, side.tokens_of(n).size() - first);
            if (count > 0) visit(AttentionTile{n, first, count, whole_vectors(count)});
        }
    });
}

/// A panel (rows, width) as a matrix.
template <class T>
[[nodiscard]] View<T, 2> matrix(T* panel, Index rows, Index width) {
    return {panel, {rows, width}, {width, 1}};
}
template <class T>
[[nodiscard]] View<T, 2> transposed(T* panel, Index rows, Index width) {
    return {panel, {width, rows}, {1, width}};
}

/// Hands out panels, one after another in memory of the calling thread.
template <class T>
class AttentionPanels {
public:
    explicit AttentionPanels(Index size) : next_(scratch<T, 5>(size)) {}
    [[nodiscard]] T* take(Index rows, Index width) {
        T* panel = next_;
        next_ += rows * width;
        return panel;
    }

private:
    T* next_;
};

/// The queries across a tile while keys pass.
template <class T>
struct RunningAttention {
    T* sums;  ///< (C, width), yet to be divided
    SoftmaxSums<T> softmax;
};

/// Calls visit(row, j, panel + row * width + j) for all packs of a panel.
template <class T, class Visit>
void for_each_pack(T* panel, Index rows, Index width, const Visit& visit) {
    for (Index row = 0; row < rows; ++row, panel += width) {
        for (Index j = 0; j < width; j += Pack<T>::width) visit(row, j, panel + j);
    }
}

template <class T>
void weigh_relu(const AttentionRule& rule, Index keys, Index width, T* products) {
    using P = Pack<T>;
    const P scale(static_cast<T>(rule.scale));
    for_each_pack(products, keys, width, [&](Index, Index, T* product) {
        max(P(T(0)), scale * P::load(product)).store(product);  // in this order a NaN passes
    });
}

/// Multiplies each column of a panel by a number of its own.
template <class T>
void scale_columns(const T* factor, Index rows, Index width, T* panel) {
    using P = Pack<T>;
    for_each_pack(panel, rows, width,
                  [&](Index, Index j, T* x) { (P::load(x) * P::load(factor + j)).store(x); });
}

/// What queries begin with: nothing or, where they see their own key ungated, what its gate would
/// take away.
template <class T>
void begin_attention(const AttentionRule& rule, const QueryKeyValue<T>& x, const T* gate,
                     const AttentionTile& tile, const RunningAttention<T>& running) {
    const auto v = sample_of(x.v, tile.sample);
    std::fill_n(running.sums, v.shape[0] * tile.width, T(0));
    std::fill_n(running.softmax.reference, tile.width, std::numeric_limits<T>::lowest());
    std::fill_n(running.softmax.all, tile.width, T(0));
    std::fill_n(running.softmax.open, tile.width, T(0));
    if (!rule.use_self || gate == nullptr) return;
    multiply_tokens(sample_of(x.q, tile.sample), sample_of(x.k, tile.sample), tile.first,
                    tile.count, running.softmax.reference);
    for (Index j = 0; j < tile.count; ++j) {
        const Index place = tile.first + j;
        const T taken = T(1) - gate[tile.sample * v.shape[1] + place];
        running.softmax.reference[j] *= static_cast<T>(rule.scale);
        running.softmax.open[j] = taken;
        for (Index c = 0; c < v.shape[0]; ++c) {
            running.sums[c * tile.width + j] = taken * v.data[c * v.strides[0] + place];
        }
    }
}

/// What the weights of a query are divided by.
template <class T>
struct Divisor {
    T value;
    T share;  ///< what every key counts for in it, whatever its gate; 0 where gates tell
};
/// @param keys  number of them.
template <class T>
[[nodiscard]] Divisor<T> divisor_of(const AttentionRule& rule, Index keys, T all, T open) {
    const auto smallest = static_cast<T>(smallest_open_share);
    if (rule.kind == AttentionKind::relu) return {static_cast<T>(keys), T(0)};
    if (!rule.renormalize) return {all, T(1)};
    if (open < smallest * all) return {smallest * all, smallest};
    return {open, T(0)};
}

/// Divides the sums and writes them, and of each query what its gradients need to know.
template <class T>
void end_attention(const AttentionRule& rule, Index keys, std::span<const Index> places,
                   const AttentionTile& tile, const RunningAttention<T>& running,
                   const View<T, 3>& y, const View<T, 3>& rows) {
    T* references = rows.data + tile.sample * rows.strides[1] + tile.first;
    T* reciprocals = references + rows.strides[0];
    T* shares = reciprocals + rows.strides[0];
    for (Index j = 0; j < tile.count; ++j) {
        const auto divisor =
            divisor_of(rule, keys, running.softmax.all[j], running.softmax.open[j]);
        running.softmax.factor[j] = T(1) / divisor.value;
        references[j] = running.softmax.reference[j];
        reciprocals[j] = running.softmax.factor[j];
        shares[j] = divisor.share;
    }
    scale_columns(running.softmax.factor, y.shape[1], tile.width, running.sums);
    scatter_tokens(running.sums, tile.width, places, sample_of(y, tile.sample));
}

/// Numbers in the panels of a tile.
template <class T>
[[nodiscard]] Index attention_numbers(Index depth, Index channels, Index width) {
    const Index deeper = std::max(depth, channels);
    return PackedColumns<T>::size(depth, width) + (deeper + attention_rows + 6) * width +
           deeper * attention_step;
}

/// What attention() holds.
/// @param q, v  shapes
template <class T>
[[nodiscard]] KernelMemory attention_memory(const Shape<3>& q, const Shape<3>& v) {
    const Index width = whole_vectors(std::min(attention_columns, q[2]));
    const auto tokens = static_cast<double>(q[0] * (q[2] + v[2]));
    auto memory = gemm_memory<T>();
    memory.hold_on_all(5, bytes_of<T>(attention_numbers<T>(q[1], v[1], width)));
    memory.hold_for_now(tokens * (sizeof(Index) + sizeof(T)));
    return memory;
}

/// The queries of one tile.
template <class T>
void attend(const AttentionRule& rule, const QueryKeyValue<T>& x, const T* gate,
            const AttentionSide<T>& queries, const AttentionSide<T>& keys,
            const AttentionTile& tile, const View<T, 3>& rows) {
    const Index width = tile.width;
    const Index depth = x.q.shape[1];
    const Index channels = x.v.shape[1];
    const Index deeper = std::max(depth, channels);
    const Index packed = PackedColumns<T>::size(depth, width);
    AttentionPanels<T> panels(attention_numbers<T>(depth, channels, width));
    T* weights = panels.take(attention_rows, width);
    const RunningAttention<T> running{
        panels.take(deeper, width),
        {panels.take(1, width), panels.take(1, width), panels.take(1, width), panels.take(1, width),
         panels.take(2, width)}};
    T* passing = panels.take(deeper, attention_step);

    const auto places = queries.tokens_of(tile.sample).part(tile.first, tile.count);
    const Tokens<T>& others = keys.tokens_of(tile.sample);
    gather_tokens(sample_of(x.q, tile.sample), places, width, running.sums);  // not yet in use
    const PackedColumns<T> across(matrix(running.sums, depth, width), panels.take(1, packed));
    begin_attention(rule, x, gate, tile, running);
    for (Index first = 0; first < others.size(); first += attention_rows) {
        const Index count = std::min(attention_rows, others.size() - first);
        gather_tokens(sample_of(x.k, tile.sample), others.part(first, count), attention_step,
                      passing);
        across.multiply(matrix(weights, count, width),
                        {passing, {count, depth}, {1, attention_step}});
        if (rule.kind == AttentionKind::relu) {
            weigh_relu(rule, count, width, weights);
        } else if (weigh_softmax(static_cast<T>(rule.scale), others.gates.data() + first, count,
                                 width, weights, running.softmax)) {
            scale_columns(running.softmax.factor, channels, width, running.sums);
        }
        const Index open = std::clamp(others.open - first, Index{0}, count);
        gather_tokens(sample_of(x.v, tile.sample), others.part(first, open), attention_step,
                      passing);
        gemm_serial(matrix(running.sums, channels, width),
                    {passing, {channels, open}, {attention_step, 1}}, matrix(weights, open, width),
                    true);
    }
    end_attention(rule, x.k.shape[2], places, tile, running, queries.values, rows);
}

/// Attention by `rule`.
/// @param gate  (N, K) numbers in [0, 1], or null for ones.
/// @param y     (N, C, Q), dense; written.
/// @param rows  (3, N, Q), dense; written: of each query its reference (see SoftmaxSums), the
///              reciprocal of what its weights are divided by, and what every key counts for in
///              that whatever its gate, or 0 where gates tell.
template <class T>
void attention(const AttentionRule& rule, const QueryKeyValue<T>& x, const T* gate,
               const View<T, 3>& y, const View<T, 3>& rows) {
    const auto queries = query_side(x, y);
    const auto keys = key_side(x, gate);
    for_each_tile(queries, [&](const AttentionTile& tile) {
        attend(rule, x, gate, queries, keys, tile, rows);
    });
}

/// What a weight and its derivative depend on beside the product: of the query its row (see
/// attention()) and its mean pull, of the key its gate. The pull of a key on a query is the product
/// of its value and the gradient of the query's sum.
template <class T>
struct WeightNumbers {
    const T* reference;
    const T* reciprocal;
    const T* share;
    const T* mean;
    const T* gate;
};

/// What all queries bring to it: (4, N, Q), with zeros that fill up the last vector of each line.
template <class T>
class QueryNumbers {
public:
    QueryNumbers(const View<T, 3>& rows, const AttentionSide<T>& queries, const View<T, 3>& y)
        : samples_(y.shape[0]),
          length_(whole_vectors(y.shape[2])),
          numbers_(static_cast<std::size_t>(4 * samples_ * length_)) {
        for (Index k = 0; k < 3 * samples_; ++k) {
            std::copy_n(rows.data + k * rows.strides[1], y.shape[2], numbers_.data() + k * length_);
        }
        for_each_tile(queries, [&](const AttentionTile& tile) {
            multiply_tokens(sample_of(y, tile.sample), sample_of(queries.values, tile.sample),
                            tile.first, tile.count,
                            numbers_.data() + offset(3, tile.sample) + tile.first);
        });
    }
    /// From query `first` of sample n on.
    /// @param gates  of the keys that meet them.
    [[nodiscard]] WeightNumbers<T> from(Index n, Index first, const T* gates) const {
        const auto line = [&](Index kind) { return numbers_.data() + offset(kind, n) + first; };
        return {line(0), line(1), line(2), line(3), gates};
    }
    /// Whether keys of sample n have an effect though their gates are closed.
    [[nodiscard]] bool closed_keys_count(Index n) const {
        const T* share = from(n, 0, nullptr).share;
        return std::any_of(share, share + length_, [](T counted) { return counted > T(0); });
    }

private:
    [[nodiscard]] Index offset(Index kind, Index n) const noexcept {
        return (kind * samples_ + n) * length_;
    }

    Index samples_;
    Index length_;
    std::vector<T> numbers_;
};

/// Turns products (rows, width) into the derivatives of the loss by them, and pulls into weights.
template <bool KeysAcross, class T>
void differentiate_weights(const AttentionRule& rule, const WeightNumbers<T>& numbers, Index rows,
                           Index width, T* products, T* pulls) {
    using P = Pack<T>;
    const P zero(T(0));
    const P scale(static_cast<T>(rule.scale));
    for_each_pack(products, rows, width, [&](Index row, Index j, T* at) {
        const auto of_query = [&](const T* number) {
            return KeysAcross ? P(number[row]) : P::load(number + j);
        };
        T* pull_at = pulls + (at - products);
        const P product = scale * P::load(at);
        const P pull = P::load(pull_at);
        const P reciprocal = of_query(numbers.reciprocal);
        if (rule.kind == AttentionKind::relu) {
            select(product > zero, scale * reciprocal * pull, zero).store(at);
            (max(zero, product) * reciprocal).store(pull_at);
            return;
        }
        const P gate = KeysAcross ? P::load(numbers.gate + j) : P(numbers.gate[row]);
        const P share = exp(product - of_query(numbers.reference)) * reciprocal;
        const P common = of_query(numbers.share);
        const P counted = select(common > zero, common, gate);
        const P excess = gate * pull - counted * of_query(numbers.mean);
        (scale * share * excess).store(at);
        (gate * share).store(pull_at);
    });
}

/// The panels of tokens of one side.
template <class T>
struct SidePanels {
    T* factors;  ///< (D, tokens)
    T* values;   ///< (C, tokens)
};

template <class T>
void gather_side(const AttentionSide<T>& side, Index n, std::span<const Index> places, Index width,
                 const SidePanels<T>& to) {
    gather_tokens(sample_of(side.factors, n), places, width, to.factors);
    gather_tokens(sample_of(side.values, n), places, width, to.values);
}

/// The gradients of the tokens of one tile: of keys and values, or of queries.
/// @param gradients  written at the places of the tile's tokens.
template <bool KeysAcross, class T>
void differentiate_tile(const AttentionRule& rule, const AttentionSide<T>& queries,
                        const AttentionSide<T>& keys, const QueryNumbers<T>& numbers,
                        const AttentionTile& tile, const QueryKeyValue<T>& gradients) {
    const Index n = tile.sample;
    const Index width = tile.width;
    const Index depth = keys.factors.shape[1];
    const Index channels = keys.values.shape[1];
    const Index deep = depth + channels;
    AttentionPanels<T> panels(2 * (deep + attention_rows) * width + deep * attention_rows);
    const auto take_side = [&](Index tokens) {
        return SidePanels<T>{panels.take(depth, tokens), panels.take(channels, tokens)};
    };
    const auto columns = take_side(width);
    const auto sums = take_side(width);
    T* products = panels.take(attention_rows, width);
    T* pulls = panels.take(attention_rows, width);
    const auto lines = take_side(attention_rows);

    const auto& across = KeysAcross ? keys : queries;
    const auto& passing = KeysAcross ? queries : keys;
    const auto places = across.tokens_of(n).part(tile.first, tile.count);
    gather_side(across, n, places, width, columns);
    std::fill_n(sums.factors, depth * width, T(0));
    std::fill_n(sums.values, channels * width, T(0));
    for (Index first = 0; first < passing.tokens_of(n).size(); first += attention_rows) {
        const Index count = std::min(attention_rows, passing.tokens_of(n).size() - first);
        gather_side(passing, n, passing.tokens_of(n).part(first, count), count, lines);
        gemm_serial(matrix(products, count, width), transposed(lines.factors, depth, count),
                    matrix(columns.factors, depth, width), false);
        gemm_serial(matrix(pulls, count, width), transposed(lines.values, channels, count),
                    matrix(columns.values, channels, width), false);
        const Index query = KeysAcross ? first : tile.first;
        const Index key = KeysAcross ? tile.first : first;
        differentiate_weights<KeysAcross>(
            rule, numbers.from(n, query, keys.tokens_of(n).gates.data() + key), count, width,
            products, pulls);
        gemm_serial(matrix(sums.factors, depth, width), matrix(lines.factors, depth, count),
                    matrix(products, count, width), true);
        if constexpr (KeysAcross) {
            gemm_serial(matrix(sums.values, channels, width), matrix(lines.values, channels, count),
                        matrix(pulls, count, width), true);
        }
    }
    const auto& factor_gradients = KeysAcross ? gradients.k : gradients.q;
    scatter_tokens(sums.factors, width, places, sample_of(factor_gradients, n));
    if constexpr (KeysAcross) {
        scatter_tokens(sums.values, width, places, sample_of(gradients.v, n));
    }
}

/// Adds what comes from queries that see their own key ungated.
template <class T>
void add_self_gradients(const AttentionRule& rule, const QueryKeyValue<T>& x, const T* gate,
                        const View<T, 3>& gy, const QueryNumbers<T>& numbers,
                        const AttentionTile& tile, const QueryKeyValue<T>& gradients) {
    AttentionPanels<T> panels(2 * tile.width);
    T* slopes = panels.take(1, tile.width);
    T* weights = panels.take(1, tile.width);
    const auto of_sample = [&](const View<T, 3>& tokens) { return sample_of(tokens, tile.sample); };
    multiply_tokens(of_sample(x.q), of_sample(x.k), tile.first, tile.count, slopes);
    multiply_tokens(of_sample(gy), of_sample(x.v), tile.first, tile.count, weights);
    const auto query = numbers.from(tile.sample, tile.first, nullptr);
    const auto scale = static_cast<T>(rule.scale);
    for (Index j = 0; j < tile.count; ++j) {
        const T pull = weights[j];
        const T taken = T(1) - gate[tile.sample * x.k.shape[2] + tile.first + j];
        const T share = std::exp(scale * slopes[j] - query.reference[j]) * query.reciprocal[j];
        weights[j] = taken * share;
        const T mean = query.share[j] == T(0) ? query.mean[j] : T(0);
        slopes[j] = scale * weights[j] * (pull - mean);
    }
    const auto add = [&](const View<T, 3>& to, const T* factor, const View<T, 3>& from) {
        for (Index c = 0; c < to.shape[1]; ++c) {
            T* sum = of_sample(to).data + c * to.strides[1] + tile.first;
            const T* term = of_sample(from).data + c * from.strides[1] + tile.first;
            for (Index j = 0; j < tile.count; ++j) sum[j] += factor[j] * term[j];
        }
    };
    add(gradients.q, slopes, x.k);
    add(gradients.k, slopes, x.q);
    add(gradients.v, weights, gy);
}

/// The gradients of attention by q, k and v.
/// @param y, rows    as attention() wrote them.
/// @param gy         (N, C, Q), dense.
/// @param gradients  written.
template <class T>
void attention_gradients(const AttentionRule& rule, const QueryKeyValue<T>& x, const T* gate,
                         const View<T, 3>& y, const View<T, 3>& rows, const View<T, 3>& gy,
                         const QueryKeyValue<T>& gradients) {
    const auto queries = query_side(x, gy);
    auto keys = key_side(x, gate);
    const QueryNumbers<T> numbers(rows, queries, y);
    for (Index n = 0; n < x.k.shape[0]; ++n) {
        if (!numbers.closed_keys_count(n)) keys.tokens[static_cast<std::size_t>(n)].drop_closed();
    }
    // The keys that are left out are not written below.
    std::fill_n(gradients.k.data, gradients.k.shape.size(), T(0));
    std::fill_n(gradients.v.data, gradients.v.shape.size(), T(0));
    for_each_tile(queries, [&](const AttentionTile& tile) {
        differentiate_tile<false>(rule, queries, keys, numbers, tile, gradients);
    });
    for_each_tile(keys, [&](const AttentionTile& tile) {
        differentiate_tile<true>(rule, queries, keys, numbers, tile, gradients);
    });
    if (!rule.use_self || gate == nullptr) return;
    for_each_tile(queries, [&](const AttentionTile& tile) {
        add_self_gradients(rule, x, gate, gy, numbers, tile, gradients);
    });
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
