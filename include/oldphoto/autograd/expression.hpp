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

template <class E>
[[nodiscard]] auto leaves_of(const E& e) {
    if constexpr (requires { e.operand(); }) {
        return leaves_of(e.operand());
    } else if constexpr (requires { e.left(); }) {
        return std::tuple_cat(leaves_of(e.left()), leaves_of(e.right()));
    } else {
        return std::tuple<E>(e);
    }
}

/// Hands leaf I its share of gy, summed over the axes along which it was stretched.
template <std::size_t I, class E, class G, class Leaf>
void deliver_to_leaf(const E& e, const G& gy, const Leaf& leaf) {
    if constexpr (is_variable<Leaf>) {
        if (!leaf.node()->wanted) return;
        const auto gradient = tangent_product<I>(gy, e.plan(gy.shape()));
        leaf.node()->add_flow(
            leaf.shape() == gy.shape() ? gradient : reduce_to<SumReducer>(gradient, leaf.shape()));
    }
}

/// Records `out`, the value of e, as one step named after the root's functor.
template <class E, class Out>
void record_tree(const char* name, const E& e, const Out& out) {
    const auto leaves = leaves_of(e);
    auto* node = out.node().get();
    auto backward = [e, leaves, node] {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (deliver_to_leaf<I>(e, node->flow, std::get<I>(leaves)), ...);
        }
        (std::make_index_sequence<std::tuple_size_v<decltype(leaves)>>{});
    };
    std::vector<std::shared_ptr<NodeBase>> inputs;
    std::apply(
        [&](const auto&... leaf) {
            const auto add = [&]<class Leaf>(const Leaf& l) {
                if constexpr (is_variable<Leaf>) inputs.push_back(l.node());
            };
            (add(leaf), ...);
        },
        leaves);
    const auto elements = static_cast<double>(out.size());
    constexpr double operands = std::tuple_size_v<decltype(leaves)>;
    const double item = sizeof(typename Out::value_type);
    record_step(name, out, {elements * operands, elements * item * (operands + 1)},
                Window::pointwise(), std::move(backward), std::move(inputs));
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
inline constexpr bool is_residual = false;
template <class T, class B>
inline constexpr bool is_residual<ZipExpr<fn::AddFn, Variable<T, 4, B>, Variable<T, 4, B>>> = true;

/// An activation of a picture, left pending where it can be.
template <class Fn, class T, class B>
[[nodiscard]] Variable<T, 4, B> record_activation(const Fn& fn, const Variable<T, 4, B>& x) {
    const Variable<T, 4, B> out(x.deferred().with_activation(fn));
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
    record_step(Fn::name, out, {elements, 0}, Window::pointwise(), std::move(backward), {x.node()});
    return out;
}

/// A sum of pictures of which one has only a norm pending: the other becomes its addend.
template <class T, class B>
[[nodiscard]] Variable<T, 4, B> record_residual(const Variable<T, 4, B>& f,
                                                const Variable<T, 4, B>& x) {
    const Variable<T, 4, B> out(f.deferred().with_addend(x.value()));
    auto* node = out.node().get();
    auto backward = [f, x, node] {
        if (f.node()->wanted) f.node()->add_flow(node->flow);
        if (x.node()->wanted) x.node()->add_flow(node->flow);
    };
    const auto elements = static_cast<double>(out.size());
    record_step(fn::AddFn::name, out, {elements, 0}, Window::pointwise(), std::move(backward),
                {f.node(), x.node()});
    return out;
}

template <class E>
auto record_expression(const E& e) {
    using T = typename E::value_type;
    using B = typename E::backend_type;
    if constexpr (is_activation<E>) {
        if (e.operand().deferred().affine_only()) return record_activation(e.fn(), e.operand());
    }
    if constexpr (is_residual<E>) {
        const auto& x = e.left();
        const auto& y = e.right();
        const auto only_norm = [](const auto& v) {
            return v.deferred().affine_only() && !v.deferred().plain();
        };
        if (x.shape() == y.shape()) {
            if (only_norm(x)) return record_residual(x, y);
            if (only_norm(y)) return record_residual(y, x);
        }
    }
    auto value = Tensor<T, E::rank, B>::uninitialized(e.shape());
    B::assign(value.view(), e.plan(e.shape()));
    const Variable<T, E::rank, B> out(value);
    if (Program::current() != nullptr) record_tree(E::name(), e, out);
    return out;
}

}  // namespace oldphoto::detail
