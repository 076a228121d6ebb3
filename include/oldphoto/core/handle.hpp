#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace oldphoto {

/// A std::shared_ptr whose counting is not compiled into every place that copies or drops one.
/// Tensors and variables are passed by value everywhere; this halves what a compiler has to do for
/// them (docs/architecture.md has the numbers).
template <class T>
class Handle {
public:
    Handle() noexcept = default;
    Handle(std::shared_ptr<T> pointer) noexcept  // implicit: a handle is what make_shared gives
        : pointer_(std::move(pointer)) {}
    /// To a base class.
    template <class Derived>
        requires(std::is_convertible_v<Derived*, T*> && !std::is_same_v<Derived, T>)
    Handle(const Handle<Derived>& other) noexcept : pointer_(other.shared()) {}

    [[gnu::noinline]] Handle(const Handle& other) noexcept : pointer_(other.pointer_) {}
    [[gnu::noinline]] Handle& operator=(const Handle& other) noexcept {
        pointer_ = other.pointer_;
        return *this;
    }
    Handle(Handle&& other) noexcept : pointer_(std::move(other.pointer_)) {}
    [[gnu::noinline]] Handle& operator=(Handle&& other) noexcept {
        pointer_ = std::move(other.pointer_);
        return *this;
    }
    [[gnu::noinline]] ~Handle() {}

    [[nodiscard]] T* get() const noexcept { return pointer_.get(); }
    [[nodiscard]] T& operator*() const noexcept { return *pointer_; }
    [[nodiscard]] T* operator->() const noexcept { return pointer_.get(); }
    [[nodiscard]] const std::shared_ptr<T>& shared() const noexcept { return pointer_; }
    [[nodiscard]] explicit operator bool() const noexcept { return pointer_ != nullptr; }
    [[nodiscard]] friend bool operator==(const Handle& handle, std::nullptr_t) noexcept {
        return handle.pointer_ == nullptr;
    }

private:
    std::shared_ptr<T> pointer_;
};

}  // namespace oldphoto
