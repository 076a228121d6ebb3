#pragma once

#include <oldphoto/nn/layer.hpp>

#include <concepts>
#include <cstddef>
#include <utility>

namespace oldphoto {

/// What trains a list of parameters:
///
///     Adam<> adam(parameters_of<float>(net), {.learning_rate = 2e-4});
///     ...
///     program.backward(loss, adam.parameters());
///     adam.step();
///
/// step() moves the parameters by the gradients of their last backward walk. visit_parameters()
/// shows what it remembers from step to step under names by position ("3.mean"), so that
/// checkpoints treat it like a network.
template <class O>
concept Optimizer =
    requires(O& optimizer, const O& seen, double rate,
             const ParameterVisitor<typename O::value_type, typename O::backend_type>& visit) {
    optimizer.step();
    optimizer.set_learning_rate(rate);
    { seen.learning_rate() } -> std::convertible_to<double>;
    {
        seen.parameters()
        } -> std::convertible_to<ParameterList<typename O::value_type, typename O::backend_type>>;
    seen.visit_parameters(visit);
};

namespace detail {

/// What all optimisers here are made of: parameters, and options that have a `learning_rate` and a
/// `check()`.
template <class Options, class T, class B>
class OptimizerBase {
public:
    using value_type = T;
    using backend_type = B;

    [[nodiscard]] double learning_rate() const noexcept { return options_.learning_rate; }
    /// @throws OptionError for a negative or infinite one; nothing has changed then.
    void set_learning_rate(double learning_rate) {
        Options changed = options_;
        changed.learning_rate = learning_rate;
        changed.check();
        options_ = changed;
    }
    [[nodiscard]] const ParameterList<T, B>& parameters() const noexcept { return parameters_; }
    [[nodiscard]] const Options& options() const noexcept { return options_; }

protected:
    OptimizerBase(ParameterList<T, B> parameters, const Options& options)
        : parameters_(std::move(parameters)), options_(options) {
        options.check();
    }

    /// Calls update(k, value, gradient), both flat, for every parameter that has a gradient.
    template <class Update>
    void for_each_gradient(const Update& update) const {
        for (std::size_t k = 0; k < parameters_.size(); ++k) {
            const auto gradient = parameters_[k].gradient();
            if (!gradient.empty()) update(k, parameters_[k].value(), gradient);
        }
    }

private:
    ParameterList<T, B> parameters_;
    Options options_;
};

}  // namespace detail

}  // namespace oldphoto
