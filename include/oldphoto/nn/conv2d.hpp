#pragma once

#include <oldphoto/nn/init.hpp>
#include <oldphoto/nn/layer.hpp>
#include <oldphoto/ops/conv2d.hpp>
#include <oldphoto/ops/conv_transpose2d.hpp>

namespace oldphoto {

struct Conv2dLayerOptions {
    Index in_channels;
    Index out_channels;
    Pair kernel;
    Pair stride = 1;
    Pair padding = 0;
    Pair dilation = 1;
    Index groups = 1;
    bool bias = true;
};

/// (N, C, H, W) -> (N, O, oh, ow); weight (O, C / groups, kh, kw), bias (O).
template <class T = float, class B = Cpu>
class Conv2d {
public:
    Conv2d(const Conv2dLayerOptions& o, const Init& init)
        : options_{o.stride, o.padding, o.dilation, o.groups} {
        const Index taps = o.kernel.h * o.kernel.w;
        const Index fan_in = o.in_channels / o.groups * taps;
        const Shape<4> shape{o.out_channels, o.in_channels / o.groups, o.kernel.h, o.kernel.w};
        weight_ = Variable<T, 4, B>(
            init.weight<T, 4, B>(shape, fan_in, o.out_channels / o.groups * taps), true);
        bias_ = Variable<T, 1, B>(init.bias<T, B>(o.bias ? o.out_channels : 0, fan_in), true);
    }

    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        return conv2d(x, weight_, bias_, options_);
    }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit("weight", weight_);
        if (bias_.size() != 0) visit("bias", bias_);
    }

private:
    Conv2dOptions options_;
    Variable<T, 4, B> weight_;
    Variable<T, 1, B> bias_;
};

struct ConvTranspose2dLayerOptions {
    Index in_channels;
    Index out_channels;
    Pair kernel;
    Pair stride = 1;
    Pair padding = 0;
    Pair output_padding = 0;
    Pair dilation = 1;
    Index groups = 1;
    bool bias = true;
};

/// (N, C, H, W) -> (N, O, oh, ow); weight (C, O / groups, kh, kw), bias (O).
template <class T = float, class B = Cpu>
class ConvTranspose2d {
public:
    ConvTranspose2d(const ConvTranspose2dLayerOptions& o, const Init& init)
        : options_{o.stride, o.padding, o.output_padding, o.dilation, o.groups} {
        const Index taps = o.kernel.h * o.kernel.w;
        // The fans that PyTorch reads off a weight in this layout.
        const Index fan_in = o.out_channels / o.groups * taps;
        const Shape<4> shape{o.in_channels, o.out_channels / o.groups, o.kernel.h, o.kernel.w};
        weight_ = Variable<T, 4, B>(init.weight<T, 4, B>(shape, fan_in, o.in_channels * taps), true);
        bias_ = Variable<T, 1, B>(init.bias<T, B>(o.bias ? o.out_channels : 0, fan_in), true);
    }

    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        return conv_transpose2d(x, weight_, bias_, options_);
    }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit("weight", weight_);
        if (bias_.size() != 0) visit("bias", bias_);
    }

private:
    ConvTranspose2dOptions options_;
    Variable<T, 4, B> weight_;
    Variable<T, 1, B> bias_;
};

}  // namespace oldphoto
