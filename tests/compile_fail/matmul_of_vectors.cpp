// expect: matmul: expected two matrices (rank 2) or two batches of them (rank 3)
#include <oldphoto/ops/matmul.hpp>

using namespace oldphoto;

auto product(const Variable<float, 2>& a, const Variable<float, 1>& v) {
#ifdef OLDPHOTO_WRONG
    return matmul(a, v);
#else
    return matmul(a, a);
#endif
}
