#pragma once

#include <oldphoto/data/crop.hpp>
#include <oldphoto/data/image_folder.hpp>
#include <oldphoto/data/sample.hpp>
#include <oldphoto/data/single_tone.hpp>
#include <oldphoto/degrade/degradation.hpp>
#include <oldphoto/image/color.hpp>

#include <string_view>
#include <utility>

/// The sets that the published networks are trained with. Every sample is a square of a random
/// photo, flipped with probability 1/2; a photo too small for it is enlarged bicubically.
namespace oldphoto {

namespace detail {

inline void check_photo_set(std::string_view op, Index crop, double grey_probability) {
    require_option(crop >= 1, op, "crop must be positive", crop);
    check_probability(op, "grey_probability", grey_probability);
}

/// A random photo, in colour and with room for a square of `crop` pixels.
inline Image draw_photo(const ImageFolder& folder, Index crop, Rng& rng) {
    return to_rgb(with_sides_at_least(*folder.photo(rng.integer(folder.size())), crop));
}

inline Image draw_crop(const ImageFolder& folder, Index crop, Rng& rng) {
    const Image photo = draw_photo(folder, crop, rng);
    return cropped(photo, random_crop(photo.size(), crop, rng));
}

/// The same square of a photo and of its degraded version.
inline TrainingSample draw_pair(const ImageFolder& folder, const Degradation& degradation,
                                Index crop, bool degrade_crop, Rng& rng) {
    const Image photo = draw_photo(folder, crop, rng);
    const Crop place = random_crop(photo.size(), crop, rng);
    Image clean = cropped(photo, place);
    Image degraded =
        degrade_crop ? degradation(clean, rng) : cropped(degradation(photo, rng), place);
    return {std::move(degraded), std::move(clean)};
}

/// Without colour, but with three channels.
inline Image without_color(const Image& image) {
    return to_rgb(to_grey(image));
}

}  // namespace detail

/// The defaults are the published ones.
struct CleanPhotosOptions {
    Index crop = 256;               ///< pixels
    double grey_probability = 0.1;  ///< of a sample without colour
};

/// Clean photos, for the VAE that photos are translated to; input and target are the same.
class CleanPhotos {
public:
    /// @throws OptionError when an option is out of range.
    explicit CleanPhotos(ImageFolder clean, const CleanPhotosOptions& options = {})
        : clean_(std::move(clean)), options_(options) {
        detail::check_photo_set("CleanPhotos", options.crop, options.grey_probability);
    }

    [[nodiscard]] TrainingSample operator()(Rng& rng) const {
        const bool grey = detail::chance(options_.grey_probability, rng);
        const Image picture = detail::draw_crop(clean_, options_.crop, rng);
        const Image seen = grey ? detail::without_color(picture) : picture;
        return {seen, seen};
    }

private:
    ImageFolder clean_;
    CleanPhotosOptions options_;
};

/// The defaults are the published ones.
struct OldPhotosOptions {
    Index crop = 256;               ///< pixels
    double grey_probability = 0.1;  ///< of a sample without colour
    double old_probability = 0.5;   ///< of a really old photo
    /// Crop first, then degrade: for small crops many times faster than degrading whole photos, but
    /// a degradation does not see what lies beyond the crop.
    bool degrade_crop = false;
    /// Colour shall not tell both kinds of photos apart. Old ones of one tone (less than 8 levels
    /// away from it, see deviation_from_single_tone()) lose their colour, and degraded ones just as
    /// often: for each of them an old one is drawn that decides. Where nearly all old photos are of
    /// one tone, nearly all samples are grey then.
    bool match_grey = false;
};

/// Old photos and degraded clean ones, for the VAE that photos are translated from; input and
/// target are the same.
class OldPhotos {
public:
    /// @throws OptionError when an option is out of range.
    OldPhotos(ImageFolder old, ImageFolder clean, Degradation degradation,
              const OldPhotosOptions& options = {})
        : old_(std::move(old)),
          clean_(std::move(clean)),
          degradation_(std::move(degradation)),
          options_(options) {
        detail::check_photo_set("OldPhotos", options.crop, options.grey_probability);
        detail::check_probability("OldPhotos", "old_probability", options.old_probability);
    }

    [[nodiscard]] TrainingSample operator()(Rng& rng) const {
        const bool real_old = detail::chance(options_.old_probability, rng);
        bool grey = detail::chance(options_.grey_probability, rng);
        const Image picture = real_old ? draw_old(rng) : draw_degraded(rng);
        if (options_.match_grey && !grey) grey = has_one_tone(real_old ? picture : draw_old(rng));
        const Image seen = grey ? detail::without_color(picture) : picture;
        return {seen, seen, real_old};
    }

private:
    [[nodiscard]] Image draw_old(Rng& rng) const {
        return detail::draw_crop(old_, options_.crop, rng);
    }

    [[nodiscard]] Image draw_degraded(Rng& rng) const {
        return detail::draw_pair(clean_, degradation_, options_.crop, options_.degrade_crop, rng)
            .input;
    }

    [[nodiscard]] static bool has_one_tone(const Image& image) {
        constexpr double most = 8.0;
        return deviation_from_single_tone(image) < most;
    }

    ImageFolder old_;
    ImageFolder clean_;
    Degradation degradation_;
    OldPhotosOptions options_;
};

/// The defaults are the published ones.
struct PairedPhotosOptions {
    Index crop = 256;               ///< pixels
    double grey_probability = 0.1;  ///< of a sample whose two pictures are without colour
    bool degrade_crop = false;      ///< crop first, then degrade: see OldPhotosOptions
};

/// Degraded photos and what they were before, for the mapping. Both have the same crop and flip.
class PairedPhotos {
public:
    /// @throws OptionError when an option is out of range.
    PairedPhotos(ImageFolder clean, Degradation degradation,
                 const PairedPhotosOptions& options = {})
        : clean_(std::move(clean)), degradation_(std::move(degradation)), options_(options) {
        detail::check_photo_set("PairedPhotos", options.crop, options.grey_probability);
    }

    [[nodiscard]] TrainingSample operator()(Rng& rng) const {
        const bool grey = detail::chance(options_.grey_probability, rng);
        TrainingSample pair =
            detail::draw_pair(clean_, degradation_, options_.crop, options_.degrade_crop, rng);
        if (!grey) return pair;
        return {detail::without_color(pair.input), detail::without_color(pair.target)};
    }

private:
    ImageFolder clean_;
    Degradation degradation_;
    PairedPhotosOptions options_;
};

}  // namespace oldphoto
