#pragma once

#include <oldphoto/autograd/program.hpp>
#include <oldphoto/data/loader.hpp>
#include <oldphoto/optim/adam.hpp>
#include <oldphoto/optim/clip.hpp>
#include <oldphoto/optim/ema.hpp>
#include <oldphoto/optim/schedule.hpp>
#include <oldphoto/pipeline/weights.hpp>
#include <oldphoto/train/objective.hpp>

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace oldphoto {

/// What a Trainer trains: networks and the losses that a batch gives them.
///
///     players()               who learns
///     objectives(batch, rng)  what each player minimises, in the same order, from one recording
///     visit_parameters()      the state of all networks that learn
///     set_training(bool)
template <class S, class T, class B = Cpu>
concept Stage = requires(S& stage, const S& seen, const Batch<T, B>& batch, Rng& rng,
                         const ParameterVisitor<T, B>& visit) {
    { seen.players() } -> std::same_as<std::vector<Player<T, B>>>;
    { seen.objectives(batch, rng) } -> std::same_as<std::vector<Objective<T, B>>>;
    seen.visit_parameters(visit);
    stage.set_training(true);
};

/// The published settings of the first stage, counted in steps.
struct TrainerOptions {
    AdamOptions adam{.learning_rate = 2e-4, .beta1 = 0.5, .beta2 = 0.999};
    Index constant_steps = 100'000;                              ///< at the full learning rate
    Index decay_steps = 100'000;                                 ///< in which it then falls to 0
    double clip_norm = std::numeric_limits<double>::infinity();  ///< of each player's gradients
    double average_decay = 0.999;  ///< of the average of the weights; 0 follows them
    std::uint64_t seed = 0;        ///< of what the stage draws
};

/// What a step did.
struct StepReport {
    Index step = 0;  ///< counted from 1
    double learning_rate = 0;
    std::vector<NamedLoss> losses;  ///< of all players, before the step
};

/// Training as steps: forward once, then each player in its turn backward and one step of Adam.
///
///     Trainer trainer(VaeStage<>(vae, {}), {});
///     if (resuming) trainer.resume("state.safetensors");
///     Loader<> loader(dataset, {.batch_size = 16,
///                               .first_batch = std::uint64_t(trainer.steps_done())});
///     while (trainer.steps_done() < steps) trainer.step(loader.next());
///     trainer.save("state.safetensors");
///
/// With batches that go on as well, a training that resumes has the same bits as one that was never
/// interrupted.
template <class S, class T = float, class B = Cpu>
    requires Stage<S, T, B>
class Trainer {
public:
    /// @throws OptionError
    Trainer(S stage, const TrainerOptions& options)
        : stage_(std::move(stage)),
          options_(options),
          rng_(derived_rng(options.seed, no_batch)),
          average_(stage_, options.average_decay) {
        require_option(options_.clip_norm > 0, "Trainer", "clip_norm must be positive",
                       options_.clip_norm);
        static_cast<void>(rate_factor());  // checks the schedule
        for (auto& [parameters, rate] : stage_.players()) {
            rates_.push_back(rate);
            optimizers_.emplace_back(std::move(parameters), options_.adam);
        }
        stage_.set_training(true);
    }

    [[nodiscard]] const S& stage() const noexcept { return stage_; }
    [[nodiscard]] Index steps_done() const noexcept { return steps_done_; }

    /// @throws Error when a loss is not finite; no weight has changed then. OptionError when the
    ///         gradients of a player are not; the players before it have moved.
    StepReport step(const Batch<T, B>& batch) {
        Program program;
        std::vector<Objective<T, B>> objectives;
        {
            const auto recording = program.record();
            objectives = stage_.objectives(batch, rng_);
        }
        StepReport report{steps_done_ + 1, options_.adam.learning_rate * rate_factor(), {}};
        require_option(objectives.size() == optimizers_.size(), "Trainer",
                       "a stage must have one objective for each of its " +
                           std::to_string(optimizers_.size()) + " players",
                       objectives.size());
        for (const auto& objective : objectives) {
            for (const auto& loss : objective.losses()) {
                require_finite(loss);
                report.losses.push_back(loss);
            }
        }
        for (std::size_t k = 0; k < objectives.size(); ++k) {
            Adam<T, B>& optimizer = optimizers_[k];
            program.backward(objectives[k].total(), optimizer.parameters());
            clip_gradient_norm(optimizer.parameters(), options_.clip_norm);
            optimizer.set_learning_rate(report.learning_rate * rates_[k]);
            optimizer.step();
        }
        average_.update(steps_done_);
        ++steps_done_;
        return report;
    }

    /// Calls look() while the networks hold the average of their weights and do not train: to
    /// validate it, or to save it.
    template <class Look>
    void with_average(const Look& look) {
        const Averaged averaged(*this);
        look();
    }

    /// Gives the networks the average of their weights for good: training is over.
    void keep_average() {
        average_.swap();
        stage_.set_training(false);
    }

    /// Writes weights, their average, optimisers, step and generator to a safetensors file.
    /// @param recipe  what else the training depends on, as text; see resume().
    void save(const std::string& path, const std::string& recipe = "") const {
        NamedArrays arrays;
        save_state<T, B>(*this, arrays, "");
        Metadata metadata;
        metadata.insert("format", "oldphoto training");
        metadata.insert("step", std::to_string(steps_done_));
        metadata.insert("seed", std::to_string(options_.seed));
        metadata.insert("streams_drawn", std::to_string(rng_.streams_drawn()));
        metadata.insert("recipe", recipe);
        write_safetensors(path, arrays, metadata);
    }

    /// Goes on where save() was called. When it throws, nothing has changed.
    /// @throws IoError when the file cannot be read, WeightsError when it is not of this training:
    ///         another recipe or seed, or networks of another shape.
    void resume(const std::string& path, const std::string& recipe = "") {
        const Safetensors file = read_safetensors(path);
        const auto text = [&](const char* name) {
            const std::string* found = file.metadata.find(name);
            if (found == nullptr) {
                detail::throw_weights_error(path,
                                            "is not the state of a training: its metadata "
                                            "has no " +
                                                quote_json(name));
            }
            return *found;
        };
        const auto require_same = [&](const char* name, const std::string& ours) {
            if (const std::string stored = text(name); stored != ours) {
                detail::throw_weights_error(path, "is of a training with another " +
                                                      std::string(name) + "\n  file = " + stored +
                                                      "\n  here = " + ours);
            }
        };
        const auto number = [&](const char* name) {
            const std::string digits = text(name);
            std::uint64_t value = 0;
            const char* const end = digits.data() + digits.size();
            if (digits.empty() || std::from_chars(digits.data(), end, value).ptr != end) {
                detail::throw_weights_error(
                    path, quote_json(name) + " is not a number: " + quote_json(digits));
            }
            return value;
        };
        require_same("recipe", recipe);
        require_same("seed", std::to_string(options_.seed));
        const auto step = static_cast<Index>(number("step"));
        const std::uint64_t streams_drawn = number("streams_drawn");
        load_state<T, B>(*this, file.tensors, path);
        steps_done_ = step;
        rng_ = Rng(rng_.seed(), streams_drawn);
    }

    /// The whole state: "network.*", "average.*", "optimizer.0.*".
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit_child("network", stage_, visit);
        visit_child("average", average_, visit);
        for (std::size_t k = 0; k < optimizers_.size(); ++k) {
            visit_child("optimizer." + std::to_string(k), optimizers_[k], visit);
        }
    }

private:
    // A number that no batch has: the stage draws from no generator that a sample is drawn from.
    static constexpr auto no_batch = std::numeric_limits<std::uint64_t>::max();

    class Averaged {
    public:
        explicit Averaged(Trainer& trainer) : trainer_(trainer) {
            trainer_.average_.swap();
            trainer_.stage_.set_training(false);
        }
        ~Averaged() {
            trainer_.average_.swap();
            trainer_.stage_.set_training(true);
        }
        Averaged(const Averaged&) = delete;
        Averaged& operator=(const Averaged&) = delete;

    private:
        Trainer& trainer_;
    };

    void require_finite(const NamedLoss& loss) const {
        if (std::isfinite(loss.value)) return;
        throw Error("training: loss " + loss.name + " is " + std::to_string(loss.value) +
                    " at step " + std::to_string(steps_done_ + 1) +
                    "; a lower learning rate or a clip_norm may help");
    }

    [[nodiscard]] double rate_factor() const {
        return linear_decay(steps_done_, options_.constant_steps, options_.decay_steps);
    }

    S stage_;
    TrainerOptions options_;
    Rng rng_;
    Ema<T, B> average_;
    std::vector<Adam<T, B>> optimizers_;  // of the players
    std::vector<double> rates_;
    Index steps_done_ = 0;
};

}  // namespace oldphoto
