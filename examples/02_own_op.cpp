// Two ops of one's own, and the check that their gradients are right: an elementwise functor, which
// needs a value and a derivative, and an op with a forward and a backward of its own.
//
// Prints:
//     softplus(0) = 0.693
//     softplus: its gradient is right
//     gram = [14, 32, 32, 77]
//     gram: its gradient is right
//     one program: softplus, gram, sum

#include <oldphoto/autograd/expression.hpp>
#include <oldphoto/ops/reduce.hpp>
#include <oldphoto/tensor/matmul.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <cstdio>

using oldphoto::Tensor;
using oldphoto::Variable;

namespace {

/// y = log(1 + e^x), in a form that does not overflow;  dy/dx = sigmoid(x).
/// Written once: X is a number or a block of them.
struct SoftplusFn {
    static constexpr const char* name = "softplus";
    template <class X>
    OLDPHOTO_HD X value(X x) const {
        using namespace oldphoto::fn;  // numbers find their functions here, blocks their own
        return max(x, X(0)) + log(X(1) + exp(-abs(x)));
    }
    template <class X>
    OLDPHOTO_HD X derivative(X x, X) const {
        return oldphoto::fn::SigmoidFn{}.value(x);
    }
};

/// Of a tensor or a variable, alone or within a larger expression.
template <oldphoto::TensorExpr X>
auto softplus(const X& x) {
    return map(SoftplusFn{}, x);
}

/// y = x x^T for x (C, N): how much channels have in common;  dx = (dy + dy^T) x.
struct GramOp {
    static constexpr const char* name = "gram";

    template <class T, class B>
    Tensor<T, 2, B> forward(const Tensor<T, 2, B>& x) const {
        return matmul(x, x.transpose(0, 1));
    }
    template <class T, class B>
    Tensor<T, 2, B> backward(const Tensor<T, 2, B>& gy, const Tensor<T, 2, B>& x) const {
        return matmul(evaluate(gy + gy.transpose(0, 1)), x);
    }

    using Shape = oldphoto::Shape<2>;
    /// Every output needs all columns.
    static oldphoto::Window window(const Shape&, const Shape&) {
        return oldphoto::Window::everything();
    }
    static oldphoto::Cost cost(const Shape& y, const Shape& x) {
        return {2.0 * static_cast<double>(y.size() * x[1]), 0};
    }
};

template <oldphoto::TrackedExpr X>
auto gram(const X& x) {
    return apply(GramOp{}, x);
}

void report(const char* name, double gradient_error) {
    std::printf("%s: its gradient is %s\n", name, gradient_error < 1e-7 ? "right" : "wrong");
}

}  // namespace

int main() {
    const Variable<double, 2> x(Tensor<double, 2>::from_values({2, 3}, {1, 2, 3, 4, 5, 6}), true);

    const Tensor<double, 1> at_zero = softplus(Tensor<double, 1>::zeros({1}));
    std::printf("softplus(0) = %.3f\n", at_zero.item());
    report("softplus", oldphoto::testing::gradcheck([&] { return softplus(x); }, {x}));

    const auto g = gram(x).value().to_values();
    std::printf("gram = [%g, %g, %g, %g]\n", g[0], g[1], g[2], g[3]);
    report("gram", oldphoto::testing::gradcheck([&] { return gram(x); }, {x}));

    oldphoto::Program program;
    {
        const auto recording = program.record();
        static_cast<void>(sum(gram(softplus(x))));
    }
    std::printf("one program: %s, %s, %s\n", program.steps()[0].name.c_str(),
                program.steps()[1].name.c_str(), program.steps()[2].name.c_str());
}
