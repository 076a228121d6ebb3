#include <cstdio>
#include <torch/torch.h>
#include <utility>

// A small VAE of the same kinds of layers, trained for ten steps.

namespace F = torch::nn::functional;

struct ResidualImpl : torch::nn::Module {
    explicit ResidualImpl(int channels)
        : first(register_module("first", conv(channels))),
          second(register_module("second", conv(channels))) {}

    static torch::nn::Conv2d conv(int channels) {
        return torch::nn::Conv2d(torch::nn::Conv2dOptions(channels, channels, 3));
    }
    static torch::Tensor padded(const torch::Tensor& x) {
        return F::pad(x, F::PadFuncOptions({1, 1, 1, 1}).mode(torch::kReflect));
    }
    torch::Tensor forward(const torch::Tensor& x) {
        const auto h = torch::relu(F::instance_norm(first(padded(x))));
        return x + F::instance_norm(second(padded(h)));
    }

    torch::nn::Conv2d first;
    torch::nn::Conv2d second;
};
TORCH_MODULE(Residual);

struct VaeImpl : torch::nn::Module {
    VaeImpl() {
        using namespace torch::nn;
        encoder = register_module(
            "encoder", Sequential(ReflectionPad2d(3), Conv2d(Conv2dOptions(3, 64, 7)),
                                  InstanceNorm2d(64), ReLU(),
                                  Conv2d(Conv2dOptions(64, 64, 4).stride(2).padding(1)),
                                  InstanceNorm2d(64), ReLU(), Residual(64), Residual(64)));
        decoder = register_module(
            "decoder",
            Sequential(Residual(64),
                       ConvTranspose2d(ConvTranspose2dOptions(64, 64, 4).stride(2).padding(1)),
                       InstanceNorm2d(64), ReLU(), ReflectionPad2d(3),
                       Conv2d(Conv2dOptions(64, 3, 7)), Tanh()));
    }
    std::pair<torch::Tensor, torch::Tensor> forward(const torch::Tensor& x) {
        const auto h = encoder->forward(x);
        return {decoder->forward(h + torch::randn_like(h)), h};
    }

    torch::nn::Sequential encoder;
    torch::nn::Sequential decoder;
};
TORCH_MODULE(Vae);

int main() {
    Vae vae;
    torch::optim::Adam adam(vae->parameters(), torch::optim::AdamOptions(2e-4));
    for (int step = 0; step < 10; ++step) {
        const auto x = torch::rand({4, 3, 128, 128});
        const auto [y, h] = vae->forward(x);
        const auto loss = torch::l1_loss(y, x) + h.square().mean();
        adam.zero_grad();
        loss.backward();
        adam.step();
        std::printf("%f\n", loss.item<float>());
    }
}
