#pragma once

#include <oldphoto/autograd/variable.hpp>

#include <vector>

namespace oldphoto {

namespace detail {

/// A value whose rank is known at run time only. No gradient flows to it.
template <class T, class B>
struct BufferNode final : ValueNode<T, B> {
    BufferNode(const std::vector<Index>& dims, const Tensor<T, 1, B>& value)
        : dims_(dims), value_(value) {}

    [[nodiscard]] std::vector<Index> dims() const override { return dims_; }
    [[nodiscard]] Tensor<T, 1, B> flat_value() override { return value_; }
    [[nodiscard]] Tensor<T, 1, B> flat_gradient() const override { return {}; }
    void clear_flow() override {}
    [[nodiscard]] bool has_flow() const override { return false; }
    void keep_flow() override {}

private:
    std::vector<Index> dims_;
    Tensor<T, 1, B> value_;
};

}  // namespace detail

/// Memory of an optimiser or an average: a variable without gradient.
/// @param dims   its shape, as state dicts show it
/// @param value  its elements in row-major order, which it shares
template <class T, class B>
[[nodiscard]] AnyVariable<T, B> make_buffer(const std::vector<Index>& dims,
                                            const Tensor<T, 1, B>& value) {
    return AnyVariable<T, B>(
        Shared<detail::ValueNode<T, B>>(new detail::BufferNode<T, B>(dims, value)));
}

/// A buffer of zeros with the shape of a variable.
template <class T, class B>
[[nodiscard]] AnyVariable<T, B> zeros_like(const AnyVariable<T, B>& variable) {
    return make_buffer(variable.dims(), Tensor<T, 1, B>::zeros({variable.size()}));
}

}  // namespace oldphoto
