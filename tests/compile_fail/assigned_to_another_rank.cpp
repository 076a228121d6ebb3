// expect: tensor: an expression of another rank; see unsqueeze()
#include <oldphoto/tensor/tensor.hpp>

using namespace oldphoto;

Tensor<float, 2> doubled(const Tensor<float, 1>& x) {
#ifdef OLDPHOTO_WRONG
    return 2 * x;
#else
    return 2 * x.unsqueeze(0);
#endif
}
