#pragma once

#include <oldphoto/autograd/variable.hpp>
#include <oldphoto/ops/dropout.hpp>

namespace oldphoto {

/// In training, drops each element with probability p and stretches the others; else hands its
/// input on. See dropout().
class Dropout {
public:
    /// @param p    in [0, 1]
    /// @param rng  drawn from at every call in training; must outlive the layer and its copies. Its
    ///             state is all that an exact resume needs.
    Dropout(double p, Rng& rng) : p_(p), rng_(&rng) {}

    /// @throws OptionError for another p
    template <class T, std::size_t R, class B>
    [[nodiscard]] Variable<T, R, B> operator()(const Variable<T, R, B>& x) const {
        return dropout(x, p_, *rng_, training_);
    }
    void set_training(bool training) { training_ = training; }

private:
    double p_;
    Rng* rng_;
    bool training_ = false;
};

}  // namespace oldphoto
