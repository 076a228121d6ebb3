#pragma once

#include <oldphoto/autograd/expression.hpp>

namespace oldphoto {

/// A picture with a border around it. Only annotates: the consumer pulls padded rows. The adjoint
/// gathers, for each pixel, all places of the padded picture that show it.
struct PadOp {
    static constexpr const char* name = "pad";
    Padding padding;

    template <class T, class B>
    Deferred<T, B> forward(const Variable<T, 4, B>& x) const {
        return x.deferred().padding().none() ? x.deferred().with_padding(padding)
                                             : Deferred<T, B>(x.value()).with_padding(padding);
    }

    template <class T, class B>
    Tensor<T, 4, B> backward(const Tensor<T, 4, B>& gy, const Variable<T, 4, B>& x) const {
        auto gx = Tensor<T, 4, B>::uninitialized(x.shape());
        B::pad_adjoint(padding, gy.as_contiguous().view(), gx.view());
        return gx;
    }

    [[nodiscard]] Window window(const Shape<4>&, const Shape<4>&) const {
        return {std::max(padding.top, padding.bottom), 1, false};
    }
    [[nodiscard]] static Cost cost(const Shape<4>&, const Shape<4>&) { return {}; }
};

/// @param x  (N, C, H, W)
/// @return   (N, C, H + top + bottom, W + left + right)
/// @throws ShapeError where a reflection would reach beyond the opposite edge.
template <TrackedExpr X>
[[nodiscard]] auto pad(const X& x, const Padding& padding) {
    static_assert(
        X::rank == 4,
        "pad: expected a picture (N, C, H, W), rank 4; add the batch axis with unsqueeze()");
    return apply(PadOp{padding}, x);
}

}  // namespace oldphoto
