#pragma once

#include <oldphoto/image/color.hpp>
#include <oldphoto/image/size_rules.hpp>
#include <oldphoto/image/tensor.hpp>
#include <oldphoto/models/detector.hpp>
#include <oldphoto/ops/resample.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

/// Where a photo is scratched: from the detector's network to masks.
namespace oldphoto {

/// The share from which on a pixel is taken for a scratch, as published.
inline constexpr double scratch_threshold = 0.4;

/// How likely each pixel of a photo is a scratch.
class ScratchMap {
public:
    /// @param probabilities  in [0, 1], row by row.
    /// @throws ShapeError when there is not one for each pixel.
    ScratchMap(Size size, std::vector<float> probabilities)
        : size_(size), probabilities_(std::move(probabilities)) {
        const auto count = static_cast<Index>(probabilities_.size());
        if (count != size.width * size.height) {
            throw_shape_error(
                "ScratchMap", "expected one probability for each pixel",
                {{"photo (H, W)", {size.height, size.width}}, {"probabilities (count)", {count}}});
        }
    }

    [[nodiscard]] Size size() const noexcept { return size_; }
    [[nodiscard]] const std::vector<float>& probabilities() const noexcept {
        return probabilities_;
    }

    /// 255 where a scratch is at least as likely as `threshold`, else 0.
    /// @throws OptionError unless the threshold lies in 0..1
    [[nodiscard]] Image mask(double threshold = scratch_threshold) const {
        require_option(threshold >= 0 && threshold <= 1, "ScratchMap", "threshold must lie in 0..1",
                       threshold);
        const auto limit = static_cast<float>(threshold);
        return picture_of([limit](float p) { return p >= limit ? 255 : 0; });
    }
    /// The probabilities as grey levels: 0 is black, 1 is white.
    [[nodiscard]] Image picture() const {
        return picture_of([](float p) { return static_cast<int>(p * 255 + 0.5F); });
    }

private:
    template <class LevelOf>
    [[nodiscard]] Image picture_of(const LevelOf& level_of) const {
        std::vector<std::uint8_t> levels(probabilities_.size());
        std::transform(probabilities_.begin(), probabilities_.end(), levels.begin(),
                       [&](float p) { return static_cast<std::uint8_t>(level_of(p)); });
        return Image::from_samples(size_, 1, std::move(levels));
    }

    Size size_;
    std::vector<float> probabilities_;
};

namespace detail {

/// What the detector is given of a grey photo: sampled bilinearly, without averaging where it
/// shrinks, as published.
/// @return  (1, 1, h, w)
template <class T, class B>
[[nodiscard]] Variable<T, 4, B> detector_input(const Image& grey, Size size) {
    return resample(Variable<T, 4, B>(to_tensor<T, B>(grey)), {size.height, size.width},
                    ResampleMode::bilinear);
}

/// sigmoid(logits), brought to the photo's size.
template <class T, class B>
[[nodiscard]] ScratchMap scratch_map_of(const Variable<T, 4, B>& logits, Size photo,
                                        ResampleMode mode) {
    const Variable<T, 4, B> likely = sigmoid(logits);
    const auto values = resample(likely, {photo.height, photo.width}, mode).value().to_values();
    return {photo, std::vector<float>(values.begin(), values.end())};
}

}  // namespace detail

/// The size at which scratches are looked for: the short side 256, the long one in proportion but
/// at most 16 times that, both multiples of 16.
[[nodiscard]] inline Size scratch_search_size(Size photo) {
    constexpr Index longest = 4096;
    const Size size = detection_network_size(photo);
    return {std::min(size.width, longest), std::min(size.height, longest)};
}

/// Looks for scratches.
/// @param detector  takes grey pictures, gives one map of logits.
/// @param photo     grey or RGB, of 8 bits or 16, of any size from 1 x 1 pixel.
/// @throws ShapeError for a detector of other channels
template <class T, class B>
[[nodiscard]] ScratchMap find_scratches(const ScratchDetector<T, B>& detector, const Image& photo) {
    const auto recording = Program::pause();
    const Image grey = to_grey(to_8_bit(photo));
    const auto size = scratch_search_size(photo.size());
    return detail::scratch_map_of(detector(detail::detector_input<T, B>(grey, size)), photo.size(),
                                  ResampleMode::bilinear);
}

}  // namespace oldphoto
