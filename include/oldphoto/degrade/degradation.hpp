#pragma once

#include <oldphoto/core/rng.hpp>
#include <oldphoto/image/image.hpp>

#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

/// What all degradations share: how strengths are stated, checked, drawn and told.
namespace oldphoto {

/// Makes a photo worse; everything random is drawn from the Rng. The result has the size and the
/// channels of the photo. Called by several threads at once.
using Degradation = std::function<Image(const Image& photo, Rng& rng)>;

/// A strength is drawn from the numbers between both ends, all equally likely.
struct Range {
    double low;
    double high;
};

/// The same for integers, both ends included.
struct IntRange {
    Index low;
    Index high;
};

/// A photo made worse, and what was done in words: "JPEG, quality 57".
struct Degraded {
    Image photo;
    std::string text;
};

namespace detail {

/// "0.7", "1e-05"
inline std::string short_number(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", number);
    return text;
}

inline double draw(const Range& range, Rng& rng) {
    return rng.uniform(range.low, range.high);
}

inline Index draw(const IntRange& range, Rng& rng) {
    return range.low + rng.integer(range.high - range.low + 1);
}

/// True with the given probability.
inline bool chance(double probability, Rng& rng) {
    return rng.uniform() < probability;
}

/// @param name  of the option: "jpeg.probability".
inline void check_probability(std::string_view op, std::string_view name, double probability) {
    if (!(probability >= 0.0 && probability <= 1.0)) {
        throw_option_error(
            op, std::string(name) + " must lie in 0 .. 1, got " + short_number(probability));
    }
}

inline void check_range(std::string_view name, const Range& range, const Range& limits) {
    if (limits.low <= range.low && range.low <= range.high && range.high <= limits.high) return;
    const auto text = [](const Range& r) {
        return short_number(r.low) + " .. " + short_number(r.high);
    };
    throw_option_error("degrade", std::string(name) + " must be a range within " + text(limits) +
                                      ", got " + text(range));
}

inline void check_range(std::string_view name, const IntRange& range, const IntRange& limits) {
    const auto real = [](const IntRange& r) {
        return Range{static_cast<double>(r.low), static_cast<double>(r.high)};
    };
    check_range(name, real(range), real(limits));
}

}  // namespace detail

}  // namespace oldphoto
