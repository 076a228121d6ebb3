#pragma once

#include <oldphoto/nn/layer.hpp>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace oldphoto {

/// Layers one after another, held as data. Their states are named by position: "4.weight".
template <class T = float, class B = Cpu>
class Sequential {
public:
    Sequential() = default;
    Sequential(std::initializer_list<AnyLayer<T, B>> layers) : layers_(layers) {}

    void add(AnyLayer<T, B> layer) { layers_.push_back(std::move(layer)); }

    [[nodiscard]] std::size_t size() const noexcept { return layers_.size(); }

    [[nodiscard]] Variable<T, 4, B> operator()(Variable<T, 4, B> x) const {
        for (const auto& layer : layers_) x = layer(x);
        return x;
    }
    /// Layers [begin, end) alone, the same ones.
    /// @throws OptionError when there are no such layers.
    [[nodiscard]] Sequential slice(std::size_t begin, std::size_t end) const {
        if (begin > end || end > size()) {
            throw_option_error("sequential",
                               detail::joined({"expected 0 <= begin <= end <= ", size(), ", got [",
                                               begin, ", ", end, ")"}));
        }
        Sequential part;
        part.layers_.assign(layers_.begin() + static_cast<std::ptrdiff_t>(begin),
                            layers_.begin() + static_cast<std::ptrdiff_t>(end));
        return part;
    }

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        for (std::size_t k = 0; k < layers_.size(); ++k) {
            visit_child(std::to_string(k), layers_[k], visit);
        }
    }
    void set_training(bool training) {
        for (auto& layer : layers_) layer.set_training(training);
    }

private:
    std::vector<AnyLayer<T, B>> layers_;
};

}  // namespace oldphoto
