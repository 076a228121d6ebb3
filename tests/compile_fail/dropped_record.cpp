// expect: deleted
#include <oldphoto/autograd/expression.hpp>

using namespace oldphoto;

Tensor<float, 1> twice(const Variable<float, 1>& x) {
#ifdef OLDPHOTO_WRONG
    return 2 * x;  // would leave the program without a step
#else
    return 2 * x.value();
#endif
}
