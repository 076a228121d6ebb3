#pragma once

#include <oldphoto/core/math.hpp>

#include <concepts>

/// Elementwise functors: value and derivative of each, written once for scalars and packs (X is
/// either). A functor of one operand has derivative(x, y) = dy/dx, where y is its value; one of two
/// has partial<I>(a, b, z) = dz/d(operand I).
namespace oldphoto::fn {

using math::abs;
using math::exp;
using math::log;
using math::max;
using math::min;
using math::select;
using math::sqrt;
using math::tanh;

struct AddFn {
    static constexpr const char* name = "add";
    template <class X>
    OLDPHOTO_HD X value(X a, X b) const {
        return a + b;
    }
    template <std::size_t I, class X>
    OLDPHOTO_HD X partial(X, X, X) const {
        return X(1);
    }
};

struct SubtractFn {
    static constexpr const char* name = "subtract";
    template <class X>
    OLDPHOTO_HD X value(X a, X b) const {
        return a - b;
    }
    template <std::size_t I, class X>
    OLDPHOTO_HD X partial(X, X, X) const {
        return X(I == 0 ? 1 : -1);
    }
};

/// The elementwise (Hadamard) product.
struct MultiplyFn {
    static constexpr const char* name = "multiply";
    template <class X>
    OLDPHOTO_HD X value(X a, X b) const {
        return a * b;
    }
    template <std::size_t I, class X>
    OLDPHOTO_HD X partial(X a, X b, X) const {
        return I == 0 ? b : a;
    }
};

struct DivideFn {
    static constexpr const char* name = "divide";
    template <class X>
    OLDPHOTO_HD X value(X a, X b) const {
        return a / b;
    }
    template <std::size_t I, class X>
    OLDPHOTO_HD X partial(X, X b, X z) const {
        return I == 0 ? X(1) / b : -(z / b);
    }
};

/// The larger one; where both are equal the gradient goes to the second.
struct MaximumFn {
    static constexpr const char* name = "maximum";
    template <class X>
    OLDPHOTO_HD X value(X a, X b) const {
        return max(a, b);
    }
    template <std::size_t I, class X>
    OLDPHOTO_HD X partial(X a, X b, X) const {
        return I == 0 ? select(a > b, X(1), X(0)) : select(a > b, X(0), X(1));
    }
};

/// The smaller one; where both are equal the gradient goes to the second.
struct MinimumFn {
    static constexpr const char* name = "minimum";
    template <class X>
    OLDPHOTO_HD X value(X a, X b) const {
        return min(a, b);
    }
    template <std::size_t I, class X>
    OLDPHOTO_HD X partial(X a, X b, X) const {
        return I == 0 ? select(a < b, X(1), X(0)) : select(a < b, X(0), X(1));
    }
};

struct NegateFn {
    static constexpr const char* name = "negate";
    template <class X>
    OLDPHOTO_HD X value(X x) const {
        return -x;
    }
    template <class X>
    OLDPHOTO_HD X derivative(X, X) const {
        return X(-1);
    }
};

struct SquareFn {
    static constexpr const char* name = "square";
    template <class X>
    OLDPHOTO_HD X value(X x) const {
        return x * x;
    }
    template <class X>
    OLDPHOTO_HD X derivative(X x, X) const {
        return x + x;
    }
};

struct SqrtFn {
    static constexpr const char* name = "sqrt";
    template <class X>
    OLDPHOTO_HD X value(X x) const {
        return sqrt(x);
    }
    template <class X>
    OLDPHOTO_HD X derivative(X, X y) const {
        return X(0.5F) / y;
    }
};

/// -1, 0 or 1; no gradient.
struct SignFn {
    static constexpr const char* name = "sign";
    template <class X>
    OLDPHOTO_HD X value(X x) const {
        return select(x > X(0), X(1), select(x < X(0), X(-1), X(0)));
    }
    template <class X>
    OLDPHOTO_HD X derivative(X, X) const {
        return X(0);
    }
};

/// |x|; its derivative is taken as 0 at 0.
struct AbsFn {
    static constexpr const char* name = "abs";
    template <class X>
    OLDPHOTO_HD X value(X x) const {
        return abs(x);
    }
    template <class X>
    OLDPHOTO_HD X derivative(X x, X) const {
        return SignFn{}.value(x);
    }
};

struct ExpFn {
    static constexpr const char* name = "exp";
    template <class X>
    OLDPHOTO_HD X value(X x) const {
        return exp(x);
    }
    template <class X>
    OLDPHOTO_HD X derivative(X, X y) const {
        return y;
    }
};

struct LogFn {
    static constexpr const char* name = "log";
    template <class X>
    OLDPHOTO_HD X value(X x) const {
        return log(x);
    }
    template <class X>
    OLDPHOTO_HD X derivative(X x, X) const {
        return X(1) / x;
    }
};

struct TanhFn {
    static constexpr const char* name = "tanh";
    template <class X>
    OLDPHOTO_HD X value(X x) const {
        return tanh(x);
    }
    template <class X>
    OLDPHOTO_HD X derivative(X, X y) const {
        return X(1) - y * y;
    }
};

/// 1 / (1 + e^-x), computed as (1 + tanh(x / 2)) / 2, which cannot overflow.
struct SigmoidFn {
    static constexpr const char* name = "sigmoid";
    template <class X>
    OLDPHOTO_HD X value(X x) const {
        return X(0.5F) + X(0.5F) * tanh(X(0.5F) * x);
    }
    template <class X>
    OLDPHOTO_HD X derivative(X, X y) const {
        return y * (X(1) - y);
    }
};

/// max(x, 0); its derivative is taken as 0 at 0.
struct ReluFn {
    static constexpr const char* name = "relu";
    template <class X>
    OLDPHOTO_HD X value(X x) const {
        return select(x < X(0), X(0), x);
    }
    template <class X>
    OLDPHOTO_HD X derivative(X x, X) const {
        return select(x > X(0), X(1), X(0));
    }
};

/// x where x > 0, slope * x elsewhere.
/// Source: Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models",
/// 2013.
struct LeakyReluFn {
    static constexpr const char* name = "leaky_relu";
    float slope = 0.2F;
    template <class X>
    OLDPHOTO_HD X value(X x) const {
        return select(x > X(0), x, X(slope) * x);
    }
    template <class X>
    OLDPHOTO_HD X derivative(X x, X) const {
        return select(x > X(0), X(1), X(slope));
    }
};

/// x limited to [low, high]; no gradient outside.
struct ClampFn {
    static constexpr const char* name = "clamp";
    float low;
    float high;
    template <class X>
    OLDPHOTO_HD X value(X x) const {
        return min(X(high), max(X(low), x));
    }
    template <class X>
    OLDPHOTO_HD X derivative(X x, X) const {
        return select(x < X(low), X(0), select(x > X(high), X(0), X(1)));
    }
};

}  // namespace oldphoto::fn
