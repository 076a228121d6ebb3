#pragma once

#include <oldphoto/core/parallel.hpp>
#include <oldphoto/data/sample.hpp>
#include <oldphoto/image/tensor.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

namespace oldphoto {

/// Pictures as (N, 3, H, W) in [-1, 1], and which of them are of really old photos.
template <class T = float, class B = Cpu>
struct Batch {
    Tensor<T, 4, B> input;
    Tensor<T, 4, B> target;
    std::vector<bool> real_old;
};

struct LoaderOptions {
    Index batch_size = 1;
    std::uint64_t seed = 0;
    int workers = 1;                ///< threads that draw samples, at most 64; 0: next() draws them
    Index prefetch = 2;             ///< batches that are drawn ahead
    std::uint64_t first_batch = 0;  ///< where to go on after an interruption
};

namespace detail {

/// Samples by the batch, drawn ahead by threads. Sample i of batch b is drawn from
/// derived_rng(seed, b, i), whoever draws it.
class SampleQueue {
public:
    using Draw = std::function<TrainingSample(Rng&)>;

    SampleQueue(Draw draw, const LoaderOptions& options)
        : draw_(std::move(draw)),
          options_(options),
          next_batch_(options.first_batch),
          drawn_batch_(options.first_batch) {
        constexpr int most_workers = 64;
        require_option(options.batch_size >= 1, "Loader", "batch_size must be positive",
                       options.batch_size);
        require_option(options.prefetch >= 1, "Loader", "prefetch must be positive",
                       options.prefetch);
        require_option(options.workers >= 0 && options.workers <= most_workers, "Loader",
                       "workers must lie in 0 .. 64", options.workers);
        for (Index i = 0; i < options.prefetch; ++i) slots_.push_back(empty_slot());
        for (int i = 0; i < options.workers; ++i) {
            workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
        }
    }

    [[nodiscard]] std::uint64_t next_batch() const {
        const std::lock_guard lock(mutex_);
        return next_batch_;
    }

    /// Takes the next batch. When one of its samples failed, throws its exception, now and ever
    /// after.
    std::vector<TrainingSample> pop() {
        std::unique_lock lock(mutex_);
        Slot& slot = slot_of(next_batch_);
        while (slot.missing > 0) {
            if (workers_.empty()) {
                draw_one(lock);
            } else {
                complete_.wait(lock);
            }
        }
        for (const Outcome& outcome : slot.outcomes) {
            if (outcome.error) std::rethrow_exception(outcome.error);
        }
        std::vector<TrainingSample> samples;
        for (Outcome& outcome : slot.outcomes) samples.push_back(std::move(*outcome.sample));
        slot = empty_slot();
        ++next_batch_;
        lock.unlock();
        room_.notify_all();
        return samples;
    }

private:
    struct Outcome {
        std::optional<TrainingSample> sample;
        std::exception_ptr error;
    };

    struct Slot {
        std::vector<Outcome> outcomes;
        Index missing;
    };

    [[nodiscard]] Slot empty_slot() const {
        return {std::vector<Outcome>(static_cast<std::size_t>(options_.batch_size)),
                options_.batch_size};
    }

    /// The slots are a ring: batches next_batch_ .. next_batch_ + prefetch - 1 have one each.
    [[nodiscard]] Slot& slot_of(std::uint64_t batch) { return slots_[batch % slots_.size()]; }

    [[nodiscard]] bool has_room() const { return drawn_batch_ - next_batch_ < slots_.size(); }

    void work(const std::stop_token& stop) {
        const SerialScope serial;  // the library's threads are for those who train
        std::unique_lock lock(mutex_);
        while (room_.wait(lock, stop, [this] { return has_room(); }) && !stop.stop_requested()) {
            draw_one(lock);
        }
    }

    /// Draws the next sample that nobody has begun. `lock` is released meanwhile.
    void draw_one(std::unique_lock<std::mutex>& lock) {
        const std::uint64_t batch = drawn_batch_;
        const Index place = drawn_place_;
        if (++drawn_place_ == options_.batch_size) {
            drawn_place_ = 0;
            ++drawn_batch_;
        }
        lock.unlock();
        Outcome outcome;
        try {
            Rng rng = derived_rng(options_.seed, batch, static_cast<std::uint64_t>(place));
            outcome.sample = draw_(rng);
        } catch (...) {
            outcome.error = std::current_exception();
        }
        lock.lock();
        Slot& slot = slot_of(batch);
        slot.outcomes[static_cast<std::size_t>(place)] = std::move(outcome);
        if (--slot.missing == 0) complete_.notify_one();
    }

    const Draw draw_;
    const LoaderOptions options_;
    mutable std::mutex mutex_;  // guards what follows but the workers
    std::condition_variable_any room_;
    std::condition_variable complete_;
    std::vector<Slot> slots_;
    std::uint64_t next_batch_;   // that pop() gives
    std::uint64_t drawn_batch_;  // whose sample drawn_place_ is the next to be begun
    Index drawn_place_ = 0;
    std::vector<std::jthread> workers_;  // last, so that they end before anything else does
};

}  // namespace detail

/// Batches of samples of a data set, drawn ahead by threads. The samples are the same for any
/// number of threads, and a loader that begins with batch n gives what another gives after n
/// batches.
///
///     Loader<> loader(PairedPhotos(folder, random_degradation()), {.batch_size = 4});
///     const auto [input, target, real_old] = loader.next();
template <class T = float, class B = Cpu>
class Loader {
public:
    /// @throws OptionError when an option is out of range.
    template <Dataset D>
    explicit Loader(D dataset, const LoaderOptions& options = {})
        : queue_([dataset = std::move(dataset)](Rng& rng) { return dataset(rng); }, options) {}

    /// The next batch. Waits for it where the workers have not drawn it yet.
    /// @throws what drawing a sample of the batch throws, in this and in every later call;
    /// ShapeError when the samples differ in size.
    [[nodiscard]] Batch<T, B> next() {
        std::vector<Image> inputs;
        std::vector<Image> targets;
        std::vector<bool> real_old;
        for (TrainingSample& sample : queue_.pop()) {
            inputs.push_back(std::move(sample.input));
            targets.push_back(std::move(sample.target));
            real_old.push_back(sample.real_old);
        }
        return {to_tensor<T, B>(std::span<const Image>(inputs)),
                to_tensor<T, B>(std::span<const Image>(targets)), std::move(real_old)};
    }

    /// The number of the batch that next() gives, to be kept as LoaderOptions::first_batch.
    [[nodiscard]] std::uint64_t next_batch() const { return queue_.next_batch(); }

private:
    detail::SampleQueue queue_;
};

}  // namespace oldphoto
