// expect: both operands must have the same rank; add axes of extent 1 with unsqueeze()
#include <oldphoto/tensor/tensor.hpp>

using namespace oldphoto;

Tensor<float, 2> scaled(const Tensor<float, 2>& x, const Tensor<float, 1>& per_column) {
#ifdef OLDPHOTO_WRONG
    return x * per_column;
#else
    return x * per_column.unsqueeze(0);
#endif
}
