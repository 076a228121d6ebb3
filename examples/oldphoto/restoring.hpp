#pragma once

#include <oldphoto/pipeline/restorer.hpp>

#include <utility>

namespace oldphoto::program {

/// A function from photo to restored photo.
template <class Translation>
auto restoring(Translation translation) {
    return [restorer = Restorer(std::move(translation))](const Image& photo) {
        return restorer(photo).photo;
    };
}

/// The networks without a mapping between the latents.
inline auto unmapped(const Vae<>& a, const Vae<>& b, const ToneOptions& tone) {
    return restoring(
        TripletTranslation<float, Cpu, Vae<>, Sequential<>, Vae<>>(a, Sequential<>(), b, tone));
}

}  // namespace oldphoto::program
