// Fits a line to noisy points: a loss recorded, its gradients, and an optimiser's steps.
//
// Prints:
//     the points lie about y = 2 x + 1
//     fitted: y = 2.0 x + 1.0
//     mean squared error: 0.01

#include <oldphoto/losses/mse.hpp>
#include <oldphoto/optim/adam.hpp>
#include <oldphoto/tensor/random.hpp>

#include <cstdio>

using namespace oldphoto;

int main() {
    Rng rng(1);
    const auto x = uniform<double, 1>({1000}, rng, -1.0, 1.0);
    const Tensor<double, 1> y = 2 * x + 1 + normal<double, 1>({1000}, rng, 0.0, 0.1);

    const Variable<double, 1> slope(Tensor<double, 1>::zeros({1}), true);
    const Variable<double, 1> offset(Tensor<double, 1>::zeros({1}), true);
    Adam<double> adam({slope, offset}, {.learning_rate = 0.05});

    double error = 0;
    for (int step = 0; step < 300; ++step) {
        Program program;
        Variable<double, 0> loss;
        {
            const auto recording = program.record();
            loss = mse_loss(slope * x + offset, y);
        }
        program.backward(loss, adam.parameters());
        adam.step();
        error = loss.item();
    }
    std::printf("the points lie about y = 2 x + 1\n");
    std::printf("fitted: y = %.1f x + %.1f\n", slope.value()[0], offset.value()[0]);
    std::printf("mean squared error: %.2f\n", error);
}
