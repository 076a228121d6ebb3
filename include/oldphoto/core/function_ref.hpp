#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace oldphoto {

template <class Signature>
class FunctionRef;

/// A non-owning reference to a callable: two pointers, one indirect call, no allocation. It must
/// not outlive what it refers to; take it as a parameter, do not store it.
template <class Result, class... Args>
class FunctionRef<Result(Args...)> {
public:
    /// Implicit, so that a lambda can be passed as it stands.
    template <class F>
    FunctionRef(F&& f) noexcept requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> &&
                                         std::is_invocable_r_v<Result, F&, Args...>)
        : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
          call_(call<std::remove_reference_t<F>>) {}

    Result operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

private:
    template <class F>
    static Result call(void* object, Args... args) {
        return (*static_cast<F*>(object))(std::forward<Args>(args)...);
    }

    void* object_;
    Result (*call_)(void*, Args...);
};

}  // namespace oldphoto
