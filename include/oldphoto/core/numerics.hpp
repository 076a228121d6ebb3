#pragma once

#include <oldphoto/core/scoped_value.hpp>

namespace oldphoto {

/// How far float kernels may trade digits for speed; see docs/performance.md for what each costs.
enum class Numerics {
    accurate,  ///< convolutions err two to three times as much as a plain sum
    fast,      ///< ten to twenty times as much
    bf16x3,    ///< with AMX, factors of products are sums of two bfloat16; else as fast
    bf16,      ///< factors of products are bfloat16, their sums float
};

/// While it lives, ops of this thread compute as it says, whichever threads share the work. Without
/// one they are fast.
class NumericsScope {
public:
    explicit NumericsScope(Numerics numerics) noexcept : scope_(current_, numerics) {}

    [[nodiscard]] static Numerics current() noexcept { return current_; }

private:
    static inline thread_local Numerics current_ = Numerics::fast;
    detail::ScopedValue<Numerics> scope_;
};

}  // namespace oldphoto
