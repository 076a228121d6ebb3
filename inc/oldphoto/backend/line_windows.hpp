#pragma once

#include <oldphoto/core/config.hpp>

#include <algorithm>

namespace oldphoto {

/// Places [begin, end) of a line of pixels.
struct Stretch {
    Index begin;
    Index end;

    [[nodiscard]] constexpr Index length() const noexcept { return end - begin; }
};

/// Windows along a line: `kernel` places each, `stride` apart, the first one beginning `padding`
/// places before the line.
struct LineWindows {
    Index kernel;
    Index stride;
    Index padding;

    /// What window `o` covers of a line of `length`.
    [[nodiscard]] constexpr Stretch covered(Index o, Index length) const noexcept {
        const Index begin = o * stride - padding;
        return {std::clamp(begin, Index{0}, length), std::clamp(begin + kernel, Index{0}, length)};
    }
};

}  // namespace oldphoto
