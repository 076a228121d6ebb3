#include <oldphoto/backend/naive.hpp>
#include <oldphoto/restore.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

// One of the units of a program, each built with flags of its own: OLDPHOTO_UNIT is its name. It
// computes through the kernels of its own flags and says how far it is from plain loops in double
// precision.

namespace {

using namespace oldphoto;

/// 1000 values, so that whole blocks and a remainder are computed.
double error_of_expression() {
    std::vector<float> values;
    double expected = 0;
    for (int i = 0; i < 1000; ++i) {
        values.push_back(0.002F * static_cast<float>(i) - 1.0F);
        expected += std::tanh(2.0 * (0.002 * i - 1.0) + 0.5);
    }
    const auto x = Tensor<float, 1>::from_values({1000}, values);
    return std::abs(static_cast<double>(sum(tanh(x * 2.0F + 0.5F))) - expected) / 1000;
}

/// Windows of 3 x 3 or of another size, whole tiles and parts of them. Outputs are about 1 in size.
double error_of_convolution(Index kernel) {
    Rng rng(1);
    const ConvGeometry g{kernel, 1, 1, 1, 1};
    const auto x = normal<float, 4>({1, 17, 21, 35}, rng);
    const auto w = normal<float, 4>({13, 17, kernel, kernel}, rng, 0.0F, 0.08F);
    const Pair size = g.output_size({21, 35});
    const auto expected = Tensor<float, 4>::zeros({1, 13, size.h, size.w});
    const float* no_bias = nullptr;
    naive::conv2d(g, x.view(), w.view(), no_bias, expected.view());
    const auto y = Tensor<float, 4>::full(expected.shape(), 1e9F);
    const TensorRows<float> rows(x.view());
    Cpu::conv2d(g, RowSource<float>(rows), w.view(), no_bias, y.view(), nullptr);
    double worst = 0;
    for (Index k = 0; k < y.size(); ++k) {
        const double error = std::abs(double(y[k]) - double(expected[k]));
        worst = error <= worst ? worst : error;  // a NaN counts
    }
    return worst;
}

}  // namespace

double OLDPHOTO_UNIT();
double OLDPHOTO_UNIT() {
    double worst = 0;
    for (int set = 0; set <= static_cast<int>(best_instruction_set()); ++set) {
        set_instruction_set(static_cast<InstructionSet>(set));
        for (const Numerics numerics : {Numerics::accurate, Numerics::fast}) {
            const NumericsScope scope(numerics);
            for (const double error :
                 {error_of_expression(), error_of_convolution(3), error_of_convolution(4)}) {
                worst = error <= worst ? worst : error;
            }
        }
    }
    return worst;
}
