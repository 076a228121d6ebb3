#pragma once

#include <oldphoto/autograd/expression.hpp>
#include <oldphoto/tensor/matmul.hpp>

namespace oldphoto {

/// Y = X W^T + bias.  dX = dY W,  dW = dY^T X,  dbias = the rows of dY summed.
struct LinearOp {
    static constexpr const char* name = "linear";

    template <class T, class B>
    static Tensor<T, 2, B> forward(const Tensor<T, 2, B>& x, const Tensor<T, 2, B>& w,
                                   const Tensor<T, 1, B>& bias) {
        check(x.shape(), w.shape(), bias.shape());
        const auto y = Tensor<T, 2, B>::uninitialized({x.dim(0), w.dim(0)});
        const bool biased = bias.size() != 0;
        if (biased) y.assign(bias.unsqueeze(0));
        B::gemm(y.view(), x.view(), w.transpose(0, 1).view(), biased);
        return y;
    }
    template <class T, class B>
    static auto backward(const Tensor<T, 2, B>& gy, const std::array<bool, 3>& wanted,
                         const Tensor<T, 2, B>& x, const Tensor<T, 2, B>& w,
                         const Tensor<T, 1, B>& bias) {
        Tensor<T, 2, B> gx;
        Tensor<T, 2, B> gw;
        Tensor<T, 1, B> gb;
        if (wanted[0]) gx = matmul(gy, w);
        if (wanted[1]) gw = matmul(gy.transpose(0, 1), x);
        if (wanted[2] && bias.size() != 0) gb = sum(gy, {0}).squeeze(0);
        return std::tuple{gx, gw, gb};
    }
    [[nodiscard]] static Window window(const Shape<2>&, const Shape<2>&, const Shape<2>&,
                                       const Shape<1>&) {
        return Window::everything();
    }
    [[nodiscard]] static Cost cost(const Shape<2>& y, const Shape<2>& x, const Shape<2>& w,
                                   const Shape<1>&) {
        return {2 * static_cast<double>(y.size() * x[1]),
                4 * static_cast<double>(x.size() + w.size() + y.size())};
    }

private:
    static void check(const Shape<2>& x, const Shape<2>& w, const Shape<1>& bias) {
        const auto fail = [&](std::string_view rule) {
            throw_shape_error(name, rule,
                              {{"x (N, in)", dims_of(x)},
                               {"w (out, in)", dims_of(w)},
                               {"bias (out)", dims_of(bias)}});
        };
        if (x[1] != w[1]) fail("columns of x must equal columns of w");
        if (bias[0] != 0 && bias[0] != w[0]) fail("one bias for each row of w, or none");
    }
};

/// @param x     (N, in)
/// @param w     (out, in)
/// @param bias  (out), or (0) for none
/// @return      (N, out)
/// @throws ShapeError
template <TrackedExpr X, TrackedExpr W, TrackedExpr Bias>
[[nodiscard]] auto linear(const X& x, const W& w, const Bias& bias) {
    static_assert(X::rank == 2 && W::rank == 2 && Bias::rank == 1,
                  "linear: expected x (N, in), w (out, in) and bias (out), ranks 2, 2 and 1; add "
                  "the batch axis with unsqueeze()");
    return apply(LinearOp{}, x, w, bias);
}

}  // namespace oldphoto
