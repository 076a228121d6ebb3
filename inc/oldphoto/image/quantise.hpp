#pragma once

#include <oldphoto/image/image.hpp>
#include <oldphoto/image/rounding.hpp>

#include <algorithm>
#include <cstdint>
#include <span>

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
    const float* read = planes.data();
    for (Index channel = 0; channel < channels; ++channel) {
        std::uint8_t* write = out.data() + channel;
        for (Index pixel = 0; pixel < size.width * size.height; ++pixel) {
            const float value = (*read++ - low) / range;
            *write = detail::truncated_to_byte(detail::rounded_product(value, 255.0F) + 0.5F);
            write += channels;
        }
    }
    return image;
}

}  // namespace oldphoto
