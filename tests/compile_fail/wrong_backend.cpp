// expect: both operands must live on the same backend; copy one with
#include <oldphoto/tensor/tensor.hpp>

using namespace oldphoto;

namespace {
struct Elsewhere : Cpu {};
}  // namespace

auto added(const Tensor<float, 1>& here, const Tensor<float, 1, Elsewhere>& there) {
#ifdef OLDPHOTO_WRONG
    return here + there;
#else
    return std::pair{here + here, there + there};
#endif
}
