#pragma once

#include <oldphoto/nn/weight_and_bias.hpp>
#include <oldphoto/ops/conv2d.hpp>
#include <oldphoto/ops/conv_transpose2d.hpp>

#include <cstddef>
#include <string>

namespace oldphoto {

struct Conv2dLayerOptions {
    Index in_channels;
    Index out_channels;
    Pair kernel;
    Pair stride = 1;
    Pair padding = 0;  ///< zeros on each side; for other borders see Pad2d
    Pair dilation = 1;
    Index groups = 1;
    bool bias = true;
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

namespace detail {

/// @throws OptionError unless the windows are possible and there are channels on both sides that
///         fall into equal groups.
inline void check_conv_layer(const char* name, const ConvGeometry& geometry, Index in_channels,
                             Index out_channels) {
    geometry.check(name);
    const Index groups = geometry.groups;
    if (in_channels < 1 || out_channels < 1 || in_channels % groups != 0 ||
        out_channels % groups != 0) {
        throw_option_error(
            name, joined({"channels must be positive multiples of groups, got ", in_channels,
                          " -> ", out_channels, " in ", groups, " groups"}));
    }
}

}  // namespace detail

/// (N, C, H, W) -> (N, O, oh, ow); weight (O, C / groups, kh, kw), bias (O). See conv2d().
template <class T = float, class B = Cpu>
class Conv2d {
public:
    static constexpr std::size_t output_axis = 0;  ///< of the weight, counts what comes out

    /// @throws OptionError
    Conv2d(const Conv2dLayerOptions& o, const Init& init)
        : options_{o.stride, o.padding, o.dilation, o.groups},
          parameters_(weight_shape(o), o.bias ? o.out_channels : 0, init) {}

    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        return (*this)(x, parameters_.weight);
    }
    /// With a weight of the same shape in the place of its own.
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x,
                                               const Variable<T, 4, B>& weight) const {
        return conv2d(x, weight, parameters_.bias, options_);
    }
    [[nodiscard]] const WeightAndBias<T, 4, B>& parameters() const noexcept { return parameters_; }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        parameters_.visit_parameters(visit);
    }

private:
    [[nodiscard]] static Shape<4> weight_shape(const Conv2dLayerOptions& o) {
        detail::check_conv_layer(Conv2dOp::name,
                                 {o.kernel, o.stride, o.padding, o.dilation, o.groups},
                                 o.in_channels, o.out_channels);
        return {o.out_channels, o.in_channels / o.groups, o.kernel.h, o.kernel.w};
    }

    Conv2dOptions options_;
    WeightAndBias<T, 4, B> parameters_;
};

/// (N, C, H, W) -> (N, O, oh, ow); weight (C, O / groups, kh, kw), bias (O). See
/// conv_transpose2d().
template <class T = float, class B = Cpu>
class ConvTranspose2d {
public:
    static constexpr std::size_t output_axis = 1;  ///< of the weight, counts what comes out

    /// @throws OptionError
    ConvTranspose2d(const ConvTranspose2dLayerOptions& o, const Init& init)
        : options_{o.stride, o.padding, o.output_padding, o.dilation, o.groups},
          parameters_(weight_shape(o), o.bias ? o.out_channels : 0, init) {}

    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        return (*this)(x, parameters_.weight);
    }
    /// With a weight of the same shape in the place of its own.
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x,
                                               const Variable<T, 4, B>& weight) const {
        return conv_transpose2d(x, weight, parameters_.bias, options_);
    }
    [[nodiscard]] const WeightAndBias<T, 4, B>& parameters() const noexcept { return parameters_; }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        parameters_.visit_parameters(visit);
    }

private:
    [[nodiscard]] static Shape<4> weight_shape(const ConvTranspose2dLayerOptions& o) {
        detail::check_conv_layer(ConvTranspose2dOp::name,
                                 {o.kernel, o.stride, o.padding, o.dilation, o.groups},
                                 o.in_channels, o.out_channels);
        return {o.in_channels, o.out_channels / o.groups, o.kernel.h, o.kernel.w};
    }

    ConvTranspose2dOptions options_;
    WeightAndBias<T, 4, B> parameters_;
};

}  // namespace oldphoto
