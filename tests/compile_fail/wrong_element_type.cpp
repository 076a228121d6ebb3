// expect: both operands must have the same element type; convert one with cast<T>()
#include <oldphoto/tensor/tensor.hpp>

using namespace oldphoto;

Tensor<float, 1> added(const Tensor<float, 1>& a, const Tensor<double, 1>& b) {
#ifdef OLDPHOTO_WRONG
    return a + b;
#else
    return a + b.cast<float>();
#endif
}
