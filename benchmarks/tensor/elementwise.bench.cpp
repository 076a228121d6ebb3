#include <oldphoto/core/parallel.hpp>
#include <oldphoto/tensor/random.hpp>

#include <Eigen/Core>

#include "../support/compare.hpp"
#include <cmath>

// What it saves to run y = tanh(x * g + b), with g and b for each channel, as one loop over packs.
// All on one thread.

using namespace oldphoto;

namespace {

constexpr Index batch = 4;
constexpr Index channels = 64;
constexpr Index pixels = 128 * 128;
constexpr Index planes = batch * channels;

struct Operands {
    Tensor<float, 4> x;
    Tensor<float, 4> g;
    Tensor<float, 4> b;
    Tensor<float, 4> y;       // of oldphoto
    Tensor<float, 4> y_peer;  // of the peer

    static Operands make() {
        Rng rng(1);
        const Shape<4> shape{batch, channels, 128, 128};
        return {normal<float, 4>(shape, rng), normal<float, 4>({1, channels, 1, 1}, rng, 1, 0.1F),
                normal<float, 4>({1, channels, 1, 1}, rng, 0, 0.1F), Tensor<float, 4>::zeros(shape),
                Tensor<float, 4>::zeros(shape)};
    }
};

/// Eigen's columns are our planes.
using Planes = Eigen::Map<Eigen::ArrayXXf>;
using PerPlane = Eigen::Array<float, 1, Eigen::Dynamic>;

Planes as_planes(const Tensor<float, 4>& x) {
    return {x.data(), pixels, planes};
}
PerPlane for_each_plane(const Tensor<float, 4>& per_channel) {
    return Eigen::Map<const PerPlane>(per_channel.data(), channels).replicate(1, batch);
}

/// @param peer  called with Operands; writes y_peer.
template <class Peer>
void against(benchmark::State& state, Peer peer) {
    set_thread_count(1);
    const auto on = Operands::make();
    const auto ours = [&] { on.y.assign(tanh(on.x * on.g + on.b)); };
    ours();
    peer(on);
    if ((as_planes(on.y) - as_planes(on.y_peer)).abs().maxCoeff() > 1e-5F) {
        state.SkipWithError("the peer computes something else");
        return;
    }
    bench::compare(state, ours, [&] { peer(on); });
}

void scalar_loop(benchmark::State& state) {
    against(state, [](const Operands& on) {
        const float* x = on.x.data();
        float* y = on.y_peer.data();
        for (Index plane = 0; plane < planes; ++plane) {
            const float g = on.g[plane % channels];
            const float b = on.b[plane % channels];
            for (Index i = plane * pixels; i < (plane + 1) * pixels; ++i) {
                y[i] = std::tanh(x[i] * g + b);
            }
        }
    });
}

/// As a library computes that has no expressions: each operation returns a new array.
void eager_eigen(benchmark::State& state) {
    against(state, [](const Operands& on) {
        const PerPlane g = for_each_plane(on.g);
        const PerPlane b = for_each_plane(on.b);
        const Eigen::ArrayXXf scaled = as_planes(on.x).rowwise() * g;
        const Eigen::ArrayXXf shifted = scaled.rowwise() + b;
        as_planes(on.y_peer) = shifted.tanh();
    });
}

/// As one would write it by hand: one fused expression of Eigen for each plane.
void fused_eigen(benchmark::State& state) {
    against(state, [](const Operands& on) {
        const auto x = as_planes(on.x);
        auto y = as_planes(on.y_peer);
        for (Index plane = 0; plane < planes; ++plane) {
            y.col(plane) = (x.col(plane) * on.g[plane % channels] + on.b[plane % channels]).tanh();
        }
    });
}

BENCHMARK(scalar_loop)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(eager_eigen)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(fused_eigen)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
