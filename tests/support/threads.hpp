#pragma once

#include <oldphoto/core/parallel.hpp>

namespace oldphoto::test {

/// Computes with 1, 2 and 3 threads and tells whether all three results are equal. The number of
/// threads is put back afterwards.
template <class Compute>
bool same_for_any_threads(const Compute& compute) {
    struct Scope {
        int before = thread_count();
        ~Scope() { set_thread_count(before); }
    } scope;
    const auto with = [&](int threads) {
        set_thread_count(threads);
        return compute();
    };
    const auto expected = with(1);
    return with(2) == expected && with(3) == expected;
}

}  // namespace oldphoto::test
