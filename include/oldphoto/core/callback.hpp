#pragma once

#include <oldphoto/core/shared.hpp>

#include <type_traits>
#include <utility>

namespace oldphoto {

/// What to call with an Argument, or nothing. Copies share the callable. (std::function costs a
/// program more compile time.)
template <class Argument>
class Callback {
public:
    Callback() = default;
    template <class F>
        requires(!std::is_same_v<std::remove_cvref_t<F>, Callback> &&
                 std::is_invocable_v<F&, const Argument&>)
    Callback(F f)  // implicit, so that a lambda can be passed as it stands
        : callable_(new Holder<F>(std::move(f))) {}

    [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(callable_); }
    /// Does nothing where there is nothing to call.
    void operator()(const Argument& argument) const {
        if (callable_) callable_->call(argument);
    }

private:
    struct Interface {
        Interface() = default;
        Interface(const Interface&) = delete;
        Interface& operator=(const Interface&) = delete;
        virtual ~Interface() = default;
        virtual void call(const Argument& argument) = 0;
    };
    template <class F>
    struct Holder final : Interface {
        explicit Holder(F f) : callable(std::move(f)) {}
        void call(const Argument& argument) override { callable(argument); }
        F callable;
    };

    Shared<Interface> callable_;
};

}  // namespace oldphoto
