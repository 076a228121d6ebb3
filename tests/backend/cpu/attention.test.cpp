#include <oldphoto/backend/cpu/cpu.hpp>
#include <oldphoto/backend/naive.hpp>
#include <oldphoto/tensor/random.hpp>

#include <catch2/catch.hpp>

#include "../../support/instruction_sets.hpp"
#include "../../support/scratch.hpp"
#include "../../support/threads.hpp"
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

using namespace oldphoto;

namespace {

constexpr Index across = cpu::attention_columns;
constexpr Index passing = cpu::attention_rows;

enum class Gates { none, open, closed, binary, fractional, one_sample_closed };

struct AttentionCase {
    std::string name;
    Index samples;
    Index depth;
    Index channels;
    Index queries;
    Index keys;
    Gates gates;
    AttentionRule rule{};
    double spread = 1;  // of queries and keys
};

constexpr AttentionRule plain{.renormalize = false};
constexpr AttentionRule itself{.use_self = true};
constexpr AttentionRule itself_plain{.renormalize = false, .use_self = true};
constexpr AttentionRule relu{.kind = AttentionKind::relu, .scale = 0.5};

const std::vector<AttentionCase> attention_cases{
    {"one token", 1, 1, 1, 1, 1, Gates::none},
    {"one query", 1, 3, 2, 1, 9, Gates::fractional},
    {"one key", 1, 2, 3, 9, 1, Gates::fractional},
    {"more keys than queries", 2, 3, 5, 7, 40, Gates::binary},
    {"more queries than keys", 2, 5, 3, 40, 7, Gates::binary},
    {"temperature", 1, 4, 4, 30, 30, Gates::fractional, {.scale = 10}},
    {"no gates", 2, 4, 6, 33, 21, Gates::none},
    {"all gates open", 1, 4, 6, 33, 33, Gates::open, itself},
    {"all gates closed", 1, 4, 6, 33, 33, Gates::closed},
    {"all gates closed, not renormalised", 1, 4, 6, 33, 33, Gates::closed, plain},
    {"all gates closed but one's own", 1, 4, 6, 33, 33, Gates::closed, itself},
    {"all gates of one sample closed", 3, 4, 6, 33, 33, Gates::one_sample_closed},
    {"not renormalised", 2, 4, 6, 33, 20, Gates::fractional, plain},
    {"use_self", 2, 4, 6, 33, 33, Gates::fractional, itself},
    {"use_self, not renormalised", 2, 4, 6, 33, 33, Gates::binary, itself_plain},
    {"relu", 2, 4, 6, 33, 20, Gates::none, relu},
    {"a tile of queries", 1, 3, 2, across, 5, Gates::binary},
    {"a tile of queries and one", 1, 3, 2, across + 1, 5, Gates::fractional},
    {"a tile of keys", 1, 3, 2, 5, across, Gates::none},
    {"a tile of keys and one", 1, 3, 2, 5, across + 1, Gates::none},
    {"as many keys as pass at a time", 1, 3, 2, 5, passing, Gates::none},
    {"one key more", 1, 3, 2, 5, passing + 1, Gates::none, plain},
    {"one query more than pass at a time", 1, 3, 2, passing + 1, 5, Gates::none, relu},
    {"several tiles of both", 1, 9, 5, 2 * across + 7, across + 90, Gates::fractional},
    {"use_self over several tiles", 1, 2, 3, across + 90, across + 90, Gates::binary, itself},
    {"products up to a thousand", 1, 16, 4, 50, passing + 30, Gates::fractional, {}, 6},
};

AttentionCase random_attention(std::uint64_t seed) {
    Rng rng(seed);
    const auto size = [&](Index most) {
        return 1 + rng.integer(rng.integer(4) == 0 ? Index{3} : most);
    };
    AttentionCase c{"", size(3), size(12), size(12), size(90), size(90), Gates::none};
    if (rng.integer(4) == 0) {
        c.rule = relu;
    } else {
        c.rule.scale = rng.uniform(0.1, 3);
        c.rule.renormalize = rng.integer(2) == 0;
        c.rule.use_self = rng.integer(3) == 0;
        c.gates = static_cast<Gates>(rng.integer(6));
        if (c.rule.use_self) c.keys = c.queries;
    }
    for (const Index number : {static_cast<Index>(seed), c.samples, c.depth, c.channels, c.queries,
                               c.keys, static_cast<Index>(c.gates)}) {
        c.name += " " + std::to_string(number);
    }
    c.name = "seed, samples, depth, channels, queries, keys, gates:" + c.name;
    return c;
}

template <class T>
struct Operands {
    Tensor<T, 3> q;
    Tensor<T, 3> k;
    Tensor<T, 3> v;

    [[nodiscard]] QueryKeyValue<T> views() const { return {q.view(), k.view(), v.view()}; }
    /// Of the same shapes, with garbage that shows what is left unwritten.
    [[nodiscard]] Operands blank() const {
        const auto garbage = [](const auto& like) {
            return Tensor<T, 3>::full(like.shape(), T(1e9));
        };
        return {garbage(q), garbage(k), garbage(v)};
    }
};

template <class T>
Operands<T> operands_of(const AttentionCase& c) {
    Rng rng(3);
    const auto spread = static_cast<T>(c.spread);
    return {normal<T, 3>({c.samples, c.depth, c.queries}, rng, T(0), spread),
            normal<T, 3>({c.samples, c.depth, c.keys}, rng, T(0), spread),
            normal<T, 3>({c.samples, c.channels, c.keys}, rng)};
}

/// N * K gates; none for Gates::none.
template <class T>
std::vector<T> gates_of(const AttentionCase& c) {
    if (c.gates == Gates::none) return {};
    Rng rng(4);
    auto gates = uniform<T, 1>({c.samples * c.keys}, rng).to_values();
    for (std::size_t i = 0; i < gates.size(); ++i) {
        switch (c.gates) {
            case Gates::none:
            case Gates::open:
                gates[i] = 1;
                break;
            case Gates::closed:
                gates[i] = 0;
                break;
            case Gates::binary:
                gates[i] = gates[i] < T(0.3) ? T(0) : T(1);
                break;
            case Gates::fractional:  // a fifth of them closed, a fifth open
                gates[i] = std::max(T(0), std::min(T(1), T(1.7) * gates[i] - T(0.35)));
                break;
            case Gates::one_sample_closed:
                if (static_cast<Index>(i) / c.keys == 1) gates[i] = 0;
                break;
        }
    }
    return gates;
}

template <class T>
struct AttentionResults {
    Tensor<T, 3> y;
    Operands<T> gradients;

    [[nodiscard]] auto values() const {
        return std::tuple{y.to_values(), gradients.q.to_values(), gradients.k.to_values(),
                          gradients.v.to_values()};
    }
};

template <class T>
Tensor<T, 3> upstream_gradient(const AttentionCase& c) {
    Rng rng(5);
    return normal<T, 3>({c.samples, c.channels, c.queries}, rng);
}

template <class T>
AttentionResults<T> compute(const AttentionCase& c) {
    const auto x = operands_of<T>(c);
    const auto gates = gates_of<T>(c);
    const T* gate = gates.empty() ? nullptr : gates.data();
    const auto gy = upstream_gradient<T>(c);
    const AttentionResults<T> out{Tensor<T, 3>::full(gy.shape(), T(1e9)), x.blank()};
    const auto rows = Tensor<T, 3>::full({3, c.samples, c.queries}, T(1e9));
    Cpu::attention(c.rule, x.views(), gate, out.y.view(), rows.view());
    Cpu::attention_gradients(c.rule, x.views(), gate, out.y.view(), rows.view(), gy.view(),
                             out.gradients.views());
    return out;
}

template <class T>
AttentionResults<T> compute_naively(const AttentionCase& c) {
    const auto x = operands_of<T>(c);
    const auto gates = gates_of<T>(c);
    const T* gate = gates.empty() ? nullptr : gates.data();
    const auto gy = upstream_gradient<T>(c);
    const AttentionResults<T> out{Tensor<T, 3>::full(gy.shape(), T(1e9)), x.blank()};
    naive::attention(c.rule, x.views(), gate, out.y.view());
    naive::attention_gradients(c.rule, x.views(), gate, gy.view(), out.gradients.views());
    return out;
}

/// max|a - b| / max|b|, or over 1 where that is smaller: gradients may be zero but for rounding.
template <class T>
double relative_difference(const Tensor<T, 3>& a, const Tensor<T, 3>& b) {
    double worst = 0;
    double largest = 1;
    for (Index i = 0; i < a.size(); ++i) {
        // Written so that a NaN counts as a difference.
        const double difference = std::abs(double(a[i]) - double(b[i]));
        worst = difference <= worst ? worst : std::isnan(difference) ? INFINITY : difference;
        largest = std::max(largest, std::abs(double(b[i])));
    }
    return worst / largest;
}

/// max|scale * q.k|. A softmax makes the rounding of a product an error relative to its weight.
template <class T>
double largest_product(const AttentionCase& c) {
    const auto x = operands_of<T>(c);
    const auto views = x.views();
    double largest = 0;
    for (Index n = 0; n < c.samples; ++n) {
        for (Index i = 0; i < c.queries; ++i) {
            for (Index j = 0; j < c.keys; ++j) {
                const double product = naive::multiply_columns(views.q, i, views.k, j, n);
                largest = std::max(largest, std::abs(product));
            }
        }
    }
    return c.rule.scale * largest;
}

/// @param rest  error of everything but the rounding of the products.
template <class T>
void check_against_oracle(const AttentionCase& c, double rest) {
    INFO(c.name);
    const double tolerance = rest + std::numeric_limits<T>::epsilon() * largest_product<T>(c);
    const auto actual = compute<T>(c);
    const auto expected = compute_naively<T>(c);
    CHECK(relative_difference(actual.y, expected.y) < tolerance);
    CHECK(relative_difference(actual.gradients.q, expected.gradients.q) < tolerance);
    CHECK(relative_difference(actual.gradients.k, expected.gradients.k) < tolerance);
    CHECK(relative_difference(actual.gradients.v, expected.gradients.v) < tolerance);
}

}  // namespace

TEST_CASE("attention and its gradients equal their naive twins", "[backend][attention]") {
    for (const AttentionCase& c : attention_cases) {
        check_against_oracle<double>(c, 1e-12);
        check_against_oracle<float>(c, 2e-5);
    }
}

TEST_CASE("attention and its gradients equal their naive twins at random shapes",
          "[backend][attention]") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const AttentionCase c = random_attention(seed);
        check_against_oracle<double>(c, 1e-12);
        test::for_each_instruction_set([&] { check_against_oracle<float>(c, 2e-5); });
    }
}

TEST_CASE("attention has the same bits for 1, 2 and 3 threads", "[backend][determinism]") {
    for (const AttentionCase& c : attention_cases) {
        INFO(c.name);
        CHECK(test::same_for_any_threads([&] { return compute<float>(c).values(); }));
    }
}

TEST_CASE("attention holds the memory that it says, and more threads no more than that",
          "[backend][memory]") {
    for (const AttentionCase& c : attention_cases) {
        INFO(c.name);
        const auto x = operands_of<float>(c);
        const auto gates = gates_of<float>(c);
        const auto y = upstream_gradient<float>(c);
        const auto rows = Tensor<float, 3>::uninitialized({3, c.samples, c.queries});
        const auto attend = [&] {
            Cpu::attention(c.rule, x.views(), gates.empty() ? nullptr : gates.data(), y.view(),
                           rows.view());
        };
        const auto memory = Cpu::attention_memory<float>(x.q.shape(), x.v.shape());
        CHECK(test::scratch_held(1, attend) == memory.kept(1));
        CHECK(test::scratch_held(3, attend) <= memory.kept(3));
        CHECK(memory.bytes(1) - memory.kept(1) == 12.0 * double(c.samples * (c.queries + c.keys)));
    }
}
