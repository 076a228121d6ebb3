#pragma once

#include <utility>

namespace oldphoto {

/// How far float kernels may trade digits for speed; see docs/performance.md for what each costs.
enum class Numerics {
    accurate,  ///< convolutions err two to three times as much as a plain sum
    fast,      ///< ten to twenty times as much
    bf16x3,    ///< the factors of products are sums of two bfloat16; fast where that saves no time
    bf16,      ///< the factors of products are bfloat16, their sums float
};

/// While it lives, ops of this thread compute as it says, whichever threads share the work. Without
/// one they are fast.
class NumericsScope {
public:
    explicit NumericsScope(Numerics numerics) noexcept
        : outer_(std::exchange(current_, numerics)) {}
    NumericsScope(const NumericsScope&) = delete;
    NumericsScope& operator=(const NumericsScope&) = delete;
    ~NumericsScope() { current_ = outer_; }

    [[nodiscard]] static Numerics current() noexcept { return current_; }

private:
    static inline thread_local Numerics current_ = Numerics::fast;
    Numerics outer_;
};

}  // namespace oldphoto
