#include <oldphoto/backend/cpu/gemm.hpp>

#include <Eigen/Core>

#include "../support/compare.hpp"
#include "../support/instruction_sets.hpp"
#include <string>

// The product of matrices on one thread: DIRECTION/ROWSxCOLUMNSxDEPTH/SET, in the shapes that
// convolution by columns has: a panel of a forward one, one of a gradient of the input (A by
// columns), one of a gradient of the weights (B by columns). The counters are those of
// bench::compare: Eigen, which knows one set, that of the compiler's flags, is the peer.

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
void register_product(const char* direction, Index m, Index n, Index k) {
    const std::string name = std::string(direction) + "/" + std::to_string(m) + "x" +
                             std::to_string(n) + "x" + std::to_string(k);
    const auto registered = bench::register_for_each_set(
        name, 2.0 * static_cast<double>(m * n * k), [=](benchmark::State& state) {
            A a = A::Random(m, k);
            B b = B::Random(k, n);
            ByRows ours = ByRows::Zero(m, n);
            ByRows eigen = ByRows::Zero(m, n);
            bench::compare(
                state, [&] { cpu::gemm_serial(view_of(ours), view_of(a), view_of(b), false); },
                [&] { eigen.noalias() = a * b; });
        });
    for (auto* benchmark : registered) benchmark->UseManualTime();
}

[[maybe_unused]] const bool registered = [] {
    for (const Index channels : {32, 64, 512}) {
        register_product<ByRows, ByRows>("forward", channels, 512, 9 * channels);
        register_product<ByColumns, ByRows>("input_gradient", 144, 512, channels);
        register_product<ByRows, ByColumns>("weight_gradient", channels, 144, 512);
    }
    return true;
}();

}  // namespace
