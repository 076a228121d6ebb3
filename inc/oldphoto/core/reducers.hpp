#pragma once

#include <oldphoto/core/math.hpp>

#include <limits>

namespace oldphoto {

// A reducer has identity<T>(), which changes nothing, and combine(a, b) over scalars and packs. The
// order in which a backend combines follows from shapes alone.

struct SumReducer {
    template <class T>
    OLDPHOTO_HD static constexpr T identity() {
        return T(0);
    }
    template <class X>
    OLDPHOTO_HD static X combine(X a, X b) {
        return a + b;
    }
};

struct MaxReducer {
    template <class T>
    OLDPHOTO_HD static constexpr T identity() {
        return -std::numeric_limits<T>::infinity();
    }
    template <class X>
    OLDPHOTO_HD static X combine(X a, X b) {
        using math::max;
        return max(a, b);
    }
};

}  // namespace oldphoto
