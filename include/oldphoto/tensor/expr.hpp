#pragma once

#include <oldphoto/backend/plan.hpp>
#include <oldphoto/core/functors.hpp>

#include <concepts>
#include <type_traits>

/// Expressions: typed, lazy elementwise trees. They hold shared handles of their operands, so
/// `auto` is safe, and compute nothing until they are assigned to a Tensor (one fused loop) or to a
/// Variable (one recorded op).
namespace oldphoto {

/// Whatever has a shape and can be lowered to a Plan that reads as any shape it stretches to.
template <class E>
concept TensorExpr = requires(const E& e) {
    typename E::value_type;
    typename E::backend_type;
    { E::rank } -> std::convertible_to<std::size_t>;
    { E::tracked } -> std::convertible_to<bool>;
    { e.shape() } -> std::convertible_to<Shape<E::rank>>;
    { e.plan(e.shape()) } -> Plan;
};

/// An expression with at least one Variable among its leaves; assigned to a Variable it is
/// recorded.
template <class E>
concept TrackedExpr = TensorExpr<E> && E::tracked;

template <class S>
concept Number = std::is_arithmetic_v<S>;

/// y[i] = fn(x[i]).
template <class Fn, TensorExpr X>
class MapExpr {
public:
    using value_type = typename X::value_type;
    using backend_type = typename X::backend_type;
    static constexpr std::size_t rank = X::rank;
    static constexpr bool tracked = X::tracked;

    MapExpr(Fn fn, const X& x) : fn_(fn), x_(x) {}

    [[nodiscard]] Shape<rank> shape() const { return x_.shape(); }
    [[nodiscard]] auto plan(const Shape<rank>& target) const {
        return MapPlan<Fn, decltype(x_.plan(target))>{fn_, x_.plan(target)};
    }
    /// Of the tree's last operation, as steps of a program show it.
    [[nodiscard]] static constexpr const char* name() noexcept { return Fn::name; }
    [[nodiscard]] const Fn& fn() const noexcept { return fn_; }
    [[nodiscard]] const X& operand() const noexcept { return x_; }

private:
    [[no_unique_address]] Fn fn_;
    X x_;
};

/// z[i] = fn(x[i], y[i]); extents are equal or 1, which stretches.
template <class Fn, TensorExpr X, TensorExpr Y>
class ZipExpr {
public:
    using value_type = typename X::value_type;
    using backend_type = typename X::backend_type;
    static constexpr std::size_t rank = X::rank;
    static constexpr bool tracked = X::tracked || Y::tracked;
    static_assert(std::is_same_v<value_type, typename Y::value_type>,
                  "both operands must have the same element type; convert one with cast<T>()");
    static_assert(
        std::is_same_v<backend_type, typename Y::backend_type>,
        "both operands must live on the same backend; copy one with to_values() and from_values()");
    static_assert(X::rank == Y::rank,
                  "both operands must have the same rank; add axes of extent 1 with unsqueeze()");

    ZipExpr(Fn fn, const X& x, const Y& y)
        : fn_(fn), x_(x), y_(y), shape_(broadcast_shapes(x.shape(), y.shape(), Fn::name)) {}

    [[nodiscard]] Shape<rank> shape() const { return shape_; }
    [[nodiscard]] auto plan(const Shape<rank>& target) const {
        return ZipPlan<Fn, decltype(x_.plan(target)), decltype(y_.plan(target))>{
            fn_, x_.plan(target), y_.plan(target)};
    }
    [[nodiscard]] static constexpr const char* name() noexcept { return Fn::name; }
    [[nodiscard]] const X& left() const noexcept { return x_; }
    [[nodiscard]] const Y& right() const noexcept { return y_; }

private:
    [[no_unique_address]] Fn fn_;
    X x_;
    Y y_;
    Shape<rank> shape_;
};

/// One number that reads as a tensor of any shape.
template <class T, std::size_t R, class B>
class ConstantExpr {
public:
    using value_type = T;
    using backend_type = B;
    static constexpr std::size_t rank = R;
    static constexpr bool tracked = false;

    explicit ConstantExpr(T number) : number_(number) {}

    [[nodiscard]] Shape<R> shape() const {
        Shape<R> ones{};
        for (std::size_t k = 0; k < R; ++k) ones[k] = 1;
        return ones;
    }
    [[nodiscard]] auto plan(const Shape<R>&) const { return ConstantPlan<T>{number_}; }

private:
    T number_;
};

/// y[i] = fn(x[i]), lazily. Any functor in the form of core/functors.hpp will do.
template <class Fn, TensorExpr X>
[[nodiscard]] auto map(Fn fn, const X& x) {
    return MapExpr<Fn, X>(fn, x);
}

/// z[i] = fn(x[i], y[i]), lazily.
template <class Fn, TensorExpr X, TensorExpr Y>
[[nodiscard]] auto zip(Fn fn, const X& x, const Y& y) {
    return ZipExpr<Fn, X, Y>(fn, x, y);
}
template <class Fn, TensorExpr X, Number S>
[[nodiscard]] auto zip(Fn fn, const X& x, S number) {
    using T = typename X::value_type;
    return zip(fn, x, ConstantExpr<T, X::rank, typename X::backend_type>(static_cast<T>(number)));
}
template <class Fn, Number S, TensorExpr Y>
[[nodiscard]] auto zip(Fn fn, S number, const Y& y) {
    using T = typename Y::value_type;
    return zip(fn, ConstantExpr<T, Y::rank, typename Y::backend_type>(static_cast<T>(number)), y);
}

template <class X, class Y>
concept ExprOperands = (TensorExpr<X> && (TensorExpr<Y> || Number<Y>)) ||
                       (Number<X> && TensorExpr<Y>);

template <class X, class Y>
    requires ExprOperands<X, Y>
[[nodiscard]] auto operator+(const X& x, const Y& y) {
    return zip(fn::AddFn{}, x, y);
}
template <class X, class Y>
    requires ExprOperands<X, Y>
[[nodiscard]] auto operator-(const X& x, const Y& y) {
    return zip(fn::SubtractFn{}, x, y);
}
/// The elementwise (Hadamard) product.
template <class X, class Y>
    requires ExprOperands<X, Y>
[[nodiscard]] auto operator*(const X& x, const Y& y) {
    return zip(fn::MultiplyFn{}, x, y);
}
template <class X, class Y>
    requires ExprOperands<X, Y>
[[nodiscard]] auto operator/(const X& x, const Y& y) {
    return zip(fn::DivideFn{}, x, y);
}
template <class X, class Y>
    requires ExprOperands<X, Y>
[[nodiscard]] auto maximum(const X& x, const Y& y) {
    return zip(fn::MaximumFn{}, x, y);
}
template <class X, class Y>
    requires ExprOperands<X, Y>
[[nodiscard]] auto minimum(const X& x, const Y& y) {
    return zip(fn::MinimumFn{}, x, y);
}

template <TensorExpr X>
[[nodiscard]] auto operator-(const X& x) {
    return map(fn::NegateFn{}, x);
}
template <TensorExpr X>
[[nodiscard]] auto square(const X& x) {
    return map(fn::SquareFn{}, x);
}
template <TensorExpr X>
[[nodiscard]] auto sqrt(const X& x) {
    return map(fn::SqrtFn{}, x);
}
template <TensorExpr X>
[[nodiscard]] auto abs(const X& x) {
    return map(fn::AbsFn{}, x);
}
template <TensorExpr X>
[[nodiscard]] auto sign(const X& x) {
    return map(fn::SignFn{}, x);
}
template <TensorExpr X>
[[nodiscard]] auto exp(const X& x) {
    return map(fn::ExpFn{}, x);
}
template <TensorExpr X>
[[nodiscard]] auto log(const X& x) {
    return map(fn::LogFn{}, x);
}
template <TensorExpr X>
[[nodiscard]] auto tanh(const X& x) {
    return map(fn::TanhFn{}, x);
}
template <TensorExpr X>
[[nodiscard]] auto sigmoid(const X& x) {
    return map(fn::SigmoidFn{}, x);
}
template <TensorExpr X>
[[nodiscard]] auto relu(const X& x) {
    return map(fn::ReluFn{}, x);
}
template <TensorExpr X>
[[nodiscard]] auto leaky_relu(const X& x, float slope = 0.2F) {
    return map(fn::LeakyReluFn{slope}, x);
}
template <TensorExpr X>
[[nodiscard]] auto clamp(const X& x, float low, float high) {
    return map(fn::ClampFn{low, high}, x);
}

}  // namespace oldphoto
