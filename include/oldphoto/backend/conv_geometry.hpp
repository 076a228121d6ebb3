#pragma once

#include <oldphoto/core/shape.hpp>

#include <string_view>

namespace oldphoto {

/// Two numbers for the vertical and the horizontal axis; one number stands for both.
struct Pair {
    Index h;
    Index w;

    constexpr Pair(Index both) noexcept : h(both), w(both) {}  // implicit: stride = 2
    constexpr Pair(Index vertical, Index horizontal) noexcept : h(vertical), w(horizontal) {}

    friend constexpr bool operator==(const Pair&, const Pair&) = default;
};

/// How the windows of a convolution lie over a picture (N, C, H, W), and the picture (N, O, oh, ow)
/// they give. The transposed convolution has the same geometry, read the other way round.
struct ConvGeometry {
    Pair kernel{1};
    Pair stride{1};
    Pair padding{0};  ///< zeros on each side
    Pair dilation{1};
    Index groups = 1;

    /// Pixels that a window reaches over.
    [[nodiscard]] constexpr Pair reach() const noexcept {
        return {(kernel.h - 1) * dilation.h + 1, (kernel.w - 1) * dilation.w + 1};
    }
    /// Windows that fit: floor((size + 2 padding - reach) / stride) + 1.
    [[nodiscard]] constexpr Pair output_size(Pair input) const noexcept {
        return {(input.h + 2 * padding.h - reach().h) / stride.h + 1,
                (input.w + 2 * padding.w - reach().w) / stride.w + 1};
    }

    /// @throws OptionError unless kernel, stride, dilation, groups > 0 and padding >= 0.
    void check(std::string_view op) const {
        const auto positive = [&](Pair p, const char* what) {
            if (p.h < 1 || p.w < 1) {
                throw_option_error(
                    op, detail::joined({what, " must be positive, got (", p.h, ", ", p.w, ")"}));
            }
        };
        positive(kernel, "kernel");
        positive(stride, "stride");
        positive(dilation, "dilation");
        positive(groups, "groups");
        if (padding.h < 0 || padding.w < 0) throw_option_error(op, "padding must not be negative");
    }
};

}  // namespace oldphoto
