#pragma once

#include <oldphoto/tensor/tensor.hpp>

#include <cmath>
#include <limits>

namespace oldphoto::test {

/// The largest difference of two tensors of one shape, or NaN.
template <class T, std::size_t R>
double largest_difference(const Tensor<T, R>& a, const Tensor<T, R>& b) {
    if (a.shape() != b.shape()) return std::numeric_limits<double>::quiet_NaN();
    const auto x = a.to_values();
    const auto y = b.to_values();
    double worst = 0;
    for (std::size_t k = 0; k < x.size(); ++k) {
        const double difference = std::abs(double(x[k]) - double(y[k]));
        worst = difference <= worst ? worst : difference;
    }
    return worst;
}

}  // namespace oldphoto::test
