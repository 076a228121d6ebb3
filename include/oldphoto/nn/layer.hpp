#pragma once

#include <oldphoto/autograd/variable.hpp>
#include <oldphoto/core/function_ref.hpp>
#include <oldphoto/core/shared.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// Layers are values and plain callables. A layer over pictures has
///
///     Variable<T, 4, B> operator()(const Variable<T, 4, B>&) const
///     void visit_parameters(const ParameterVisitor<T, B>&) const    if it has a state
///     void set_training(bool)                                      if training changes what it
///     does
///
/// Training is off until it is set. Copies share their parameters, as handles do.
namespace oldphoto {

/// What can stand in a Sequential.
template <class L, class T, class B = Cpu>
concept Layer = requires(const L& layer, const Variable<T, 4, B>& x) {
    { layer(x) } -> std::convertible_to<Variable<T, 4, B>>;
};

/// What takes a mask beside its picture: (N, 1, H, W), in [0, 1], 1 is a hole and 0 is clean.
template <class L, class T, class B = Cpu>
concept MaskedLayer = requires(const L& layer, const Variable<T, 4, B>& x,
                               const Tensor<T, 4, B>& mask) {
    { layer(x, mask) } -> std::convertible_to<Variable<T, 4, B>>;
};

/// Called with a name ("encoder.1.weight") and the variable that it names.
template <class T, class B = Cpu>
using ParameterVisitor = FunctionRef<void(std::string_view name, const AnyVariable<T, B>&)>;

/// Visits the state of `child`, names prefixed with "prefix.".
template <class T, class B, class Child>
void visit_child(std::string_view prefix, const Child& child, const ParameterVisitor<T, B>& visit) {
    if constexpr (requires { child.visit_parameters(visit); }) {
        const auto prefixed = [&](std::string_view name, const AnyVariable<T, B>& variable) {
            visit(detail::joined({prefix, ".", name}), variable);
        };
        child.visit_parameters(ParameterVisitor<T, B>(prefixed));
    }
}

/// A variable with its place in a state dict.
template <class T, class B = Cpu>
struct NamedVariable {
    std::string name;
    AnyVariable<T, B> variable;
};

/// The whole state of a layer or network in the order of its file: parameters, and buffers such as
/// running statistics, which require no gradient.
template <class T, class B = Cpu, class Net>
[[nodiscard]] std::vector<NamedVariable<T, B>> state_of(const Net& net) {
    std::vector<NamedVariable<T, B>> state;
    const auto collect = [&](std::string_view name, const AnyVariable<T, B>& variable) {
        state.push_back({std::string(name), variable});
    };
    net.visit_parameters(ParameterVisitor<T, B>(collect));
    return state;
}

/// What an optimiser steps over.
template <class T, class B = Cpu, class Net>
[[nodiscard]] ParameterList<T, B> parameters_of(const Net& net) {
    ParameterList<T, B> parameters;
    for (const auto& [name, variable] : state_of<T, B>(net)) {
        if (variable.requires_grad()) parameters.push_back(variable);
    }
    return parameters;
}

/// Number of trainable elements.
template <class T, class B = Cpu, class Net>
[[nodiscard]] Index count_parameters(const Net& net) {
    Index count = 0;
    for (const auto& parameter : parameters_of<T, B>(net)) count += parameter.size();
    return count;
}

/// Any layer over pictures behind one type, so that networks hold layers as data. A copy is the
/// same layer.
template <class T, class B = Cpu>
class AnyLayer {
public:
    template <class L>
        requires(!std::is_same_v<L, AnyLayer> && Layer<L, T, B>)
    AnyLayer(L layer)  // implicit: a list of layers is written as one
        : layer_(new Holder<L>(std::move(layer))) {}

    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        return layer_->forward(x);
    }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        layer_->visit_parameters(visit);
    }
    void set_training(bool training) { layer_->set_training(training); }

private:
    struct Interface {
        Interface() = default;
        Interface(const Interface&) = delete;
        Interface& operator=(const Interface&) = delete;
        virtual ~Interface() = default;
        [[nodiscard]] virtual Variable<T, 4, B> forward(const Variable<T, 4, B>& x) const = 0;
        virtual void visit_parameters(const ParameterVisitor<T, B>& visit) const = 0;
        virtual void set_training(bool training) = 0;
    };

    template <class L>
    struct Holder final : Interface {
        explicit Holder(L l) : layer(std::move(l)) {}
        [[nodiscard]] Variable<T, 4, B> forward(const Variable<T, 4, B>& x) const override {
            return layer(x);
        }
        void visit_parameters(const ParameterVisitor<T, B>& visit) const override {
            if constexpr (requires { layer.visit_parameters(visit); })
                layer.visit_parameters(visit);
        }
        void set_training(bool training) override {
            if constexpr (requires { layer.set_training(training); }) layer.set_training(training);
        }
        L layer;
    };

    Shared<Interface> layer_;
};

}  // namespace oldphoto
