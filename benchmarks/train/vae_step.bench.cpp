// A training step of the published stage-1 VAE on one thread: 4 pictures of 128 x 128, L1
// reconstruction and KL, forward, backward and Adam.
#include <oldphoto/train/trainer.hpp>
#include <oldphoto/train/vae_stage.hpp>

#include <benchmark/benchmark.h>

namespace {

using namespace oldphoto;

void vae_step(benchmark::State& state) {
    const int threads = thread_count();
    set_thread_count(1);
    Rng rng(1);
    const Vae<> vae({}, Init(rng, InitKind::normal));
    Trainer trainer(VaeStage<>(vae, {.checkpoint_every = static_cast<std::size_t>(state.range(0))}),
                    {});
    const auto x = uniform<float, 4>({4, 3, 128, 128}, rng, -1.0F, 1.0F);
    const Batch<> batch{x, x, {}};
    for (auto _ : state) trainer.step(batch);
    set_thread_count(threads);
}

}  // namespace

BENCHMARK(vae_step)->ArgName("checkpoint_every")->Arg(0)->Arg(4)->Unit(benchmark::kMillisecond);
