#pragma once

#include <oldphoto/autograd/apply.hpp>

#include <type_traits>
#include <utility>
#include <vector>

namespace oldphoto {

/// y = f(x), recorded as one step that keeps x and y alone: backward runs f again to have what
/// lies between. A long chain of layers cut into about the square root of as many pieces needs the
/// memory of one piece and of the cuts, for one more run forward.
///
/// @param f           a function of a variable to a variable. It is copied, and must give the same
///                    value both times, so it draws nothing at random.
/// @param parameters  those that f reads.
/// Source: Chen, Xu, Zhang, Guestrin, "Training deep nets with sublinear memory cost", 2016.
template <class F, class T, std::size_t R, class B>
[[nodiscard]] auto checkpoint(const F& f, const Variable<T, R, B>& x,
                              const ParameterList<T, B>& parameters) {
    if (Program::current() == nullptr) return f(x);
    Cost cost;
    const auto run = [&f, &x, &cost] {
        Program once;
        const auto recording = once.record();
        const auto y = f(x);
        for (const Step& step : once.steps()) {
            cost.operations += step.cost.operations;
            cost.bytes += step.cost.bytes;
        }
        return y;
    };
    const auto y = run();
    const std::remove_cvref_t<decltype(y)> out(y.node()->value);  // f may have returned x itself
    auto* node = out.node().get();
    auto backward = [f, x, node] {
        Program again;
        const Variable<T, R, B> leaf(x.node()->value);
        leaf.node()->requires_grad = x.node()->requires_grad;
        leaf.node()->wanted = x.node()->wanted;
        leaf.node()->listed = true;
        const auto replayed = [&] {
            const auto recording = again.replay();
            return f(leaf);
        }();
        replayed.node()->add_flow(node->flow);
        again.propagate();
        if (leaf.node()->wanted && leaf.node()->has_flow()) x.node()->add_flow(leaf.node()->flow);
    };
    std::vector<Shared<detail::NodeBase>> inputs{x.node()};
    for (const auto& parameter : parameters) inputs.push_back(parameter.node());
    detail::record_step(
        {"checkpoint", std::move(inputs), out.node(), cost, Window::everything(), {}},
        std::move(backward));
    return out;
}

}  // namespace oldphoto
