#include <oldphoto/backend/cpu/conv.hpp>
#include <oldphoto/tensor/random.hpp>

#include "../support/instruction_sets.hpp"
#include <string>

// The convolutions of the published networks on one thread:
//
//     WAY/DIRECTION/CHANNELSxOUTPUTS_WINDOW_at_SIDE/SET
//
// by columns and by Winograd's transforms with tiles of 2 and of 4; forward, and the gradients of
// the input and of the weights. The gradient of the input of a window of 4 x 4, two pixels apart,
// is also the transposed convolution of the decoder. Operations are those of the plain sum,
// whatever a way does.

using namespace oldphoto;

namespace {

using Picture = Tensor<float, 4>;

struct Layer {
    Index channels;
    Index outputs;
    Index side;  ///< of the square picture that comes in
    ConvGeometry g;

    [[nodiscard]] Pair output_size() const { return g.output_size({side, side}); }
    [[nodiscard]] double operations() const {
        const Pair out = output_size();
        return 2.0 *
               static_cast<double>(outputs * out.h * out.w * channels * g.kernel.h * g.kernel.w);
    }
    [[nodiscard]] std::string name() const {
        return std::to_string(channels) + "x" + std::to_string(outputs) + "_" +
               std::to_string(g.kernel.h) + "x" + std::to_string(g.kernel.w) +
               (g.stride.h == 1 ? "" : "s" + std::to_string(g.stride.h)) + "_at_" +
               std::to_string(side);
    }
};

constexpr ConvGeometry window_3{3, 1, 1, 1, 1};

/// Ways are compared where there are several.
constexpr Layer windows_of_3[]{
    {64, 64, 256, window_3},  {64, 64, 128, window_3},    {64, 64, 64, window_3},
    {64, 128, 64, window_3},  {128, 256, 64, window_3},   {256, 512, 64, window_3},
    {512, 512, 64, window_3}, {512, 256, 64, window_3},   {256, 128, 64, window_3},
    {128, 64, 64, window_3},  {1024, 1024, 16, window_3},
};
constexpr Layer other_windows[]{
    {64, 64, 256, {4, 2, 1, 1, 1}}, {64, 64, 128, {4, 2, 1, 1, 1}},  {3, 64, 262, {7, 1, 0, 1, 1}},
    {64, 3, 262, {7, 1, 0, 1, 1}},  {512, 512, 64, {1, 1, 0, 1, 1}},
};

struct Operands {
    Picture x;
    Picture w;
    Picture y;

    explicit Operands(const Layer& layer) {
        Rng rng(1);
        const Pair out = layer.output_size();
        x = normal<float, 4>({1, layer.channels, layer.side, layer.side}, rng);
        w = normal<float, 4>({layer.outputs, layer.channels, layer.g.kernel.h, layer.g.kernel.w},
                             rng);
        y = normal<float, 4>({1, layer.outputs, out.h, out.w}, rng);
    }
};

/// The three directions of a layer.
template <class Forward, class Data, class Weights>
void register_way(const std::string& way, const Layer& layer, Forward forward, Data data,
                  Weights weights) {
    const auto add = [&](const char* direction, auto run) {
        bench::register_for_each_set(way + "/" + direction + "/" + layer.name(), layer.operations(),
                                     [=](benchmark::State& state) {
                                         const Operands operands(layer);
                                         const TensorRows<float> x(operands.x.view());
                                         const TensorRows<float> y(operands.y.view());
                                         for ([[maybe_unused]] const auto _ : state) {
                                             run(layer.g, operands, RowSource<float>(x),
                                                 RowSource<float>(y));
                                         }
                                     });
    };
    add("forward", [=](const ConvGeometry& g, const Operands& o, const RowSource<float>& x,
                       const RowSource<float>& /*y*/) {
        forward(g, x, o.w.view(), nullptr, o.y.view(), nullptr);
    });
    add("input_gradient",
        [=](const ConvGeometry& g, const Operands& o, const RowSource<float>& /*x*/,
            const RowSource<float>& y) { data(g, y, o.w.view(), nullptr, o.x.view(), nullptr); });
    add("weight_gradient", [=](const ConvGeometry& g, const Operands& o, const RowSource<float>& x,
                               const RowSource<float>& y) { weights(g, x, y, o.w.view()); });
}

void register_columns(const Layer& layer) {
    register_way("columns", layer, cpu::columns_conv2d<float>, cpu::columns_conv2d_data<float>,
                 cpu::columns_conv2d_weights<float>);
}

/// What conv2d() chooses for a window of 3 x 3.
void register_winograd(const char* way, const Layer& layer, Numerics numerics) {
    const auto within = [=](auto run) {
        return [=](const auto&... operands) {
            const NumericsScope scope(numerics);
            run(operands...);
        };
    };
    register_way(way, layer, within(cpu::conv2d<float>), within(cpu::conv2d_data<float>),
                 within(cpu::conv2d_weights<float>));
}

[[maybe_unused]] const bool registered = [] {
    for (const Layer& layer : windows_of_3) {
        register_winograd("winograd_4", layer, Numerics::fast);
        register_winograd("winograd_2", layer, Numerics::accurate);
        register_columns(layer);
    }
    for (const Layer& layer : other_windows) register_columns(layer);
    return true;
}();

}  // namespace
