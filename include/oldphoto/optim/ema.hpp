#pragma once

#include <oldphoto/nn/layer.hpp>
#include <oldphoto/optim/buffer.hpp>

#include <algorithm>
#include <vector>

namespace oldphoto {

/// The exponential moving average of a network's parameters, often a better network than the last
/// one:
///
///     average <- decay * average + (1 - decay) * value
///
/// Buffers, such as running statistics and counters, are copied. The average is visited under the
/// network's own names and shapes, so that it is saved as a network is.
/// Source: Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992, with
/// exponential weights.
template <class T = float, class B = Cpu>
class Ema {
public:
    /// Begins with what the network holds now, and shares its variables.
    /// @param decay  in [0, 1), the closer to 1 the longer it remembers: 1 / (1 - decay) updates
    /// @throws OptionError
    template <class Net>
    Ema(const Net& net, double decay) : live_(state_of<T, B>(net)), decay_(decay) {
        require_option(decay >= 0 && decay < 1, "ema", "decay must lie in [0, 1)", decay);
        Index largest = 0;
        for (const auto& [name, variable] : live_) {
            averages_.push_back(make_buffer(variable.dims(), variable.value().clone()));
            largest = std::max(largest, variable.size());
        }
        spare_ = Tensor<T, 1, B>::zeros({largest});
    }

    /// Takes in the network as it is now; to be called after every step of its optimiser.
    void update() { update_by(decay_); }

    /// The same with the decay min(decay, (1 + t) / (10 + t)), so that after few steps the average
    /// is not that of the first weights above all.
    /// @param t  number of updates before this one.
    void update(Index t) {
        const auto before = static_cast<double>(t);
        update_by(std::min(decay_, (1 + before) / (10 + before)));
    }

    /// Exchanges the average and the network's values, to look at the average or to save it; a
    /// second call puts them back.
    void swap() noexcept {
        for (std::size_t k = 0; k < live_.size(); ++k) {
            const auto value = live_[k].variable.value();
            const auto average = averages_[k].value();
            const auto kept = spare_.slice(0, 0, value.size());
            kept.assign(value);
            value.assign(average);
            average.assign(kept);
        }
    }

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        for (std::size_t k = 0; k < live_.size(); ++k) visit(live_[k].name, averages_[k]);
    }

private:
    void update_by(double decay) {
        for (std::size_t k = 0; k < live_.size(); ++k) {
            const auto value = live_[k].variable.value();
            const auto average = averages_[k].value();
            if (live_[k].variable.requires_grad()) {
                average.assign(decay * average + (1 - decay) * value);
            } else {
                average.assign(value);
            }
        }
    }

    std::vector<NamedVariable<T, B>> live_;
    std::vector<AnyVariable<T, B>> averages_;
    Tensor<T, 1, B> spare_;  ///< as large as the largest of them, so that swap() cannot fail
    double decay_;
};

}  // namespace oldphoto
