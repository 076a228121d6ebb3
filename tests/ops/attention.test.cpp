#include <oldphoto/ops/attention.hpp>
#include <oldphoto/ops/softmax.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/memory.hpp"
#include "../support/random.hpp"
#include "../support/threads.hpp"
#include <cmath>
#include <tuple>
#include <vector>

using namespace oldphoto;
using test::random_variable;

namespace {

using Numbers = std::vector<double>;

/// Tokens of one channel.
Variable<double, 3> token_line(const Numbers& values) {
    return Variable<double, 3>(
        Tensor<double, 3>::from_values({1, 1, static_cast<Index>(values.size())}, values), true);
}

Tensor<double, 2> gate(const Numbers& values) {
    return Tensor<double, 2>::from_values({1, static_cast<Index>(values.size())}, values);
}

const double ln2 = std::log(2.0);

/// Gradients of sum(y * weights) by q, k and v.
template <class T, class F>
auto gradients_of(const Variable<T, 3>& q, const Variable<T, 3>& k, const Variable<T, 3>& v, F f) {
    Program program;
    Variable<T, 0> loss;
    {
        const auto recording = program.record();
        const auto y = f();
        loss = sum(y * test::random_tensor<T>(y.shape(), 9));
    }
    program.backward(loss, ParameterList<T>{q, k, v});
    return std::tuple{q.gradient().to_values(), k.gradient().to_values(), v.gradient().to_values()};
}

}  // namespace

TEST_CASE("attention is a mean of values weighed by a softmax of products", "[ops][forward]") {
    // Products ln 2 times 1, 0, 2: powers 2, 1, 4.
    const auto q = token_line({ln2});
    const auto k = token_line({1, 0, 2});
    const auto v = token_line({10, 20, 40});
    CHECK(attention(q, k, v).value()[0] == Approx((20 + 20 + 160) / 7.0).epsilon(1e-14));
    CHECK(attention(token_line({3 * ln2}), k, v, 3).value()[0] == Approx(200 / 7.0).epsilon(1e-14));
}

TEST_CASE("gates multiply the weights of attention, which add up to 1 again if asked to",
          "[ops][forward]") {
    // Powers 2, 1, 4 of every query; gates leave 2, 0.5, 0 of them, and use_self the own one.
    const auto q = token_line({ln2, ln2, ln2});
    const auto k = token_line({1, 0, 2});
    const auto v = token_line({10, 20, 40});
    const auto gates = gate({1, 0.5, 0});
    const auto check = [&](const AttentionOptions& o, const Numbers& expected) {
        const auto y = gated_attention(q, k, v, gates, o).value();
        for (Index i = 0; i < 3; ++i) {
            CHECK(y[i] == Approx(expected[static_cast<std::size_t>(i)]).epsilon(1e-14));
        }
    };
    check({}, {30 / 2.5, 30 / 2.5, 30 / 2.5});
    check({.renormalize = false}, {30 / 7.0, 30 / 7.0, 30 / 7.0});
    check({.use_self = true}, {30 / 2.5, 40 / 3.0, 190 / 6.5});
    check({.renormalize = false, .use_self = true}, {30 / 7.0, 40 / 7.0, 190 / 7.0});
}

TEST_CASE("attention is zero, and has no gradient, where all gates are closed", "[ops][forward]") {
    const auto q = random_variable(Shape<3>{2, 3, 5}, 1);
    const auto k = random_variable(Shape<3>{2, 3, 4}, 2);
    const auto v = random_variable(Shape<3>{2, 6, 4}, 3);
    auto gates = Tensor<double, 2>::ones({2, 4});
    gates.slice(0, 1, 2).fill(0);  // of the second sample
    const auto y = gated_attention(q, k, v, gates).value();
    CHECK(y.slice(0, 0, 1).to_values() == attention(q, k, v).value().slice(0, 0, 1).to_values());
    CHECK(y.slice(0, 1, 2).to_values() == Numbers(30, 0.0));
    gradients_of(q, k, v, [&] { return gated_attention(q, k, v, gates); });
    CHECK(q.gradient().slice(0, 1, 2).to_values() == Numbers(15, 0.0));
    CHECK(k.gradient().slice(0, 1, 2).to_values() == Numbers(12, 0.0));
    CHECK(v.gradient().slice(0, 1, 2).to_values() == Numbers(24, 0.0));
    CHECK(v.gradient().slice(0, 0, 1).to_values() != Numbers(24, 0.0));
}

TEST_CASE("attention divides by no less than 1e-12 of what softmax gave all keys",
          "[ops][forward]") {
    // The closed key has 1 - 4.2e-18 of the weights.
    const auto y =
        gated_attention(token_line({1}), token_line({40, 0}), token_line({5, 3}), gate({0, 1}))
            .value();
    CHECK(y[0] == Approx(3 * std::exp(-40.0) / 1e-12).epsilon(1e-12));
    // Half the distance leaves the open one 2e-9, which becomes 1.
    CHECK(gated_attention(token_line({1}), token_line({20, 0}), token_line({5, 3}), gate({0, 1}))
              .value()[0] == Approx(3).epsilon(1e-14));
}

TEST_CASE("relu_attention weighs by products above zero, over the number of keys",
          "[ops][forward]") {
    const auto y =
        relu_attention(token_line({1, -1}), token_line({2, -3}), token_line({5, 7})).value();
    CHECK(y.to_values() == Numbers{2 * 5 / 2.0, 3 * 7 / 2.0});
}

TEST_CASE("attention gradients match central differences", "[ops][gradient]") {
    const auto q = random_variable(Shape<3>{2, 3, 5}, 1);
    const auto k = random_variable(Shape<3>{2, 3, 5}, 2);
    const auto v = random_variable(Shape<3>{2, 4, 5}, 3);
    const auto gates =
        Tensor<double, 2>::from_values({2, 5}, {1, 0, 0.25, 0.5, 1, 0, 0, 1, 0, 0.9});
    CHECK(testing::gradcheck([&] { return attention(q, k, v, 0.5); }, {q, k, v}) < 1e-7);
    CHECK(testing::gradcheck([&] { return relu_attention(q, k, v); }, {q, k, v}) < 1e-7);
    for (const bool renormalize : {true, false}) {
        for (const bool use_self : {true, false}) {
            INFO("renormalize " << renormalize << ", use_self " << use_self);
            const AttentionOptions o{
                .temperature = 2, .renormalize = renormalize, .use_self = use_self};
            CHECK(testing::gradcheck([&] { return gated_attention(q, k, v, gates, o); },
                                     {q, k, v}) < 1e-7);
        }
    }
}

TEST_CASE("attention gradients match central differences where 1e-12 is divided by",
          "[ops][gradient]") {
    // Products near 30 of the closed key leave less than 1e-12 to the open ones.
    const auto q = token_line({1, 1.02});
    const auto k = token_line({30, 0, 0.5});
    const auto v = token_line({5, 3, -2});
    CHECK(testing::gradcheck(
              [&] {
                  return gated_attention(q, k, v, gate({0, 1, 1}));
              },
              {q, k, v}) < 1e-7);
}

TEST_CASE("attention has the same bits for 1, 2 and 3 threads", "[ops][determinism]") {
    const auto q = random_variable<float>(Shape<3>{1, 5, 1100}, 1);
    const auto k = random_variable<float>(Shape<3>{1, 5, 1100}, 2);
    const auto v = random_variable<float>(Shape<3>{1, 7, 1100}, 3);
    const auto numbers = test::random_tensor<float>(Shape<2>{1, 1100}, 4);
    const Tensor<float, 2> gates = maximum(minimum(numbers, 1.0F), 0.0F);
    CHECK(test::same_for_any_threads(
        [&] { return gradients_of(q, k, v, [&] { return gated_attention(q, k, v, gates); }); }));
}

namespace {

/// Attention, forward and then backward, takes less than 100 MB beyond its inputs and results.
void check_memory(Index tokens, Index channels) {
    const Shape<3> shape{1, channels, tokens};
    const auto q = test::random_tensor<float>(shape, 1);
    const auto k = test::random_tensor<float>(shape, 2);
    const auto v = test::random_tensor<float>(shape, 3);
    const auto gates = Tensor<float, 2>::ones({1, tokens});
    gates.slice(1, 0, tokens, 12).fill(0);
    AttentionOp<float, Cpu> op{{}, gates};
    const double forward = test::peak_mebibytes([&] { op.forward(q, k, v); });
    const double backward = test::peak_mebibytes([&] { op.backward(q, q, k, v); });
    if (forward < 0 || backward < 0) {
        WARN("skipped: the kernel does not tell peaks of memory");
        return;
    }
    INFO(forward << " MiB forward, " << backward << " MiB backward, results included");
    const double limit = 100e6 / (1024 * 1024);
    const double result = static_cast<double>(q.size()) * sizeof(float) / (1024 * 1024);
    CHECK(forward - result < limit);
    CHECK(backward - 3 * result < limit);
}

}  // namespace

TEST_CASE("attention never holds its matrix", "[ops][memory]") {
    check_memory(8192, 8);  // one matrix would be 256 MiB
}

// A minute of arithmetic, and more.
TEST_CASE("attention of 16,384 tokens of 512 channels takes less than 100 MB",
          "[ops][memory][slow]") {
    check_memory(16384, 512);  // one matrix would be 1 GiB
}

TEST_CASE("attention names the rule that is broken", "[ops][error]") {
    const auto q = random_variable(Shape<3>{2, 3, 5}, 1);
    const auto k = random_variable(Shape<3>{2, 3, 4}, 2);
    const auto v = random_variable(Shape<3>{2, 6, 4}, 3);
    CHECK_THROWS_WITH(attention(q, random_variable(Shape<3>{2, 2, 4}, 2), v),
                      "attention: queries and keys must have as many channels\n"
                      "  q (N, D, Q) = (2, 3, 5)\n"
                      "  k (N, D, K) = (2, 2, 4)\n"
                      "  v (N, C, K) = (2, 6, 4)");
    CHECK_THROWS_WITH(attention(q, random_variable(Shape<3>{1, 3, 4}, 2), v),
                      Catch::StartsWith("attention: batches must be equal\n"));
    CHECK_THROWS_WITH(attention(q, random_variable(Shape<3>{2, 3, 5}, 2), v),
                      Catch::StartsWith("attention: there must be as many values as keys\n"));
    CHECK_THROWS_WITH(
        attention(q, random_variable(Shape<3>{2, 3, 0}, 2), random_variable(Shape<3>{2, 6, 0}, 2)),
        Catch::StartsWith("attention: there must be a key\n"));
    CHECK_THROWS_WITH(gated_attention(q, k, v, Tensor<double, 2>::ones({2, 5})),
                      "attention: there must be a gate for each key\n"
                      "  gate (N, K) = (2, 5)\n"
                      "  k (N, D, K) = (2, 3, 4)");
    CHECK_THROWS_WITH(gated_attention(q, k, v, Tensor<double, 2>::ones({2, 4}), {.use_self = true}),
                      Catch::StartsWith("attention: use_self asks for as many keys as queries\n"));
    CHECK_THROWS_WITH(attention(q, k, v, 0),
                      "attention: temperature must be positive, got 0.000000");
}
