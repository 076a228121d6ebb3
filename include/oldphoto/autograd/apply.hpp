#pragma once

#include <oldphoto/autograd/variable.hpp>

#include <array>
#include <tuple>
#include <type_traits>
#include <utility>

/// apply<Op>: run forward now, and inside a Program's recording keep what backward needs.
///
/// An op is a struct with its options as members and
///
///     static constexpr const char* name
///     forward(a, b, ...)                 the value, from tensors, or from variables where the op
///                                        wants to see what is pending on them
///     backward(gy, a, b, ...)            a gradient for each input: one tensor or a tuple; or
///     backward(gy, wanted, a, b, ...)    the same, told by std::array<bool, inputs> which of them
///                                        are asked for; the others may stay empty
///     window(y_shape, a_shape, ...)      what it reads around a pixel
///     cost(y_shape, a_shape, ...)        operations and bytes
///
/// forward may keep what it computed in the op itself, which lives as long as the record.
namespace oldphoto {

namespace detail {

template <class T, std::size_t R, class B>
Variable<T, R, B> to_variable(const Tensor<T, R, B>& value) {
    return Variable<T, R, B>(value);
}
template <class T, class B>
Variable<T, 4, B> to_variable(const Deferred<T, B>& value) {
    return Variable<T, 4, B>(value);
}

template <class Op, class... V>
auto run_forward(Op& op, const V&... inputs) {
    if constexpr (requires { op.forward(inputs.value()...); }) {
        return op.forward(inputs.value()...);
    } else {
        return op.forward(inputs...);
    }
}

/// Calls backward in the form that the op has, with tensors or variables, and returns a tuple.
template <class Op, class G, class... V>
auto run_backward(const Op& op, const G& gy, const std::array<bool, sizeof...(V)>& wanted,
                  const V&... inputs) {
    const auto as_tuple = []<class Result>(Result result) {
        if constexpr (requires { std::tuple_size<Result>::value; }) {
            return result;
        } else {
            return std::tuple<Result>(std::move(result));
        }
    };
    if constexpr (requires { op.backward(gy, wanted, inputs...); }) {
        return as_tuple(op.backward(gy, wanted, inputs...));
    } else if constexpr (requires { op.backward(gy, wanted, inputs.value()...); }) {
        return as_tuple(op.backward(gy, wanted, inputs.value()...));
    } else if constexpr (requires { op.backward(gy, inputs.value()...); }) {
        return as_tuple(op.backward(gy, inputs.value()...));
    } else {
        return as_tuple(op.backward(gy, inputs...));
    }
}

template <class G, class V>
void deliver(const G& gradient, const V& input) {
    if (input.node()->wanted && !gradient.empty()) input.node()->add_flow(gradient);
}

/// Whether a gradient passes through a step, which its output is told.
inline bool mark_gradient(const Step& step) {
    for (const auto& input : step.inputs) {
        if (input->requires_grad) step.output->requires_grad = true;
    }
    return step.output->requires_grad;
}

/// Appends a step to the program that records on this thread, if one does.
/// @param backward  called with no argument; adds to the flow of the wanted inputs.
template <class F>
void record_step(Step&& step, F&& backward) {
    static_assert(!std::is_reference_v<F>, "a closure is moved into its step");
    if (Program::current() == nullptr) return;
    if (mark_gradient(step))
        step.backward = Shared<const Backward>(new BackwardClosure<F>(std::forward<F>(backward)));
    Program::current()->append(std::move(step));
}

}  // namespace detail

/// Runs an op on variables, or on expressions of them, which are evaluated first.
template <class Op, TrackedExpr... In>
[[nodiscard]] auto apply(Op op, const In&... in) {
    return [&op](const auto&... inputs) {
        auto out = detail::to_variable(detail::run_forward(op, inputs...));
        if (Program::current() != nullptr) {
            const Cost cost = op.cost(out.shape(), inputs.shape()...);
            const Window window = op.window(out.shape(), inputs.shape()...);
            auto* node = out.node().get();  // the step keeps it alive
            auto backward = [op = std::move(op), node, inputs...] {
                const std::array<bool, sizeof...(inputs)> wanted{inputs.node()->wanted...};
                const auto gradients = detail::run_backward(op, node->flow, wanted, inputs...);
                std::apply([&](const auto&... g) { (detail::deliver(g, inputs), ...); }, gradients);
            };
            detail::record_step({Op::name, {inputs.node()...}, out.node(), cost, window, {}},
                                std::move(backward));
        }
        return out;
    }(as_variable(in)...);
}

}  // namespace oldphoto
