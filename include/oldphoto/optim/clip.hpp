#pragma once

#include <oldphoto/autograd/variable.hpp>
#include <oldphoto/tensor/reduce.hpp>

#include <cmath>

namespace oldphoto {

/// Scales the gradients of all parameters together, in place, so that their Euclidean norm, taken
/// as one long vector, is at most `max_norm`. Parameters without a gradient are passed over.
/// @param max_norm  above 0; infinity only measures.
/// @return          the norm before.
/// @throws OptionError for another max_norm, and when the norm is infinite or no number, so that a
///                     training that has diverged stops before a step spoils the weights. No
///                     gradient has changed then.
/// Source: Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks",
/// ICML 2013, algorithm 1.
template <class T, class B>
double clip_gradient_norm(const ParameterList<T, B>& parameters, double max_norm) {
    const char* const op = "clip_gradient_norm";
    require_option(max_norm > 0, op, "max_norm must be positive", max_norm);
    double squares = 0;
    for (const auto& parameter : parameters) {
        const auto gradient = parameter.gradient();
        if (!gradient.empty()) squares += static_cast<double>(sum(square(gradient)));
    }
    const double norm = std::sqrt(squares);
    require_option(std::isfinite(norm), op, "the norm of the gradients must be finite", norm);
    if (norm > max_norm) {
        for (const auto& parameter : parameters) {
            const auto gradient = parameter.gradient();
            if (!gradient.empty()) gradient *= max_norm / norm;
        }
    }
    return norm;
}

}  // namespace oldphoto
