#pragma once

#include <utility>

namespace oldphoto::detail {

/// While it lives, a variable of its thread has another value; then it has its old one again.
/// Scopes nest: they end in the reverse order of their beginning.
template <class T>
class ScopedValue {
public:
    ScopedValue(T& variable, T value) noexcept
        : variable_(variable), outer_(std::exchange(variable, value)) {}
    ScopedValue(const ScopedValue&) = delete;
    ScopedValue& operator=(const ScopedValue&) = delete;
    ~ScopedValue() { variable_ = outer_; }

private:
    T& variable_;
    T outer_;
};

}  // namespace oldphoto::detail
