#include <oldphoto/ops/conv2d.hpp>
#include <oldphoto/ops/reduce.hpp>
#include <oldphoto/pipeline/restorer.hpp>
#include <oldphoto/tensor/random.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <string>

// program MODEL: restores a small picture, differentiates a convolution of it, and prints the
// instruction set and all numbers that come out, one a line.

namespace {

using namespace oldphoto;
using Picture = Tensor<float, 4>;

Picture picture() {
    const auto x = Picture::uninitialized({1, 3, 45, 58});
    for (Index k = 0; k < x.size(); ++k) {
        x[k] = static_cast<float>(std::sin(0.37 * static_cast<double>(k)));
    }
    return x;
}

void print(const Picture& x) {
    for (Index k = 0; k < x.size(); ++k) std::printf("%.8f\n", static_cast<double>(x[k]));
}

/// The gradients of mean(conv(x, w)^2), made about 1 in size.
void differentiate() {
    Rng rng(1);
    const Variable<float, 4> x(normal<float, 4>({1, 8, 30, 29}, rng), true);
    const Variable<float, 4> w(normal<float, 4>({9, 8, 3, 3}, rng), true);
    const Variable<float, 1> none(Tensor<float, 1>::zeros({0}));
    Program program;
    Variable<float, 0> loss;
    {
        const auto recording = program.record();
        const auto y = conv2d(x, w, none, {.padding = 1});
        loss = sum(y * y) * 0.0001F;
    }
    program.backward(loss, ParameterList<float>{x, w});
    print(x.gradient());
    print(w.gradient());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: program MODEL\n", stderr);
        return 1;
    }
    try {
        std::printf("%s\n", std::string(to_string(instruction_set())).c_str());
        print(load_translation(argv[1])(picture()));
        differentiate();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "program: %s\n", error.what());
        return 1;
    }
}
