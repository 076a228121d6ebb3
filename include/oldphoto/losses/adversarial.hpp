#pragma once

#include <oldphoto/ops/reduce.hpp>

#include <vector>

namespace oldphoto {

/// mean((map - target)^2): least-squares adversarial loss of a discriminator's map.
/// @param target  1 where the map shall say "real", 0 where it shall say "not"
/// Source: Mao et al., "Least squares generative adversarial networks", ICCV 2017, equation 9,
/// without its factor 1/2.
template <TrackedExpr X>
[[nodiscard]] auto lsgan_loss(const X& map, double target) {
    return mean(square(map - target));
}

/// The same for a discriminator of several scales: the sum over its last maps, not their mean, as
/// in the published program.
/// @throws OptionError when there is no map.
template <class T, class B>
[[nodiscard]] Variable<T, 0, B> lsgan_loss(const std::vector<Variable<T, 4, B>>& maps,
                                           double target) {
    require_option(!maps.empty(), "lsgan_loss", "expected a map of at least one scale",
                   maps.size());
    auto total = lsgan_loss(maps.front(), target);
    for (std::size_t k = 1; k < maps.size(); ++k) total = total + lsgan_loss(maps[k], target);
    return total;
}

}  // namespace oldphoto
