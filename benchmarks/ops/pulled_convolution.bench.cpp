#include <oldphoto/core/parallel.hpp>
#include <oldphoto/ops/conv2d.hpp>
#include <oldphoto/ops/norm.hpp>
#include <oldphoto/ops/pad.hpp>
#include <oldphoto/ops/reduce.hpp>
#include <oldphoto/tensor/random.hpp>

#include "../support/compare.hpp"

// What it saves that a convolution pulls conv3x3(pad(relu(instance_norm(conv3x3(pad(x)))))) through
// a RowSource, with the moments from the first one's epilogue, instead of writing the result of
// every step to memory. 64 channels, 128 x 128 pixels, one thread.

using namespace oldphoto;

namespace {

using Picture = Variable<float, 4>;
using Numbers = Variable<float, 1>;

struct Layers {
    Picture x;
    Picture w1;
    Picture w2;
    Numbers none{Tensor<float, 1>::zeros({0})};
    Padding border{1, 1, 1, 1, PaddingMode::reflect};

    static Layers make() {
        Rng rng(1);
        const auto variable = [&](const Shape<4>& shape, float deviation) {
            return Picture(normal<float, 4>(shape, rng, 0, deviation), true);
        };
        return {variable({1, 64, 128, 128}, 1), variable({64, 64, 3, 3}, 0.06F),
                variable({64, 64, 3, 3}, 0.06F)};
    }
};

/// @param finish  called with the result of every step but the last.
template <class Finish>
[[nodiscard]] Picture run(const Layers& net, Finish finish) {
    const Picture padded_x = finish(pad(net.x, net.border));
    const Picture raw = finish(conv2d(padded_x, net.w1, net.none));
    const Picture normed = finish(instance_norm(raw, net.none, net.none));
    const Picture active = finish(relu(normed));
    const Picture padded = finish(pad(active, net.border));
    return conv2d(padded, net.w2, net.none);
}

Picture pulled(const Picture& step) {
    return step;
}
Picture materialised(const Picture& step) {
    static_cast<void>(step.value());
    return step;
}
/// Forgets the moments that a convolution has gathered, so that the norm reads its input again.
Picture without_moments(const Picture& step) {
    return step.deferred().plain() ? Picture(step.value()) : step;
}

void differentiate(const Layers& net, Picture (*finish)(const Picture&)) {
    Program program;
    Variable<float, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(run(net, finish));
    }
    program.backward(loss, ParameterList<float>{net.x, net.w1, net.w2});
}

void forward_against_materialised(benchmark::State& state) {
    set_thread_count(1);
    const auto net = Layers::make();
    bench::compare(
        state, [&] { benchmark::DoNotOptimize(run(net, pulled).value().data()); },
        [&] { benchmark::DoNotOptimize(run(net, materialised).value().data()); });
}

void forward_against_separate_moments(benchmark::State& state) {
    set_thread_count(1);
    const auto net = Layers::make();
    bench::compare(
        state, [&] { benchmark::DoNotOptimize(run(net, pulled).value().data()); },
        [&] { benchmark::DoNotOptimize(run(net, without_moments).value().data()); });
}

/// Forward and backward, for the input and both weights.
void training_against_materialised(benchmark::State& state) {
    set_thread_count(1);
    const auto net = Layers::make();
    bench::compare(
        state, [&] { differentiate(net, pulled); }, [&] { differentiate(net, materialised); });
}

BENCHMARK(forward_against_materialised)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(forward_against_separate_moments)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(training_against_materialised)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
