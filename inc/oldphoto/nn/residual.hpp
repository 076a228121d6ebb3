#pragma once

#include <oldphoto/nn/activation.hpp>
#include <oldphoto/nn/conv2d.hpp>
#include <oldphoto/nn/norm.hpp>
#include <oldphoto/nn/pad.hpp>
#include <oldphoto/nn/sequential.hpp>

namespace oldphoto {

struct ResidualBlockOptions {
    Index channels;
    Index dilation = 1;  ///< of the first convolution
    NormKind norm = NormKind::instance;
};

/// y = x + f(x), f = pad, conv 3x3, norm, relu, pad, conv 3x3, norm; padding by reflection, nothing
/// after the sum. States: "conv_block.1.weight", "conv_block.5.weight", ...
template <class T = float, class B = Cpu>
class ResidualBlock {
public:
    ResidualBlock(const ResidualBlockOptions& o, const Init& init)
        : conv_block_{
              Pad2d{o.dilation, PaddingMode::reflect},
              Conv2d<T, B>({.in_channels = o.channels,
                            .out_channels = o.channels,
                            .kernel = 3,
                            .dilation = o.dilation},
                           init),
              make_norm<T, B>(o.norm, o.channels),
              Relu{},
              Pad2d{1, PaddingMode::reflect},
              Conv2d<T, B>({.in_channels = o.channels, .out_channels = o.channels, .kernel = 3},
                           init),
              make_norm<T, B>(o.norm, o.channels)} {}

    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        // x is read twice, so what is pending on it is better applied once, before the first.
        static_cast<void>(x.value());
        return conv_block_(x) + x;
    }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit_child("conv_block", conv_block_, visit);
    }
    void set_training(bool training) { conv_block_.set_training(training); }

private:
    Sequential<T, B> conv_block_;
};

}  // namespace oldphoto
