#pragma once

#include <oldphoto/core/error.hpp>

#include <cmath>
#include <numbers>

/// Factors in [0, 1] by which a trainer multiplies its learning rate: pure functions of the number
/// of the step, counted from 0, so that training resumes with no state. A step may stand for an
/// epoch.
namespace oldphoto {

/// 1 up to and with step `constant_steps`, then in a straight line to 0, which is reached
/// `decay_steps` later. The published schedule, step by epoch.
/// @throws OptionError when an argument is negative.
[[nodiscard]] inline double linear_decay(Index step, Index constant_steps, Index decay_steps) {
    const char* const op = "linear_decay";
    require_option(step >= 0, op, "step must not be negative", step);
    require_option(constant_steps >= 0, op, "constant_steps must not be negative", constant_steps);
    require_option(decay_steps >= 0, op, "decay_steps must not be negative", decay_steps);
    const Index decayed = step - constant_steps;
    if (decayed <= 0) return 1;
    if (decayed >= decay_steps) return 0;
    return 1 - static_cast<double>(decayed) / static_cast<double>(decay_steps);
}

/// Half a cosine from 1 down to `floor`, which step `total_steps` and all later ones have. The
/// first `warmup_steps` rise to it in a straight line.
///
///     floor + (1 - floor) * (1 + cos(pi * (step - warmup) / (total - warmup))) / 2
///
/// @throws OptionError unless 0 <= warmup_steps < total_steps, step >= 0, 0 <= floor <= 1.
/// Source: Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
/// equation 5, without restarts.
[[nodiscard]] inline double cosine(Index step, Index total_steps, double floor = 0,
                                   Index warmup_steps = 0) {
    const char* const op = "cosine";
    require_option(step >= 0, op, "step must not be negative", step);
    require_option(warmup_steps >= 0, op, "warmup_steps must not be negative", warmup_steps);
    require_option(total_steps > warmup_steps, op, "total_steps must exceed warmup_steps",
                   total_steps);
    require_option(floor >= 0 && floor <= 1, op, "floor must lie in [0, 1]", floor);
    if (step < warmup_steps) {
        return static_cast<double>(step + 1) / static_cast<double>(warmup_steps + 1);
    }
    if (step >= total_steps) return floor;
    const double passed =
        static_cast<double>(step - warmup_steps) / static_cast<double>(total_steps - warmup_steps);
    return floor + (1 - floor) * (1 + std::cos(std::numbers::pi * passed)) / 2;
}

}  // namespace oldphoto
