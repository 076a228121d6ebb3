#pragma once

#include <oldphoto/train/mapping_stage.hpp>
#include <oldphoto/train/vae_stage.hpp>

#include <cmath>
#include <vector>

// Networks and batches that are small enough to train within a test.

namespace oldphoto::test {

inline constexpr VaeOptions tiny_vae_options{.width = 2,
                                             .max_width = 3,
                                             .stages = 2,
                                             .first_residual = 0,
                                             .bottleneck = VaeBottleneck::half,
                                             .norm = NormKind::affine_instance,
                                             .tanh_output = false};
inline constexpr MappingOptions tiny_mapping_options{
    .base = 3, .max_width = 6, .blocks = 1, .widen = 1};

template <class T>
Vae<T> tiny_vae(std::uint64_t seed) {
    Rng rng(seed);
    return Vae<T>(tiny_vae_options, rng);
}

/// Waves of random direction and colour in [-1, 1], and the same with noise as the damaged input.
template <class T>
Batch<T> waves(Index count, Index side, std::uint64_t seed) {
    Rng rng(seed);
    std::vector<T> values;
    for (Index plane = 0; plane < count * 3; ++plane) {
        const double fx = rng.uniform(-0.5, 0.5);
        const double fy = rng.uniform(-0.5, 0.5);
        const double phase = rng.uniform(0, 6);
        for (Index y = 0; y < side; ++y) {
            for (Index x = 0; x < side; ++x) {
                const auto at = fx * static_cast<double>(x) + fy * static_cast<double>(y) + phase;
                values.push_back(static_cast<T>(0.8 * std::sin(at)));
            }
        }
    }
    const auto target = Tensor<T, 4>::from_values({count, 3, side, side}, values);
    return {target + normal<T, 4>(target.shape(), rng, T(0), T(0.1)), target, {}};
}

/// All numbers of a state, one after another.
template <class T, class Net>
std::vector<T> numbers_of(const Net& net) {
    std::vector<T> numbers;
    for (const auto& [name, variable] : state_of<T>(net)) {
        const auto values = variable.value().to_values();
        numbers.insert(numbers.end(), values.begin(), values.end());
    }
    return numbers;
}

}  // namespace oldphoto::test
