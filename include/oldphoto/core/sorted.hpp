#pragma once

#include <oldphoto/core/function_ref.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace oldphoto::detail {

/// 0 .. count - 1, sorted by what they number; equals stay in their order.
/// @param before  before(a, b): whether what a numbers comes before what b numbers.
[[nodiscard]] inline std::vector<std::size_t> sorted_order(
    std::size_t count, FunctionRef<bool(std::size_t, std::size_t)> before) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto less = [&](std::size_t a, std::size_t b) {
        return before(a, b) || (a < b && !before(b, a));
    };
    std::make_heap(order.begin(), order.end(), less);
    std::sort_heap(order.begin(), order.end(), less);
    return order;
}

/// The items in order; equals stay in theirs. It takes O(n log n) comparisons. In place of
/// std::sort, which is compiled anew, and at length, for each type that is sorted.
/// @param before  before(a, b): whether item a comes before item b.
template <class T, class Before>
[[nodiscard]] std::vector<T> sorted(std::vector<T> items, const Before& before) {
    std::vector<T> result;
    for (const std::size_t k : sorted_order(items.size(), [&](std::size_t a, std::size_t b) {
             return before(items[a], items[b]);
         })) {
        result.push_back(std::move(items[k]));
    }
    return result;
}

}  // namespace oldphoto::detail
