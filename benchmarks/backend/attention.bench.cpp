#include <oldphoto/backend/cpu/attention.hpp>
#include <oldphoto/tensor/random.hpp>

#include "../support/instruction_sets.hpp"
#include <string>

// Attention of photos with scratches on one thread: DIRECTION/TOKENS/SET, with 512 channels and one
// of twelve keys closed by a hole. Operations are those of the products with the open keys: two
// matrices forward; seven for the gradients, which compute the weights again.

using namespace oldphoto;

namespace {

constexpr Index channels = 512;
constexpr AttentionRule rule{};

using Tokens = Tensor<float, 3>;

struct Operands {
    Tokens q;
    Tokens k;
    Tokens v;

    explicit Operands(Index tokens) {
        Rng rng(1);
        for (Tokens* part : {&q, &k, &v}) {
            // Products of queries and keys are about 1 in size.
            *part = normal<float, 3>({1, channels, tokens}, rng, 0.0F, 0.2F);
        }
    }
    [[nodiscard]] QueryKeyValue<float> views() const { return {q.view(), k.view(), v.view()}; }
};

[[nodiscard]] Tensor<float, 1> gates(Index tokens) {
    const auto open = Tensor<float, 1>::full({tokens}, 1.0F);
    open.slice(0, tokens / 2, tokens / 2 + tokens / 12).fill(0.0F);
    return open;
}

struct Attended {
    Tokens y;
    Tokens rows;

    explicit Attended(Index tokens)
        : y(Tokens::zeros({1, channels, tokens})), rows(Tokens::zeros({3, 1, tokens})) {}
};

void forward(benchmark::State& state, Index tokens) {
    const Operands x(tokens);
    const auto gate = gates(tokens);
    const Attended to(tokens);
    for ([[maybe_unused]] const auto _ : state) {
        cpu::attention(rule, x.views(), gate.data(), to.y.view(), to.rows.view());
    }
}

void gradients(benchmark::State& state, Index tokens) {
    const Operands x(tokens);
    const auto gate = gates(tokens);
    const Attended to(tokens);
    cpu::attention(rule, x.views(), gate.data(), to.y.view(), to.rows.view());
    const Operands upstream(tokens);
    const Operands written(tokens);
    for ([[maybe_unused]] const auto _ : state) {
        cpu::attention_gradients(rule, x.views(), gate.data(), to.y.view(), to.rows.view(),
                                 upstream.v.view(), written.views());
    }
}

[[maybe_unused]] const bool registered = [] {
    for (const Index tokens : {1024, 4096}) {
        const double product = 2.0 * channels * static_cast<double>(tokens) *
                               static_cast<double>(tokens - tokens / 12);
        const auto add = [&](const char* direction, double products, auto run) {
            bench::register_for_each_set(std::string(direction) + "/" + std::to_string(tokens),
                                         products * product,
                                         [=](benchmark::State& state) { run(state, tokens); });
        };
        add("forward", 2, forward);
        add("gradients", 7, gradients);
    }
    return true;
}();

}  // namespace
