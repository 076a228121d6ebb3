#pragma once

#include <oldphoto/pipeline/infer_networks.hpp>
#include <oldphoto/pipeline/restorer.hpp>

namespace oldphoto {

/// Restores photos with scratches, tears and other holes.
template <class T = float, class B = Cpu>
using ScratchRestorer = Restorer<T, B, Vae<T, B>, ScratchMapping<T, B>>;

/// The same for photos of high resolution, where the attention of the other takes too long.
template <class T = float, class B = Cpu>
using HighResolutionRestorer = Restorer<T, B, Vae<T, B>, HighResolutionMapping<T, B>>;

/// The detector of a file, ready for inference.
/// @param file  a detector's state, or a model with one under "detector.".
/// @param path  where it comes from, for messages.
/// @throws WeightsError when it does not fit
template <class T = float, class B = Cpu>
[[nodiscard]] ScratchDetector<T, B> load_detector(const Safetensors& file,
                                                  const std::string& path) {
    auto arrays = with_prefix(file.tensors, "detector.");
    if (arrays.empty()) arrays = file.tensors;
    const ScratchDetector<T, B> detector(infer_detector_options(arrays, path), Init::zeros());
    load_state<T, B>(detector, arrays, path);
    return detector;
}

}  // namespace oldphoto
