#pragma once

#include <oldphoto/nn/init.hpp>
#include <oldphoto/nn/layer.hpp>

namespace oldphoto {

/// The parameters of a layer that multiplies by a weight and adds a bias.
template <class T, std::size_t R, class B>
struct WeightAndBias {
    /// @param shape   of the weight, as Init::weight() reads it.
    /// @param biases  number of them; with 0 the state has no "bias".
    WeightAndBias(const Shape<R>& shape, Index biases, const Init& init)
        : weight(init.weight<T, B>(shape), true), bias(init.bias<T, B>(biases, shape), true) {}

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit("weight", weight);
        if (bias.size() != 0) visit("bias", bias);
    }

    Variable<T, R, B> weight;
    Variable<T, 1, B> bias;
};

}  // namespace oldphoto
