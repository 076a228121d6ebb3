#pragma once

#include <oldphoto/autograd/program.hpp>
#include <oldphoto/tensor/deferred.hpp>

#include <tuple>
#include <type_traits>
#include <vector>

namespace oldphoto {

namespace detail {

/// A value whose rank is erased, as optimisers and state dicts see it.
template <class T, class B>
struct ValueNode : NodeBase {
    [[nodiscard]] virtual Tensor<T, 1, B> flat_value() = 0;
    [[nodiscard]] virtual Tensor<T, 1, B> flat_gradient() const = 0;
};

template <class T, std::size_t R, class B>
struct Node final : ValueNode<T, B> {
    /// Pictures (N, C, H, W) travel with what is pending on them.
    using Value = std::conditional_t<R == 4, Deferred<T, B>, Tensor<T, R, B>>;

    explicit Node(Value v) : value(std::move(v)) {}

    [[nodiscard]] const Tensor<T, R, B>& tensor() {
        if constexpr (R == 4) {
            if (value.streamed() || !value.plain()) value = Deferred<T, B>(value.materialized());
            return value.raw();
        } else {
            return value;
        }
    }

    [[nodiscard]] std::vector<Index> dims() const override { return to_vector(value.shape()); }
    [[nodiscard]] Tensor<T, 1, B> flat_value() override { return flat(tensor()); }
    [[nodiscard]] Tensor<T, 1, B> flat_gradient() const override {
        return gradient.empty() ? Tensor<T, 1, B>() : flat(gradient);
    }
    void clear_flow() override { flow = {}; }
    [[nodiscard]] bool has_flow() const override { return !flow.empty(); }
    void keep_flow() override {
        // Memory of its own, because users change gradients in place, and a flow may be stretched
        // or shared with another value.
        gradient = flow.empty() ? Tensor<T, R, B>::zeros(value.shape()) : flow.clone();
        flow = {};
    }

    /// Adds to the derivative of the loss with respect to this value.
    void add_flow(const Tensor<T, R, B>& g) {
        if (!(g.shape() == value.shape())) {
            throw_shape_error(
                "backward", "a gradient must have its value's shape",
                {{"value", dims_of(value.shape())}, {"gradient", dims_of(g.shape())}});
        }
        // Not in place: an op may hand the same tensor to several inputs.
        flow = flow.empty() ? g : Tensor<T, R, B>(flow + g);
    }

    Value value;
    Tensor<T, R, B> gradient;
    Tensor<T, R, B> flow;

private:
    [[nodiscard]] static Tensor<T, 1, B> flat(const Tensor<T, R, B>& x) {
        return x.reshape(Shape<1>{x.size()});
    }
};

template <class E>
auto record_expression(const E& e);

}  // namespace detail

/// A variable of any rank: what optimisers step over and state dicts name.
template <class T, class B = Cpu>
class AnyVariable {
public:
    explicit AnyVariable(Shared<detail::ValueNode<T, B>> node) : node_(std::move(node)) {}

    [[nodiscard]] std::vector<Index> dims() const { return node_->dims(); }
    [[nodiscard]] Index size() const {
        Index n = 1;
        for (const Index extent : dims()) n *= extent;
        return n;
    }
    [[nodiscard]] bool requires_grad() const noexcept { return node_->requires_grad; }
    /// The elements in row-major order; writing to them writes to the variable.
    [[nodiscard]] Tensor<T, 1, B> value() const { return node_->flat_value(); }
    /// Empty until a backward walk has asked for it.
    [[nodiscard]] Tensor<T, 1, B> gradient() const { return node_->flat_gradient(); }
    [[nodiscard]] const Shared<detail::ValueNode<T, B>>& node() const noexcept { return node_; }

private:
    Shared<detail::ValueNode<T, B>> node_;
};

/// A value that ops record, and its gradient. Copies share both. Pictures (rank 4) may have a norm,
/// an activation, a sum or a padding pending (Deferred), which `value()` applies once.
template <class T, std::size_t R, class B = Cpu>
class Variable {
public:
    using value_type = T;
    using backend_type = B;
    static constexpr std::size_t rank = R;
    static constexpr bool tracked = true;

    Variable() = default;
    /// A constant, or with requires_grad a parameter.
    explicit Variable(const Tensor<T, R, B>& value, bool requires_grad = false)
        : node_(new detail::Node<T, R, B>(
              typename detail::Node<T, R, B>::Value(value.as_contiguous()))) {
        node_->requires_grad = requires_grad;
    }
    explicit Variable(Deferred<T, B> value) requires(R == 4)
        : node_(new detail::Node<T, R, B>(std::move(value))) {}
    /// Evaluates and records an elementwise expression as one op.
    template <TrackedExpr E>
        requires(!std::is_same_v<E, Variable>)
    Variable(const E& e) : Variable(detail::record_expression(e)) {}  // implicit, as for tensors

    [[nodiscard]] bool empty() const noexcept { return !node_; }
    [[nodiscard]] Shape<R> shape() const { return node_->value.shape(); }
    [[nodiscard]] Index dim(std::size_t axis) const { return shape()[axis]; }
    [[nodiscard]] Index size() const { return shape().size(); }
    [[nodiscard]] const Tensor<T, R, B>& value() const { return node_->tensor(); }
    [[nodiscard]] const Deferred<T, B>& deferred() const requires(R == 4) { return node_->value; }
    /// Of the last backward walk that listed this variable; empty before.
    [[nodiscard]] const Tensor<T, R, B>& gradient() const noexcept { return node_->gradient; }
    [[nodiscard]] bool requires_grad() const noexcept { return node_->requires_grad; }
    [[nodiscard]] T item() const { return value().item(); }

    /// The same value as a constant: no gradient passes.
    [[nodiscard]] Variable detach() const { return Variable(value()); }

    [[nodiscard]] auto plan(const Shape<R>& target) const { return value().plan(target); }
    [[nodiscard]] const Shared<detail::Node<T, R, B>>& node() const noexcept { return node_; }
    operator AnyVariable<T, B>() const { return AnyVariable<T, B>(node_); }

    /// Starts a backward walk here, with derivative 1.
    void seed_flow() const {
        static_assert(R == 0, "backward: a loss is a number; reduce it with sum() or mean()");
        node_->add_flow(Tensor<T, 0, B>::ones({}));
    }

private:
    Shared<detail::Node<T, R, B>> node_;
};

template <class V>
inline constexpr bool is_variable = false;
template <class T, std::size_t R, class B>
inline constexpr bool is_variable<Variable<T, R, B>> = true;

/// The variable that an expression of variables stands for.
template <TrackedExpr E>
[[nodiscard]] auto as_variable(const E& e) {
    if constexpr (is_variable<E>) {
        return e;
    } else {
        return detail::record_expression(e);
    }
}

template <class T, class B = Cpu>
using ParameterList = std::vector<AnyVariable<T, B>>;

}  // namespace oldphoto
