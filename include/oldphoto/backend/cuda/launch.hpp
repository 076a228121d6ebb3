#pragma once

#include <oldphoto/backend/plan.hpp>

#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>

#include <cstdint>
#include <limits>

/// Plans given to thrust: the one way to every system that thrust has. An explicit execution policy
/// says which, so that several of them can be used in one program. Opt-in: needs thrust; without
/// nvcc, define THRUST_DEVICE_SYSTEM as THRUST_DEVICE_SYSTEM_CPP.
namespace oldphoto::launch {
inline namespace OLDPHOTO_SIDE {

/// A kernel takes 4096 bytes of arguments; thrust adds a few of its own.
inline constexpr std::size_t largest_argument = 4000;

/// destination[i] = plan[i]. A struct and not a lambda: nvcc names a kernel after its argument.
template <class T, std::size_t R, Plan P>
struct AssignElement {
    View<T, R> destination;
    P plan;

    template <class I>
    OLDPHOTO_HD void operator()(I i) const {
        destination.data[offset_of(i, destination.shape, destination.strides)] = plan.at(i);
    }
};

/// Calls fn(i) for 0 <= i < n, in 32 bits where they can count that far; fn is passed by value.
template <class Policy, class Fn>
void for_each_index(const Policy& policy, Index n, const Fn& fn) {
    static_assert(sizeof(Fn) <= largest_argument,
                  "launch: the expression is too large for a kernel's arguments; evaluate a part "
                  "of it into a tensor first");
    if (n <= std::numeric_limits<std::int32_t>::max()) {
        thrust::for_each_n(policy, thrust::counting_iterator<std::int32_t>(0), n, fn);
    } else {
        thrust::for_each_n(policy, thrust::counting_iterator<std::int64_t>(0), n, fn);
    }
}

/// destination[i] = plan[i]. The plan may read the destination itself, element by element.
template <class Policy, class T, std::size_t R, Plan P>
void assign(const Policy& policy, const View<T, R>& destination, const P& plan) {
    for_each_index(policy, destination.shape.size(), AssignElement<T, R, P>{destination, plan});
}

}  // namespace OLDPHOTO_SIDE
}  // namespace oldphoto::launch
