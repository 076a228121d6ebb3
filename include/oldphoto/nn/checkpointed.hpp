#pragma once

#include <oldphoto/autograd/checkpoint.hpp>
#include <oldphoto/nn/sequential.hpp>

#include <algorithm>

namespace oldphoto {

/// The value of `layers`, recorded as one step for every `every` of them, which keeps what goes in
/// and comes out alone and runs its layers again on the way back (autograd/checkpoint.hpp).
/// @param every  0 records as usual.
template <class T, class B>
[[nodiscard]] Variable<T, 4, B> run_checkpointed(const Sequential<T, B>& layers,
                                                 Variable<T, 4, B> x, std::size_t every) {
    if (every == 0) return layers(x);
    for (std::size_t begin = 0; begin < layers.size(); begin += every) {
        const auto piece = layers.slice(begin, std::min(begin + every, layers.size()));
        x = checkpoint(piece, x, parameters_of<T, B>(piece));
    }
    return x;
}

}  // namespace oldphoto
