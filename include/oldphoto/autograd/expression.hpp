#pragma once

#include <oldphoto/autograd/apply.hpp>
#include <oldphoto/tensor/reduce.hpp>

/// Elementwise expressions of variables, recorded: a whole tree is one step. Its backward runs one
/// fused loop a leaf, over the tree's derivative with respect to that leaf (TangentPlan), which
/// recomputes what it needs instead of keeping it.
namespace oldphoto::detail {

/// gy * d(plan)/d(leaf I), in one loop.
template <std::size_t I, class T, std::size_t R, class B, Plan P>
[[nodiscard]] Tensor<T, R, B> tangent_product(const Tensor<T, R, B>& gy, const P& plan) {
    using Product = ZipPlan<fn::MultiplyFn, LeafPlan<T, R>, TangentPlan<I, P>>;
    auto product = Tensor<T, R, B>::uninitialized(gy.shape());
    B::assign(product.view(), Product{{}, gy.plan(gy.shape()), {plan}});
    return product;
}

/// Calls visit.operator()<I>(leaf) for every leaf that is a variable, I counting all leaves from
/// `First` on, from the left. Returns the number of the next one.
template <std::size_t First = 0, class E, class Visit>
constexpr auto for_each_variable(const E& e, const Visit& visit) {
    if constexpr (requires { e.operand(); }) {
        return for_each_variable<First>(e.operand(), visit);
    } else if constexpr (requires { e.left(); }) {
        constexpr auto next = decltype(for_each_variable<First>(e.left(), visit))::value;
        for_each_variable<First>(e.left(), visit);
        return for_each_variable<next>(e.right(), visit);
    } else {
        if constexpr (is_variable<E>) visit.template operator()<First>(e);
        return std::integral_constant<std::size_t, First + 1>{};
    }
}

/// Adds a gradient to a leaf's flow, summed over the axes along which the leaf was stretched.
template <class V, class G>
void add_unstretched(const V& leaf, const G& gradient) {
    leaf.node()->add_flow(leaf.shape() == gradient.shape()
                              ? gradient
                              : reduce_to<SumReducer>(gradient, leaf.shape()));
}

/// Records `out`, the value of e, as one step named after the root's functor.
template <class E, class Out>
void record_tree(const char* name, const E& e, const Out& out) {
    auto* node = out.node().get();
    auto backward = [e, node] {
        const auto& gy = node->flow;
        for_each_variable(e, [&]<std::size_t I>(const auto& leaf) {
            if (!leaf.node()->wanted) return;
            add_unstretched(leaf, tangent_product<I>(gy, e.plan(gy.shape())));
        });
    };
    std::vector<Shared<NodeBase>> inputs;
    for_each_variable(e, [&]<std::size_t>(const auto& leaf) { inputs.push_back(leaf.node()); });
    const auto elements = static_cast<double>(out.size());
    constexpr double operands = decltype(e.plan(e.shape()))::leaves;
    const double item = sizeof(typename Out::value_type);
    const Cost cost{elements * operands, elements * item * (operands + 1)};
    record_step({name, std::move(inputs), out.node(), cost, Window::pointwise(), {}},
                std::move(backward));
}

/// raw * scale + shift: a picture with a norm pending.
template <class T>
using AffinePlan = OpaquePlan<
    ZipPlan<fn::AddFn, ZipPlan<fn::MultiplyFn, LeafPlan<T, 4>, LeafPlan<T, 4>>, LeafPlan<T, 4>>>;
template <class T, class B>
[[nodiscard]] AffinePlan<T> affine_plan(const Deferred<T, B>& x) {
    const auto shape = x.raw().shape();
    return {{{}, {{}, x.raw().plan(shape), x.scale().plan(shape)}, x.shift().plan(shape)}};
}

template <class E>
inline constexpr bool is_activation = false;
template <class Fn, class T, class B>
inline constexpr bool is_activation<MapExpr<Fn, Variable<T, 4, B>>> =
    Deferred<T, B>::template can_hold<Fn>;
template <class E>
inline constexpr bool is_sum = false;
template <class T, class B>
inline constexpr bool is_sum<ZipExpr<fn::AddFn, Variable<T, 4, B>, Variable<T, 4, B>>> = true;

/// An activation of a picture with nothing pending beyond scale and shift; it is left pending.
template <class Fn, class T, class B>
[[nodiscard]] Variable<T, 4, B> record_activation(const Fn& fn, const Variable<T, 4, B>& x) {
    Variable<T, 4, B> out(x.deferred().with_activation(fn));
    auto* node = out.node().get();
    auto backward = [fn, x, node] {
        if (!x.node()->wanted) return;
        const auto& gy = node->flow;
        const auto& before = x.deferred();
        // The norm that was pending is applied on the way, as it was forward.
        x.node()->add_flow(
            before.affine_only() && !before.plain()
                ? tangent_product<0>(gy, MapPlan<Fn, AffinePlan<T>>{fn, affine_plan(before)})
                : tangent_product<0>(gy, MapPlan<Fn, LeafPlan<T, 4>>{fn, x.plan(gy.shape())}));
    };
    const auto elements = static_cast<double>(out.size());
    record_step({Fn::name, {x.node()}, out.node(), {elements, 0}, Window::pointwise(), {}},
                std::move(backward));
    return out;
}

/// The sum of two pictures. Where one has only a norm pending, the other becomes its addend.
template <class T, class B>
[[nodiscard]] Deferred<T, B> deferred_sum(const Variable<T, 4, B>& x, const Variable<T, 4, B>& y) {
    const auto only_norm = [](const auto& v) {
        return v.deferred().affine_only() && !v.deferred().plain();
    };
    if (x.shape() == y.shape()) {
        if (only_norm(x)) return x.deferred().with_addend(y.value());
        if (only_norm(y)) return y.deferred().with_addend(x.value());
    }
    return Deferred<T, B>(x.value() + y.value());
}

template <class T, class B>
[[nodiscard]] Variable<T, 4, B> record_sum(const Variable<T, 4, B>& x, const Variable<T, 4, B>& y) {
    Variable<T, 4, B> out(deferred_sum(x, y));
    auto* node = out.node().get();
    auto backward = [x, y, node] {
        if (x.node()->wanted) add_unstretched(x, node->flow);
        if (y.node()->wanted) add_unstretched(y, node->flow);
    };
    const auto elements = static_cast<double>(out.size());
    const double bytes = out.deferred().plain() ? 3 * sizeof(T) * elements : 0;
    record_step({fn::AddFn::name,
                 {x.node(), y.node()},
                 out.node(),
                 {elements, bytes},
                 Window::pointwise(),
                 {}},
                std::move(backward));
    return out;
}

/// Evaluates a tree at once and records it.
template <class E>
[[nodiscard]] auto record_evaluated(const E& e) {
    using T = typename E::value_type;
    using B = typename E::backend_type;
    auto value = Tensor<T, E::rank, B>::uninitialized(e.shape());
    B::assign(value.view(), e.plan(e.shape()));
    Variable<T, E::rank, B> out(value);
    if (Program::current() != nullptr) record_tree(E::name(), e, out);
    return out;
}

template <class E>
auto record_expression(const E& e) {
    if constexpr (is_activation<E>) {
        const auto& x = e.operand();
        if (!x.deferred().affine_only()) static_cast<void>(x.value());  // applies what is pending
        return record_activation(e.fn(), x);
    } else if constexpr (is_sum<E>) {
        return record_sum(e.left(), e.right());
    } else {
        return record_evaluated(e);
    }
}

}  // namespace oldphoto::detail
