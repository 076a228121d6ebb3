#pragma once

#include <oldphoto/models/face_generator.hpp>
#include <oldphoto/pipeline/hole_restorers.hpp>

/// The published networks, with the widths and depths of the released weights; load_state() fills
/// them, an Init that draws begins their training.
/// Source: the code released with Wan et al., "Bringing Old Photos Back to Life", CVPR 2020.
namespace oldphoto {

namespace detail {

template <class Map, class T, class B>
[[nodiscard]] TripletTranslation<T, B, Vae<T, B>, Map> official_translation(const Init& init) {
    return {Vae<T, B>({}, init, VaePart::encoder), Map({}, init),
            Vae<T, B>({}, init, VaePart::decoder)};
}

}  // namespace detail

/// VAE_A_quality, mapping_quality and VAE_B_quality: for photos without scratches.
template <class T = float, class B = Cpu>
[[nodiscard]] TripletTranslation<T, B> official_quality(const Init& init = Init::zeros()) {
    return detail::official_translation<Mapping<T, B>, T, B>(init);
}

/// VAE_A_quality, mapping_scratch and VAE_B_scratch: for photos with scratches.
template <class T = float, class B = Cpu>
[[nodiscard]] auto official_scratch(const Init& init = Init::zeros()) {
    return detail::official_translation<ScratchMapping<T, B>, T, B>(init);
}

/// VAE_A_quality, mapping_Patch_Attention and VAE_B_scratch: for scratched photos of high
/// resolution.
template <class T = float, class B = Cpu>
[[nodiscard]] auto official_high_resolution(const Init& init = Init::zeros()) {
    return detail::official_translation<HighResolutionMapping<T, B>, T, B>(init);
}

/// FT_Epoch_latest.pt: finds scratches.
template <class T = float, class B = Cpu>
[[nodiscard]] ScratchDetector<T, B> official_detector(const Init& init = Init::zeros()) {
    return {{}, init};
}

/// Setting_9_epoch_100: faces of 256 x 256 pixels, no parsing map.
template <class T = float, class B = Cpu>
[[nodiscard]] FaceGenerator<T, B> official_face_256(const Init& init = Init::zeros()) {
    return {{.size = 256}, init};
}

/// FaceSR_512: faces of 512 x 512 pixels, no parsing map.
template <class T = float, class B = Cpu>
[[nodiscard]] FaceGenerator<T, B> official_face_512(const Init& init = Init::zeros()) {
    return {{.size = 512}, init};
}

}  // namespace oldphoto
