#pragma once

#include <oldphoto/core/rng.hpp>
#include <oldphoto/image/image.hpp>

#include <concepts>

namespace oldphoto {

/// What a network sees and what it should make of it; RGB pictures of one size.
struct TrainingSample {
    Image input;
    Image target;
    bool real_old = false;  ///< from a photo that is really old, not from a degraded one
};

/// Something to draw training samples from. A sample is a function of the state of `rng` alone, and
/// several threads draw at once.
template <class D>
concept Dataset = std::copy_constructible<D> && requires(const D& dataset, Rng& rng) {
    { dataset(rng) } -> std::same_as<TrainingSample>;
};

}  // namespace oldphoto
