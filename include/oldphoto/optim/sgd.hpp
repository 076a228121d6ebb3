#pragma once

#include <oldphoto/optim/buffer.hpp>
#include <oldphoto/optim/optimizer.hpp>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace oldphoto {

struct SgdOptions {
    double learning_rate = 1e-2;
    double momentum = 0;      ///< how much of the velocity stays from step to step
    double weight_decay = 0;  ///< pull towards 0
    bool nesterov = false;    ///< step by the velocity that the next gradient will find

    /// @throws OptionError
    void check() const {
        const auto require = [](bool holds, const char* rule, double got) {
            require_option(holds, "sgd", rule, got);
        };
        require(learning_rate >= 0 && std::isfinite(learning_rate),
                "learning_rate must be finite and not negative", learning_rate);
        require(momentum >= 0 && momentum < 1, "momentum must lie in [0, 1)", momentum);
        require(weight_decay >= 0 && std::isfinite(weight_decay),
                "weight_decay must be finite and not negative", weight_decay);
        require(!nesterov || momentum > 0, "nesterov needs a momentum above 0", momentum);
    }
};

/// Gradient descent. With gradient g of parameter p:
///
///     g <- g + weight_decay * p
///     v <- momentum * v + g
///     p <- p - learning_rate * v                     or, nesterov,
///     p <- p - learning_rate * (g + momentum * v)
///
/// Parameters that no backward walk has listed yet are passed over.
/// States, with momentum alone: "0.velocity" (v), of the parameter's shape.
/// Source: Sutskever et al., "On the importance of initialization and momentum in deep learning",
/// ICML 2013, in PyTorch's form, in which the learning rate stands outside the velocity.
template <class T = float, class B = Cpu>
class Sgd : public detail::OptimizerBase<SgdOptions, T, B> {
public:
    /// @throws OptionError
    explicit Sgd(ParameterList<T, B> parameters, const SgdOptions& options = {})
        : detail::OptimizerBase<SgdOptions, T, B>(std::move(parameters), options) {
        if (options.momentum == 0) return;
        for (const auto& parameter : this->parameters()) {
            velocities_.push_back(zeros_like(parameter));
        }
    }

    void step() {
        const auto& o = this->options();
        this->for_each_gradient([&](std::size_t k, const auto& p, const auto& gradient) {
            const auto g = gradient + o.weight_decay * p;
            if (o.momentum == 0) {
                p.assign(p - o.learning_rate * g);
                return;
            }
            const auto velocity = velocities_[k].value();
            velocity.assign(o.momentum * velocity + g);
            if (o.nesterov) {
                p.assign(p - o.learning_rate * (g + o.momentum * velocity));
            } else {
                p.assign(p - o.learning_rate * velocity);
            }
        });
    }

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        for (std::size_t k = 0; k < velocities_.size(); ++k) {
            visit(std::to_string(k) + ".velocity", velocities_[k]);
        }
    }

private:
    std::vector<AnyVariable<T, B>> velocities_;
};

}  // namespace oldphoto
