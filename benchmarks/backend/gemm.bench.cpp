#include <oldphoto/backend/cpu/gemm.hpp>

#include <Eigen/Core>

#include "../support/compare.hpp"

// The product of matrices against Eigen's, on one thread, in the shapes of convolutions: a panel of
// a forward one, one of a gradient of the input (A by columns), one of a gradient of the weights (B
// by columns). The argument is the number of channels.

using namespace oldphoto;

namespace {

using ByRows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ByColumns = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;

template <class M>
View<float, 2> view_of(M& m) {
    return {m.data(),
            {m.rows(), m.cols()},
            {M::IsRowMajor ? m.cols() : 1, M::IsRowMajor ? 1 : m.rows()}};
}

template <class A, class B>
void run(benchmark::State& state, Index m, Index n, Index k) {
    A a = A::Random(m, k);
    B b = B::Random(k, n);
    ByRows ours = ByRows::Zero(m, n);
    ByRows eigen = ByRows::Zero(m, n);
    bench::compare(
        state, [&] { cpu::gemm_serial(view_of(ours), view_of(a), view_of(b), false); },
        [&] { eigen.noalias() = a * b; });
    state.counters["GF/s"] =
        2e-6 * static_cast<double>(m * n * k) / state.counters["ours_ms"].value;
}

void forward(benchmark::State& state) {
    run<ByRows, ByRows>(state, state.range(0), 512, 9 * state.range(0));
}
void input_gradient(benchmark::State& state) {
    run<ByColumns, ByRows>(state, 144, 512, state.range(0));
}
void weight_gradient(benchmark::State& state) {
    run<ByRows, ByColumns>(state, state.range(0), 144, 512);
}

BENCHMARK(forward)->Arg(32)->Arg(64)->Arg(512)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(input_gradient)->Arg(32)->Arg(64)->Arg(512)->UseManualTime();
BENCHMARK(weight_gradient)->Arg(32)->Arg(64)->Arg(512)->UseManualTime();

}  // namespace
