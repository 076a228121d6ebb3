#pragma once

#include <oldphoto/ops/reduce.hpp>

namespace oldphoto::test {

/// Gives x the gradient g, by a backward walk.
template <class T, std::size_t R>
void give_gradient(const Variable<T, R>& x, const Tensor<T, R>& g) {
    Program program;
    Variable<T, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(x * g);
    }
    program.backward(loss, ParameterList<T>{x});
}

/// The same, from row-major numbers.
template <class T, std::size_t R>
void give_gradient(const Variable<T, R>& x, const std::vector<T>& g) {
    give_gradient(x, Tensor<T, R>::from_values(x.shape(), g));
}

/// A parameter of rank 1.
template <class T = double>
Variable<T, 1> parameter(const std::vector<T>& values) {
    return Variable<T, 1>(Tensor<T, 1>::from_values({static_cast<Index>(values.size())}, values),
                          true);
}

/// What stands for a weight or a bias that is not there.
inline const Variable<double, 1> none(Tensor<double, 1>::zeros({0}));

}  // namespace oldphoto::test
