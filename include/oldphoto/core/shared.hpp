#pragma once

#include <atomic>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace oldphoto {

namespace detail {

/// One of the owners of an object of any type. The last of them ends it. Counting is compiled once
/// for all types and never inlined: tensors are copied and dropped everywhere.
class Owner {
public:
    Owner() noexcept = default;
    /// Owns `object`, which end(object) will end; at once, where there is no memory for the count.
    [[gnu::noinline]] Owner(void* object, void (*end)(void*)) {
        try {
            count_ = new Count{object, end};
        } catch (...) {
            end(object);
            throw;
        }
    }
    [[gnu::noinline]] Owner(const Owner& other) noexcept : count_(other.count_) {
        if (count_ != nullptr) count_->owners.fetch_add(1, std::memory_order_relaxed);
    }
    Owner(Owner&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
    Owner& operator=(Owner other) noexcept {
        std::swap(count_, other.count_);
        return *this;
    }
    [[gnu::noinline]] ~Owner() {
        if (count_ == nullptr || count_->owners.fetch_sub(1, std::memory_order_acq_rel) != 1)
            return;
        count_->end(count_->object);
        delete count_;
    }

private:
    struct Count {
        void* object;
        void (*end)(void*);
        std::atomic<std::ptrdiff_t> owners = 1;
    };
    Count* count_ = nullptr;
};

}  // namespace detail

/// A pointer to an object that its copies own together, or to none: std::shared_ptr with less for
/// the compiler to do. Copies may be made and dropped by several threads at once.
template <class T>
class Shared {
public:
    /// Points nowhere and owns nothing.
    Shared() noexcept = default;
    /// Owns `object`, which was made by new.
    /// @throws std::bad_alloc, when the object has already been deleted
    template <class U>
        requires(std::is_convertible_v<U*, T*>)
    explicit Shared(U* object) : Shared(object, delete_as<std::remove_const_t<U>>) {}
    /// Owns `object`, which end(object) will end.
    /// @throws std::bad_alloc, when it has already been ended
    template <class U>
        requires(std::is_convertible_v<U*, T*>)
    Shared(U* object, void (*end)(void*))
        : owner_(const_cast<std::remove_const_t<U>*>(object), end), object_(object) {}
    /// Owns what `whole` owns and points to a part of it.
    template <class U>
    Shared(const Shared<U>& whole, T* part) noexcept : owner_(whole.owner_), object_(part) {}
    /// Owns what `other` owns. Implicit, as for pointers.
    template <class U>
    Shared(const Shared<U>& other) noexcept requires(std::is_convertible_v<U*, T*>)
        : Shared(other, other.get()) {}
    Shared(const Shared& other) noexcept = default;
    Shared(Shared&& other) noexcept
        : owner_(std::move(other.owner_)), object_(std::exchange(other.object_, nullptr)) {}
    Shared& operator=(Shared other) noexcept {
        // Both, before the old object ends: it may look at this handle.
        std::swap(owner_, other.owner_);
        std::swap(object_, other.object_);
        return *this;
    }
    ~Shared() = default;

    [[nodiscard]] T* get() const noexcept { return object_; }
    [[nodiscard]] T& operator*() const noexcept { return *object_; }
    [[nodiscard]] T* operator->() const noexcept { return object_; }
    [[nodiscard]] explicit operator bool() const noexcept { return object_ != nullptr; }
    /// Whether both point to the same place.
    template <class U>
    [[nodiscard]] bool operator==(const Shared<U>& other) const noexcept {
        return object_ == other.get();
    }

private:
    template <class U>
    friend class Shared;

    template <class U>
    static void delete_as(void* object) {
        delete static_cast<U*>(object);
    }

    detail::Owner owner_;
    T* object_ = nullptr;
};

}  // namespace oldphoto
