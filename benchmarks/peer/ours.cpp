// ours CASE SIZE THREADS RUNS [low-memory]: the best time of a run in seconds, and the peak memory
// in MB. The cases and what they compute are those of peer.py. Networks that restore keep their
// transformed weights from run to run, unless memory is to be low.
#include <oldphoto/core/numerics.hpp>
#include <oldphoto/core/parallel.hpp>
#include <oldphoto/pipeline/official_networks.hpp>
#include <oldphoto/train/mapping_stage.hpp>
#include <oldphoto/train/trainer.hpp>
#include <oldphoto/train/vae_stage.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <sys/resource.h>

namespace {

using namespace oldphoto;
using Run = std::function<void()>;

Rng& numbers() {
    static Rng rng(1);
    return rng;
}

Init initial() {
    return {numbers(), InitKind::he_normal};
}

Tensor<float, 4> picture(Index count, Index channels, Index size) {
    return uniform<float, 4>({count, channels, size, size}, numbers(), -1.0F, 1.0F);
}

/// A bar of a sixteenth of the width.
Tensor<float, 4> holes(Index size) {
    const auto mask = Tensor<float, 4>::zeros({1, 1, size, size});
    mask.slice(3, size / 2, size / 2 + size / 16).fill(1);
    return mask;
}

Run quality(Index size) {
    return [networks = official_quality(initial()), x = picture(1, 3, size)] {
        static_cast<void>(networks(x));
    };
}

template <class Networks>
Run filling(const Networks& networks, Index size) {
    return [networks, x = picture(1, 3, size), mask = holes(size)] {
        static_cast<void>(networks(x, mask));
    };
}

Run detecting(Index size) {
    return [detector = official_detector(initial()), x = picture(1, 1, size)] {
        const auto recording = Program::pause();
        static_cast<void>(detector(Variable<float, 4>(x)).value());
    };
}

/// A step of Adam.
template <class Stage>
Run stepping(const Stage& stage, const Batch<>& batch) {
    auto trainer = std::make_shared<Trainer<Stage>>(stage, TrainerOptions{});
    return [trainer, batch] { trainer->step(batch); };
}

Run vae_step(Index size) {
    const auto x = picture(4, 3, size);
    return stepping(VaeStage<>(Vae<>({}, initial()), {}), {x, x, {}});
}

Run mapping_step(Index size) {
    const MappingStage<> stage(Vae<>({}, initial(), VaePart::encoder), Mapping<>({}, initial()),
                               Vae<>({}, initial()), {});
    return stepping(stage, {picture(1, 3, size), picture(1, 3, size), {}});
}

Variable<float, 4> windows(Index outputs, Index channels, Index side) {
    return Variable<float, 4>(
        uniform<float, 4>({outputs, channels, side, side}, numbers(), -1.0F, 1.0F));
}

/// One kernel: "conv2d_CHANNELSxOUTPUTS_SIDE_STRIDE" with windows of SIDE x SIDE and half as much
/// padding, "conv_transpose2d_..." likewise, "attention_CHANNELS" with size x size tokens.
Run kernel(const std::string& name, Index size) {
    Index channels = 0;
    Index outputs = 0;
    Index side = 0;
    Index stride = 0;
    const auto is = [&](const char* form, int count) {
        return std::sscanf(name.c_str(), form, &channels, &outputs, &side, &stride) == count;
    };
    const Variable<float, 1> no_bias(Tensor<float, 1>::zeros({0}));
    if (is("conv2d_%tdx%td_%td_%td", 4)) {
        return [x = Variable<float, 4>(picture(1, channels, size)), no_bias,
                w = windows(outputs, channels, side), o = Conv2dOptions{stride, (side - 1) / 2}] {
            static_cast<void>(conv2d(x, w, no_bias, o).value());
        };
    }
    if (is("conv_transpose2d_%tdx%td_%td_%td", 4)) {
        return [x = Variable<float, 4>(picture(1, channels, size)), no_bias,
                w = windows(channels, outputs, side),
                o = ConvTranspose2dOptions{stride, (side - 1) / 2}] {
            static_cast<void>(conv_transpose2d(x, w, no_bias, o).value());
        };
    }
    if (is("attention_%td", 1)) {
        const auto tokens = [&] {
            return Variable<float, 3>(
                uniform<float, 3>({1, channels, size * size}, numbers(), -1.0F, 1.0F));
        };
        return [q = tokens(), k = tokens(), v = tokens()] {
            static_cast<void>(attention(q, k, v).value());
        };
    }
    return {};
}

Run within(Numerics numerics, const Run& run) {
    return [numerics, run] {
        const NumericsScope scope(numerics);
        run();
    };
}

/// @return  nothing for an unknown case.
Run run_of(const std::string& name, Index size) {
    if (name == "quality") return quality(size);
    if (name == "quality_bf16") return within(Numerics::bf16, quality(size));
    if (name == "quality_bf16x3") return within(Numerics::bf16x3, quality(size));
    if (name == "scratch") return filling(official_scratch(initial()), size);
    if (name == "high_resolution") return filling(official_high_resolution(initial()), size);
    if (name == "detector") return detecting(size);
    if (name == "vae_step") return vae_step(size);
    if (name == "mapping_step") return mapping_step(size);
    return kernel(name, size);
}

}  // namespace

int main(int argc, char** argv) {
    const bool low_memory = argc == 6 && std::string(argv[5]) == "low-memory";
    const Run run = argc == 5 || low_memory ? run_of(argv[1], std::atoi(argv[2])) : Run();
    if (!run) {
        std::fputs("usage: ours CASE SIZE THREADS RUNS [low-memory]\n", stderr);
        return EXIT_FAILURE;
    }
    set_thread_count(std::atoi(argv[3]));
    WeightCache cache;
    std::optional<WeightCache::Use> use;
    if (!low_memory && std::string(argv[1]).find("step") == std::string::npos) use.emplace(cache);
    run();
    double best = std::numeric_limits<double>::infinity();
    for (int k = 0; k < std::atoi(argv[4]); ++k) {
        const auto start = std::chrono::steady_clock::now();
        run();
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
        best = std::min(best, time.count());
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    std::printf("%.4f %.0f\n", best, static_cast<double>(usage.ru_maxrss) / 1024.0);
    return EXIT_SUCCESS;
}
