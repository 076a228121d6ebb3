#pragma once

#include <oldphoto/core/config.hpp>
#include <oldphoto/core/error.hpp>
#include <oldphoto/core/scoped_value.hpp>
#include <oldphoto/core/shared.hpp>

#include <string>
#include <utility>
#include <vector>

namespace oldphoto {

/// What an op costs: arithmetic operations (a multiply-add counts as two) and bytes moved.
struct Cost {
    double operations = 0;
    double bytes = 0;
};

/// What an op reads around a pixel, for cutting pictures into bands: `halo` pixels of its input
/// beyond the ones under its output, which has `scale` times as many rows. An op that needs the
/// whole picture (a statistic, a reshape) is `global`.
struct Window {
    Index halo = 0;
    double scale = 1;
    bool global = false;

    [[nodiscard]] static Window pointwise() { return {}; }
    [[nodiscard]] static Window everything() { return {0, 1, true}; }
};

namespace detail {

/// A value in a program; typed by Node<T, R, B>.
struct NodeBase {
    NodeBase() = default;
    NodeBase(const NodeBase&) = delete;
    NodeBase& operator=(const NodeBase&) = delete;
    virtual ~NodeBase() = default;

    [[nodiscard]] virtual std::vector<Index> dims() const = 0;
    /// Drops the derivative that flows through during a walk.
    virtual void clear_flow() = 0;
    [[nodiscard]] virtual bool has_flow() const = 0;
    /// Moves the flow into the gradient, which it replaces.
    virtual void keep_flow() = 0;

    void reset_marks() {
        wanted = false;
        listed = false;
        clear_flow();
    }

    bool requires_grad = false;
    // During a walk:
    bool wanted = false;  // depends on a listed parameter, or is one
    bool listed = false;  // its gradient was asked for
};

/// What a step does in a walk: its closure behind one virtual call. (std::function would also
/// compile a copy of every closure.)
struct Backward {
    Backward() = default;
    Backward(const Backward&) = delete;
    Backward& operator=(const Backward&) = delete;
    virtual ~Backward() = default;
    virtual void run() const = 0;
};
template <class F>
struct BackwardClosure final : Backward {
    explicit BackwardClosure(F&& f) : closure(std::move(f)) {}
    void run() const override { closure(); }
    F closure;
};

}  // namespace detail

/// One recorded op.
struct Step {
    std::string name;
    std::vector<Shared<detail::NodeBase>> inputs;
    Shared<detail::NodeBase> output;
    Cost cost;
    Window window;
    /// Adds to the flow of the wanted inputs; null where no input requires a gradient.
    Shared<const detail::Backward> backward;
};

/// The recorded list of ops, in the order of their execution. Recording is a scope:
///
///     Program program;
///     {
///         const auto recording = program.record();
///         loss = mean(square(net(x) - y));
///     }
///     program.backward(loss, net_parameters);
///
/// Without a scope ops compute and nothing is kept. A recording may be walked backward several
/// times, for several losses or parameter lists, as long as it exists.
class Program {
public:
    Program() = default;
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    /// While alive, ops of this thread are appended to the program. Scopes nest; the inner one
    /// records.
    class Recording {
    public:
        explicit Recording(Program* program) : scope_(current_, program) {}

    private:
        detail::ScopedValue<Program*> scope_;
    };

    [[nodiscard]] Recording record() {
        replaying_ = replaying_ || replaying();
        return Recording(this);
    }
    /// A scope in which nothing is recorded.
    [[nodiscard]] static Recording pause() { return Recording(nullptr); }
    /// The program that records on this thread, or null.
    [[nodiscard]] static Program* current() noexcept { return current_; }

    /// record() for a second run of what has run before: layers leave their running state alone, in
    /// programs within this one too.
    [[nodiscard]] Recording replay() {
        replaying_ = true;
        return record();
    }
    [[nodiscard]] static bool replaying() noexcept {
        return current_ != nullptr && current_->replaying_;
    }

    [[nodiscard]] const std::vector<Step>& steps() const noexcept { return steps_; }
    void append(Step&& step) { steps_.push_back(std::move(step)); }
    void clear() { steps_.clear(); }

    /// Sets the gradient of every listed parameter to the derivative of `loss`, zero where the loss
    /// does not depend on it. Other gradients stay as they are.
    /// @param loss        a Variable of rank 0, recorded here.
    /// @param parameters  anything that iterates over AnyVariable (autograd/variable.hpp).
    /// @throws OptionError when no step of this program gave the loss.
    template <class Loss, class Parameters>
    void backward(const Loss& loss, const Parameters& parameters) const {
        require_recorded(*loss.node());
        reset_marks(parameters);
        for (const auto& parameter : parameters) {
            parameter.node()->wanted = true;
            parameter.node()->listed = true;
        }
        loss.seed_flow();
        propagate();
        for (const auto& parameter : parameters) parameter.node()->keep_flow();
        reset_marks(parameters);
    }

    /// The walk itself: carries the flows of outputs back to whatever is marked as wanted. For ops
    /// that run a program of their own inside a walk.
    void propagate() const {
        for (const Step& step : steps_) {
            for (const auto& input : step.inputs) {
                step.output->wanted = step.output->wanted || input->wanted;
            }
        }
        for (std::size_t k = steps_.size(); k-- > 0;) {
            const Step& step = steps_[k];
            if (step.output->has_flow() && step.backward) step.backward->run();
            // Nothing before this step adds to its output any more.
            if (!step.output->listed) step.output->clear_flow();
        }
    }

private:
    void require_recorded(const detail::NodeBase& loss) const {
        for (const Step& step : steps_) {
            if (step.output.get() == &loss) return;
        }
        throw_option_error("backward", "the loss was not recorded by this program");
    }

    /// Also clears what a walk that threw has left.
    template <class Parameters>
    void reset_marks(const Parameters& parameters) const {
        for (const auto& parameter : parameters) parameter.node()->reset_marks();
        for (const Step& step : steps_) {
            step.output->reset_marks();
            for (const auto& input : step.inputs) input->reset_marks();
        }
    }

    static inline thread_local Program* current_ = nullptr;
    bool replaying_ = false;
    std::vector<Step> steps_;
};

}  // namespace oldphoto
