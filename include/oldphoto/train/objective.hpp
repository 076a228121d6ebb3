#pragma once

#include <oldphoto/autograd/expression.hpp>
#include <oldphoto/ops/reduce.hpp>

#include <string>
#include <utility>
#include <vector>

namespace oldphoto {

/// A loss by its name, as logs show it.
struct NamedLoss {
    std::string name;
    double value = 0;
};

/// Who learns in a stage: parameters, and the share of the trainer's learning rate with which they
/// move; a generator and its discriminators may differ in it (two time scales).
template <class T, class B = Cpu>
struct Player {
    ParameterList<T, B> parameters;
    double rate = 1;
};

/// What one player of a stage minimises: a weighted sum of named losses. A stage has one player, or
/// several that learn against each other, as a generator and its discriminators do; their
/// objectives come from one recording.
template <class T, class B = Cpu>
class Objective {
public:
    void add(std::string name, double weight, const Variable<T, 0, B>& loss) {
        const Variable<T, 0, B> weighted = static_cast<T>(weight) * loss;
        total_ = total_.empty() ? weighted : Variable<T, 0, B>(total_ + weighted);
        losses_.push_back({std::move(name), static_cast<double>(loss.item())});
    }

    [[nodiscard]] const Variable<T, 0, B>& total() const noexcept { return total_; }
    /// Each without its weight.
    [[nodiscard]] const std::vector<NamedLoss>& losses() const noexcept { return losses_; }

private:
    Variable<T, 0, B> total_;
    std::vector<NamedLoss> losses_;
};

}  // namespace oldphoto
