#pragma once

#include <oldphoto/image/quantise.hpp>
#include <oldphoto/image/resample.hpp>
#include <oldphoto/pipeline/restorer.hpp>
#include <oldphoto/pipeline/scratch_map.hpp>

#include <utility>
#include <vector>

/// What the published programs do to a photo, step by step and to the bit where pictures are
/// concerned, for whoever compares with them: colours are stretched to the full range, sizes are
/// rounded, grey becomes RGB and alpha is lost. Restorer and find_scratches() do what a person
/// wants instead; docs/differences.md has the list. Where the published programs go on after a
/// failure, these throw. Source: the code released with Wan et al., "Bringing Old Photos Back to
/// Life", CVPR 2020, Global/test.py and Global/detection.py.
namespace oldphoto {

namespace detail {

/// An RGB picture of 8 bits without alpha.
[[nodiscard]] inline Image plain_rgb(const Image& photo) {
    const Image rgb = to_rgb(to_8_bit(photo));
    const auto samples = rgb.samples();
    return Image::from_samples(rgb.size(), 3,
                               std::vector<std::uint8_t>(samples.begin(), samples.end()));
}

/// @throws OptionError for a photo so thin that a side becomes 0
[[nodiscard]] inline Image official_resize(const Image& photo, Size size, Resampling filter) {
    if (size.width == 0 || size.height == 0) {
        throw_option_error("official_resize",
                           "a photo of " + to_string(photo.size()) +
                               " pixels is too small, its sides are rounded to " + to_string(size));
    }
    return photo.size() == size ? photo : resize(photo, size, filter);
}

/// @throws OptionError unless the networks are such as the published programs know
template <class Networks>
void check_official(const Networks& networks) {
    constexpr Index published_multiple = 4;
    if (networks.tone().kind != ToneKind::free ||
        networks.vae_a().options().size_multiple() != published_multiple) {
        throw_option_error("official_restoration",
                           "the published programs carry no tone and shrink photos by 4; these "
                           "networks do otherwise");
    }
}

/// The output of the networks, (1, 3, H, W), as the published programs save it: the smallest number
/// becomes black, the largest white.
template <class T, class B>
[[nodiscard]] Image stretched_picture(const Tensor<T, 4, B>& y) {
    const auto values = Tensor<T, 4, B>((y + 1) / 2).to_values();
    return quantise(std::vector<float>(values.begin(), values.end()), {y.dim(3), y.dim(2)},
                    y.dim(1), Contrast::stretched);
}

}  // namespace detail

/// What detection.py makes of a photo.
struct OfficialDetection {
    Image photo;  ///< official_detection_photo()
    ScratchMap scratches;

    /// As it is saved, stretched to the full range: a mask without a clean pixel becomes black.
    /// @throws OptionError unless the threshold lies in 0..1
    [[nodiscard]] Image saved_mask(double threshold = scratch_threshold) const {
        Image mask = scratches.mask(threshold);
        return covered_share(mask) == 1 ? Image::black(mask.size(), 1) : mask;
    }
};

/// The photo as detection.py hands it on: RGB, its sides rounded to multiples of 16.
/// @param photo  grey or RGB, of 8 bits or 16.
/// @throws OptionError for a photo so thin that a side is rounded to 0
[[nodiscard]] inline Image official_detection_photo(const Image& photo) {
    return detail::official_resize(detail::plain_rgb(photo), detection_size(photo.size()),
                                   Resampling::bicubic);
}

/// detection.py in mode full_size.
/// @param photo  grey or RGB, of 8 bits or 16.
/// @throws ShapeError for a detector of other channels; OptionError for a photo so thin that a side
///         is rounded to 0, or so long that the detector would need gigabytes
template <class T, class B>
[[nodiscard]] OfficialDetection official_detection(const ScratchDetector<T, B>& detector,
                                                   const Image& photo) {
    const auto recording = Program::pause();
    Image rgb = official_detection_photo(photo);
    const Size size = detection_network_size(rgb.size());
    if (size != scratch_search_size(rgb.size())) {
        throw_option_error("official_detection", "a photo of " + to_string(photo.size()) +
                                                     " pixels would be looked at in " +
                                                     to_string(size) + ", more than 4096 a side");
    }
    const auto input = detail::detector_input<T, B>(to_grey(rgb), size);
    auto scratches = detail::scratch_map_of(detector(input), rgb.size(), ResampleMode::nearest);
    return {std::move(rgb), std::move(scratches)};
}

/// test.py in mode Full for photos without scratches. Their sides are rounded to multiples of 4.
/// @return  RGB of that size, colours stretched to the full range
/// @throws OptionError for a photo so thin that a side is rounded to 0, and for networks that carry
/// a
///         tone or shrink photos by another factor than 4
template <class T, class B, class VaeA, Layer<T, B> Map, class VaeB>
[[nodiscard]] Image official_restoration(const TripletTranslation<T, B, VaeA, Map, VaeB>& networks,
                                         const Image& photo) {
    detail::check_official(networks);
    const auto recording = Program::pause();
    const Image rgb = detail::official_resize(detail::plain_rgb(photo), full_size(photo.size()),
                                              Resampling::bilinear);
    const Variable<T, 4, B> x(to_tensor<T, B>(rgb));
    const auto z = networks.mapping()(networks.vae_a().encode(x));
    return detail::stretched_picture(networks.vae_b().decode(z).value());
}

/// test.py for photos with scratches. Nothing is resized.
/// @param photo  sides that are multiples of 4; see OfficialDetection
/// @param mask   grey, of the same size, white in holes; see OfficialDetection::saved_mask(). For
///               high resolution, where the published program lets it grow, grown(mask, 3).
/// @return       RGB, colours stretched to the full range
/// @throws ShapeError when sizes do not fit; OptionError when the mask leaves nothing clean, at
/// high
///         resolution when all patches of a scale are holes, and for networks that carry a tone or
///         shrink photos by another factor than 4
template <class T, class B, class VaeA, MaskedLayer<T, B> Map, class VaeB>
[[nodiscard]] Image official_restoration(const TripletTranslation<T, B, VaeA, Map, VaeB>& networks,
                                         const Image& photo, const Image& mask) {
    detail::check_official(networks);
    detail::check_mask("official_restoration", photo, mask);
    const auto recording = Program::pause();
    const auto holes = to_mask_tensor<T, B>(mask);
    const Variable<T, 4, B> x(to_tensor<T, B>(with_holes(detail::plain_rgb(photo), mask)));
    const auto latent = networks.vae_a().encode(x);
    detail::check_clean_latents(holes, {latent.dim(2), latent.dim(3)});
    const auto z = networks.mapping()(latent, holes);
    return detail::stretched_picture(networks.vae_b().decode(z).value());
}

}  // namespace oldphoto
