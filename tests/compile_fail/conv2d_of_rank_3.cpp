// expect: conv2d: expected x (N, C, H, W)
#include <oldphoto/ops/conv2d.hpp>

using namespace oldphoto;

auto convolved(const Variable<float, 3>& x, const Variable<float, 4>& w,
               const Variable<float, 1>& bias) {
#ifdef OLDPHOTO_WRONG
    return conv2d(x, w, bias);
#else
    return conv2d(Variable<float, 4>(x.value().unsqueeze(0)), w, bias);
#endif
}
