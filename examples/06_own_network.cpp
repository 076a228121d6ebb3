// Trains a small network of one's own layers on a loss of one's own, with the library's trainer: a
// residual denoiser that shall get the edges right, not the levels alone.
//
// Prints:
//     untrained, it returns the picture as it is: noise of 20 levels
//     trained: less than half of the noise is left

#include <oldphoto/losses/mse.hpp>
#include <oldphoto/nn/activation.hpp>
#include <oldphoto/nn/conv2d.hpp>
#include <oldphoto/nn/sequential.hpp>
#include <oldphoto/ops/shape.hpp>
#include <oldphoto/train/trainer.hpp>

#include <cmath>
#include <cstdio>

using namespace oldphoto;

namespace {

/// y = x * gate, one gate a channel: any type with operator() and visit_parameters() is a layer.
class Gate {
public:
    explicit Gate(Index channels)
        : gate_(Tensor<float, 4>::full({1, channels, 1, 1}, 0.1F), true) {}
    Variable<float, 4> operator()(const Variable<float, 4>& x) const { return x * gate_; }
    void visit_parameters(const ParameterVisitor<float>& visit) const { visit("gate", gate_); }

private:
    Variable<float, 4> gate_;
};

/// What a Trainer asks for: who learns, and what is to be minimised.
class DenoiserStage {
public:
    explicit DenoiserStage(Rng& rng) {
        const auto conv = [&](Index from, Index to) {
            return Conv2d<>({.in_channels = from, .out_channels = to, .kernel = 3, .padding = 1},
                            rng);
        };
        noise_ = {conv(3, 12), Relu{}, conv(12, 12), Relu{}, conv(12, 3), Gate(3)};
    }

    [[nodiscard]] Variable<float, 4> denoised(const Variable<float, 4>& x) const {
        return x - noise_(x);
    }
    [[nodiscard]] std::vector<Player<float>> players() const {
        return {{parameters_of<float>(noise_)}};
    }
    [[nodiscard]] std::vector<Objective<float>> objectives(const Batch<>& batch, Rng&) const {
        const Variable<float, 4> y = denoised(Variable<float, 4>(batch.input));
        const Variable<float, 4> clean(batch.target);
        const auto right_of = [](const auto& v) { return slice(v, 3, 1, v.dim(3)); };
        const auto left_of = [](const auto& v) { return slice(v, 3, 0, v.dim(3) - 1); };
        Objective<float> objective;
        objective.add("levels", 1, mse_loss(y, clean));
        objective.add("edges", 0.5,
                      mse_loss(right_of(y) - left_of(y), right_of(clean) - left_of(clean)));
        return {objective};
    }
    void visit_parameters(const ParameterVisitor<float>& visit) const {
        noise_.visit_parameters(visit);
    }
    void set_training(bool) {}

private:
    Sequential<> noise_;
};

/// Stripes of random colours, and the same with noise.
Batch<> stripes(Rng& rng) {
    auto clean = Tensor<float, 4>::zeros({4, 3, 24, 24});
    for (Index n = 0; n < 4; ++n) {
        for (Index c = 0; c < 3; ++c) {
            for (Index x = 0; x < 24; x += 6) {
                clean.slice(0, n, n + 1)
                    .slice(1, c, c + 1)
                    .slice(3, x, x + 6)
                    .fill(static_cast<float>(rng.uniform(-0.8, 0.8)));
            }
        }
    }
    const float deviation = 20 / 127.5F;
    return {clean + normal<float, 4>(clean.shape(), rng, 0.0F, deviation), clean, {}};
}

/// In levels of 255.
double error_of(const DenoiserStage& stage, const Batch<>& batch) {
    const auto y = stage.denoised(Variable<float, 4>(batch.input)).value();
    return 127.5 * std::sqrt(mean(square(y - batch.target)));
}

}  // namespace

int main() {
    Rng rng(1);
    Trainer trainer(DenoiserStage(rng),
                    {.adam = {.learning_rate = 5e-3, .beta1 = 0.9}, .constant_steps = 400});
    Rng unseen(2);
    const Batch<> test = stripes(unseen);
    std::printf("untrained, it returns the picture as it is: noise of %.0f levels\n",
                error_of(trainer.stage(), test));
    while (trainer.steps_done() < 400) trainer.step(stripes(rng));
    std::printf("trained: %s than half of the noise is left\n",
                error_of(trainer.stage(), test) < 10 ? "less" : "more");
}
