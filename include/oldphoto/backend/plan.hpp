#pragma once

#include <oldphoto/backend/view.hpp>
#include <oldphoto/core/rng.hpp>

#include <cstdint>
#include <type_traits>
#include <utility>

/// A Plan is what a backend takes from an expression: a trivially copyable tree that can be
/// evaluated anywhere.
///
///     plan.at(i)          element i (row-major) of the result, computed with the integer type of
///                         i; runs on a device
///     plan.run(begin, n)  the same tree, its leaves resolved for the contiguous block
///                         [begin, begin + n), which must not cross a merged row (row_length);
///                         then run.value(where) gives whole packs of it; runs on the host
///
/// Inner nodes are written once: `value(where)` asks the leaves for what `where` names (an element
/// or a pack) and applies the functor to whatever they give. `dual<I>(where)` does the same for the
/// pair (value, derivative with respect to leaf I), which is all that a gradient needs.
namespace oldphoto {

/// The place of one element, counted row-major from the start of the result.
template <class I>
struct Element {
    I i;
};

/// A value and its derivative with respect to one leaf of the tree.
template <class X>
struct Dual {
    X value;
    X tangent;
};

template <class P>
concept Plan = std::is_trivially_copyable_v<P> && requires(const P& plan, Index i) {
    typename P::value_type;
    { P::leaves } -> std::convertible_to<std::size_t>;
    { plan.at(i) } -> std::convertible_to<typename P::value_type>;
    plan.run(i, i);
};

/// A leaf, resolved for one block: reads at(where) from a pointer whose step is 1 or 0. Any other
/// stride is gathered pack by pack. Packs are defined by the backend that calls run().
template <class T>
struct LeafRun {
    using value_type = T;
    static constexpr std::size_t leaves = 1;

    const T* data;
    Index step;

    template <class Where>
    auto value(Where where) const {
        return where.load(data, step);
    }
    template <std::size_t I, class Where>
    auto dual(Where where) const {
        const auto x = value(where);
        using X = decltype(x);
        return Dual<std::remove_const_t<X>>{x, std::remove_const_t<X>(T(I == 0 ? 1 : 0))};
    }
};

/// A strided tensor that reads as one of `shape`; stretched axes have stride 0. The strides are
/// canonical (backend/view.hpp).
template <class T, std::size_t R>
struct LeafPlan {
    using value_type = T;
    static constexpr std::size_t leaves = 1;

    const T* data;
    Shape<R> shape;
    Shape<R> strides;

    template <class I>
    OLDPHOTO_HD T value(Element<I> where) const {
        return data[offset_of(where.i, shape, strides)];
    }
    template <std::size_t Leaf, class I>
    OLDPHOTO_HD Dual<T> dual(Element<I> where) const {
        return {value(where), T(Leaf == 0 ? 1 : 0)};
    }
    template <class I>
    OLDPHOTO_HD T at(I i) const {
        return value(Element<I>{i});
    }

    LeafRun<T> run(Index begin, Index /*n*/) const {
        const Index step = R == 0 ? 0 : strides[R == 0 ? 0 : R - 1];
        return {data + offset_of(begin, shape, strides), step};
    }
    [[nodiscard]] bool merges(std::size_t k) const { return axes_merge(shape, strides, k); }
};

/// One number everywhere.
template <class T>
struct ConstantPlan {
    using value_type = T;
    static constexpr std::size_t leaves = 1;

    T number;

    template <class I>
    OLDPHOTO_HD T value(Element<I>) const {
        return number;
    }
    template <class Where>
    auto value(Where where) const {
        return where.splat(number);
    }
    template <std::size_t I, class Where>
    OLDPHOTO_HD auto dual(Where where) const {
        const auto x = value(where);
        using X = std::remove_const_t<decltype(x)>;
        return Dual<X>{x, X(T(I == 0 ? 1 : 0))};
    }
    template <class I>
    OLDPHOTO_HD T at(I) const {
        return number;
    }
    ConstantPlan run(Index, Index) const { return *this; }
    [[nodiscard]] bool merges(std::size_t) const { return true; }
};

/// y = fn(x).
template <class Fn, class X>
struct MapPlan {
    using value_type = typename X::value_type;
    static constexpr std::size_t leaves = X::leaves;

    [[no_unique_address]] Fn fn;
    X x;

    template <class Where>
    OLDPHOTO_HD auto value(Where where) const {
        return fn.value(x.value(where));
    }
    template <std::size_t I, class Where>
    OLDPHOTO_HD auto dual(Where where) const {
        auto d = x.template dual<I>(where);
        const auto y = fn.value(d.value);
        d.tangent = fn.derivative(d.value, y) * d.tangent;
        d.value = y;
        return d;
    }
    template <class I>
    OLDPHOTO_HD value_type at(I i) const {
        return value(Element<I>{i});
    }
    auto run(Index begin, Index n) const {
        return MapPlan<Fn, decltype(x.run(begin, n))>{fn, x.run(begin, n)};
    }
    [[nodiscard]] bool merges(std::size_t k) const { return x.merges(k); }
};

/// z = fn(x, y). Leaves are numbered from the left.
template <class Fn, class X, class Y>
struct ZipPlan {
    using value_type = typename X::value_type;
    static constexpr std::size_t leaves = X::leaves + Y::leaves;

    [[no_unique_address]] Fn fn;
    X x;
    Y y;

    template <class Where>
    OLDPHOTO_HD auto value(Where where) const {
        return fn.value(x.value(where), y.value(where));
    }
    template <std::size_t I, class Where>
    OLDPHOTO_HD auto dual(Where where) const {
        if constexpr (I < X::leaves) {
            auto d = x.template dual<I>(where);
            const auto b = y.value(where);
            const auto z = fn.value(d.value, b);
            d.tangent = fn.template partial<0>(d.value, b, z) * d.tangent;
            d.value = z;
            return d;
        } else {
            const auto a = x.value(where);
            auto d = y.template dual<I - X::leaves>(where);
            const auto z = fn.value(a, d.value);
            d.tangent = fn.template partial<1>(a, d.value, z) * d.tangent;
            d.value = z;
            return d;
        }
    }
    template <class I>
    OLDPHOTO_HD value_type at(I i) const {
        return value(Element<I>{i});
    }
    auto run(Index begin, Index n) const {
        return ZipPlan<Fn, decltype(x.run(begin, n)), decltype(y.run(begin, n))>{
            fn, x.run(begin, n), y.run(begin, n)};
    }
    [[nodiscard]] bool merges(std::size_t k) const { return x.merges(k) && y.merges(k); }
};

/// A subtree that counts as one leaf: derivatives stop here.
template <class X>
struct OpaquePlan {
    using value_type = typename X::value_type;
    static constexpr std::size_t leaves = 1;

    X x;

    template <class Where>
    OLDPHOTO_HD auto value(Where where) const {
        return x.value(where);
    }
    template <std::size_t I, class Where>
    OLDPHOTO_HD auto dual(Where where) const {
        const auto y = x.value(where);
        using Y = std::remove_const_t<decltype(y)>;
        return Dual<Y>{y, Y(value_type(I == 0 ? 1 : 0))};
    }
    template <class I>
    OLDPHOTO_HD value_type at(I i) const {
        return value(Element<I>{i});
    }
    auto run(Index begin, Index n) const {
        return OpaquePlan<decltype(x.run(begin, n))>{x.run(begin, n)};
    }
    [[nodiscard]] bool merges(std::size_t k) const { return x.merges(k); }
};

/// The derivative of a tree with respect to its leaf number Leaf: a Plan like any other.
template <std::size_t Leaf, class X>
struct TangentPlan {
    using value_type = typename X::value_type;
    static constexpr std::size_t leaves = X::leaves;

    X x;

    template <class Where>
    OLDPHOTO_HD auto value(Where where) const {
        return x.template dual<Leaf>(where).tangent;
    }
    template <class Count>
    OLDPHOTO_HD value_type at(Count i) const {
        return value(Element<Count>{i});
    }
    auto run(Index begin, Index n) const {
        return TangentPlan<Leaf, decltype(x.run(begin, n))>{x.run(begin, n)};
    }
    [[nodiscard]] bool merges(std::size_t k) const { return x.merges(k); }
};

/// Element i of a random stream; Draw turns Philox words into a number.
template <class T, class Draw>
struct RandomPlan {
    using value_type = T;
    static constexpr std::size_t leaves = 1;

    [[no_unique_address]] Draw draw;
    std::uint64_t seed;
    std::uint64_t stream;
    Index begin;

    template <class I>
    OLDPHOTO_HD T value(Element<I> where) const {
        return draw(philox(seed, static_cast<std::uint64_t>(begin + where.i), stream));
    }
    template <class Where>
    auto value(Where where) const {
        return where.template generate<T>([this](Index k) { return value(Element<Index>{k}); });
    }
    template <class I>
    OLDPHOTO_HD T at(I i) const {
        return value(Element<I>{i});
    }
    RandomPlan run(Index block_begin, Index) const {
        return {draw, seed, stream, begin + block_begin};
    }
    [[nodiscard]] bool merges(std::size_t) const { return true; }
};

/// Length of the longest contiguous row that all leaves of the plan can walk with one step each:
/// the product of the last extents that merge.
template <class P, std::size_t R>
[[nodiscard]] Index row_length(const P& plan, const Shape<R>& shape) {
    if constexpr (R == 0) {
        return 1;
    } else {
        std::size_t k = R - 1;
        Index length = shape[k];
        while (k > 0 && plan.merges(k - 1)) length *= shape[--k];
        return length;
    }
}

}  // namespace oldphoto
