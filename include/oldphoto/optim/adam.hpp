#pragma once

#include <oldphoto/optim/buffer.hpp>
#include <oldphoto/optim/optimizer.hpp>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace oldphoto {

struct AdamOptions {
    double learning_rate = 1e-3;
    double beta1 = 0.9;       ///< how much of the gradients' mean stays from step to step
    double beta2 = 0.999;     ///< how much of the squared gradients' mean stays
    double eps = 1e-8;        ///< added to the root of the latter
    double weight_decay = 0;  ///< pull towards 0; Adam and AdamW differ in where it acts

    /// @throws OptionError
    void check() const {
        const auto require = [](bool holds, const char* rule, double got) {
            require_option(holds, "adam", rule, got);
        };
        require(learning_rate >= 0 && std::isfinite(learning_rate),
                "learning_rate must be finite and not negative", learning_rate);
        require(beta1 >= 0 && beta1 < 1, "beta1 must lie in [0, 1)", beta1);
        require(beta2 >= 0 && beta2 < 1, "beta2 must lie in [0, 1)", beta2);
        require(eps > 0 && std::isfinite(eps), "eps must be finite and positive", eps);
        require(weight_decay >= 0 && std::isfinite(weight_decay),
                "weight_decay must be finite and not negative", weight_decay);
    }
};

/// Adam. With gradient g of parameter p, t the steps in which p had a gradient, this one included:
///
///     g <- g + weight_decay * p
///     m <- beta1 * m + (1 - beta1) * g
///     v <- beta2 * v + (1 - beta2) * g^2
///     p <- p - learning_rate * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps)
///
/// Parameters that no backward walk has listed yet are passed over.
/// States: "0.mean" (m), "0.square" (v), both of the parameter's shape, and "0.steps" (t).
/// Source: Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
template <class T = float, class B = Cpu>
class Adam : public detail::OptimizerBase<AdamOptions, T, B> {
public:
    /// @throws OptionError
    explicit Adam(ParameterList<T, B> parameters, const AdamOptions& options = {})
        : Adam(std::move(parameters), options, false) {}

    void step() {
        this->for_each_gradient([this](std::size_t k, const auto& value, const auto& g) {
            move(states_[k], value, g);
        });
    }

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        for (std::size_t k = 0; k < states_.size(); ++k) {
            const std::string name = std::to_string(k);
            visit(name + ".mean", states_[k].mean);
            visit(name + ".square", states_[k].square);
            visit(name + ".steps", states_[k].steps);
        }
    }

protected:
    Adam(ParameterList<T, B> parameters, const AdamOptions& options, bool decoupled)
        : detail::OptimizerBase<AdamOptions, T, B>(std::move(parameters), options),
          decoupled_(decoupled) {
        for (const auto& parameter : this->parameters()) {
            states_.push_back({zeros_like(parameter), zeros_like(parameter),
                               make_buffer({}, Tensor<T, 1, B>::zeros({1}))});
        }
    }

private:
    struct State {
        AnyVariable<T, B> mean;
        AnyVariable<T, B> square;
        AnyVariable<T, B> steps;
    };

    void move(const State& state, const Tensor<T, 1, B>& p, const Tensor<T, 1, B>& g) const {
        const auto& o = this->options();
        const auto mean = state.mean.value();
        const auto square = state.square.value();
        const auto advance = [&](const auto& gradient) {
            mean.assign(o.beta1 * mean + (1 - o.beta1) * gradient);
            square.assign(o.beta2 * square + (1 - o.beta2) * oldphoto::square(gradient));
        };
        if (o.weight_decay == 0 || decoupled_) {
            advance(g);
        } else {
            advance(g + o.weight_decay * p);
        }

        const auto steps = state.steps.value();
        steps += 1;
        const auto t = static_cast<double>(steps.item());
        const double rate = o.learning_rate / (1 - std::pow(o.beta1, t));
        const double root = 1 / std::sqrt(1 - std::pow(o.beta2, t));
        const double kept = decoupled_ ? 1 - o.learning_rate * o.weight_decay : 1;
        p.assign(kept * p - rate * mean / (root * sqrt(square) + o.eps));
    }

    std::vector<State> states_;
    bool decoupled_;
};

/// Adam whose weight decay acts on the parameter and not through the gradient:
///
///     p <- (1 - learning_rate * weight_decay) * p - Adam's step without decay
///
/// Source: Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2,
/// with the decay scaled by the learning rate, as in PyTorch.
template <class T = float, class B = Cpu>
class AdamW : public Adam<T, B> {
public:
    /// @throws OptionError
    explicit AdamW(ParameterList<T, B> parameters, const AdamOptions& options = {})
        : Adam<T, B>(std::move(parameters), options, true) {}
};

}  // namespace oldphoto
