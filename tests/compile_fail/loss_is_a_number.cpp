// expect: backward: a loss is a number; reduce it with sum() or mean()
#include <oldphoto/ops/reduce.hpp>

using namespace oldphoto;

void walk(const Program& program, const Variable<float, 2>& x) {
#ifdef OLDPHOTO_WRONG
    program.backward(x, ParameterList<float>{x});
#else
    program.backward(sum(x), ParameterList<float>{x});
#endif
}
