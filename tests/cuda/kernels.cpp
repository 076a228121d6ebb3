#include <oldphoto/backend/cpu/cpu.hpp>

// The processor's kernels in a file for nvcc, whose host compiler must compile them for every
// instruction set.

using namespace oldphoto;

void convolve(const ConvGeometry& g, const RowSource<float>& x, const View<float, 4>& w,
              const View<float, 4>& y);
void convolve(const ConvGeometry& g, const RowSource<float>& x, const View<float, 4>& w,
              const View<float, 4>& y) {
    Cpu::conv2d<float>(g, x, w, nullptr, y, nullptr);
}
