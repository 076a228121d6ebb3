#pragma once

#include <oldphoto/image/image.hpp>
#include <oldphoto/image/rounding.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace oldphoto {

/// `kept`: 0 is black, 1 is white. `stretched`: the smallest number of the whole picture is black,
/// the largest white; a constant picture becomes black.
enum class Contrast { kept, stretched };

/// Makes an 8-bit picture of real numbers, as torchvision's save_image does:
///
///     v = (x - min) / max(max - min, 1e-5)                (stretched only)
///     y = trunc(v * 255 + 1/2) within 0 .. 255,           in float
///
/// @param planes  (C, height, width), finite; NaN becomes black.
/// @param channels  1 or 3.
/// @throws OptionError as Image does; ShapeError when `planes` does not hold C * height * width
/// numbers.
[[nodiscard]] inline Image quantise(std::span<const float> planes, Size size, Index channels,
                                    Contrast contrast) {
    auto image = Image::black(size, channels);
    const auto out = image.samples();
    if (planes.size() != out.size()) {
        throw_shape_error("quantise", "expected channels * height * width numbers",
                          {{"picture (C, H, W)", {channels, size.height, size.width}},
                           {"numbers (count)", {static_cast<Index>(planes.size())}}});
    }
    float low = 0.0F;
    float range = 1.0F;
    if (contrast == Contrast::stretched) {
        const auto [smallest, largest] = std::minmax_element(planes.begin(), planes.end());
        low = *smallest;
        range = static_cast<float>(std::max(double{*largest} - double{low}, 1e-5));
    }
    const auto pixels = static_cast<std::size_t>(size.width * size.height);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const float value = (planes[i] - low) / range;
        const std::size_t plane = i / pixels;
        out[i % pixels * static_cast<std::size_t>(channels) + plane] =
            detail::truncated_to_byte(detail::rounded_product(value, 255.0F) + 0.5F);
    }
    return image;
}

}  // namespace oldphoto
