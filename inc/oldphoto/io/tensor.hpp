#pragma once

#include <oldphoto/io/array.hpp>
#include <oldphoto/tensor/tensor.hpp>

namespace oldphoto {

/// The array's elements, rounded to T, as a tensor of its shape.
/// @throws ShapeError when the array has another rank.
template <class T, std::size_t R, class B = Cpu>
[[nodiscard]] Tensor<T, R, B> to_tensor(const Array& array) {
    if (array.dims().size() != R) {
        throw_shape_error("to_tensor", "expected an array of rank " + std::to_string(R),
                          {{"array", array.dims()}});
    }
    Shape<R> shape{};
    for (std::size_t k = 0; k < R; ++k) shape[k] = array.dims()[k];
    return Tensor<T, R, B>::from_values(shape, array.values<T>());
}

/// A dense copy in host memory.
template <class T, std::size_t R, class B>
[[nodiscard]] Array to_array(const Tensor<T, R, B>& x) {
    const auto values = x.to_values();
    return Array::from_values(to_vector(x.shape()), std::span<const T>(values));
}

}  // namespace oldphoto
