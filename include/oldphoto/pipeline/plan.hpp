#pragma once

#include <oldphoto/backend/conv_geometry.hpp>
#include <oldphoto/core/bytes.hpp>
#include <oldphoto/core/callback.hpp>
#include <oldphoto/core/error.hpp>
#include <oldphoto/core/function_ref.hpp>
#include <oldphoto/core/monitor.hpp>
#include <oldphoto/core/parallel.hpp>
#include <oldphoto/core/sorted.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

/// What a photo of any size will take, before it is computed: the networks rehearse on two tiny
/// pictures, one twice as high as the other. Both do the same in the same order, and whatever one
/// of them takes more than the other grows with the pixels. So nothing is modelled that might drift
/// away from what the networks do, and parts of a user's own are planned as well as ours.
namespace oldphoto {

/// What restoring a photo takes, and how it is done.
struct RestorePlan {
    static constexpr double no_limit = std::numeric_limits<double>::infinity();

    /// At the worst moment: the program's own, weights, photo, result, tensors, kernels.
    double bytes = 0;
    double seconds = 0;  ///< on this machine
    /// Values of more bytes are not kept, but computed band by band whenever they are read.
    double stream_above = no_limit;
    double pixel_seconds = 0;  ///< of `seconds`, those that grow with the pixels
    double pixel_operations = 0;
    double pair_operations = 0;  ///< those of attention, which grow with pairs of pixels
    double exact_seconds = 0;    ///< with attention to the whole photo
    Index window = 0;            ///< in which holes are filled, pixels of the latent; 0: no window

    /// Whether anything is streamed.
    [[nodiscard]] bool streams() const noexcept { return stream_above < no_limit; }
    /// The share of the time after which so much is done.
    [[nodiscard]] double fraction(double pixel_done, double pair_done) const noexcept {
        const double share = pixel_operations > 0 ? pixel_done / pixel_operations : 0;
        const double pairs = pair_operations > 0 ? pair_done / pair_operations : 0;
        const double done = share * pixel_seconds + pairs * (seconds - pixel_seconds);
        return seconds > 0 ? std::min(1.0, done / seconds) : 0;
    }
};

/// How far a photo is.
struct RestoreProgress {
    double fraction;      ///< of the work, 0..1
    double seconds;       ///< since it was begun
    double seconds_left;  ///< as far as can be told
};

struct RestoreOptions {
    /// Bytes that the photo, the weights, the result and all that lies between may take together;
    /// see gibibytes(). What does not fit is computed band by band, some of it more than once, and
    /// the result has the same bits.
    double max_memory = RestorePlan::no_limit;
    /// Bytes that the program takes beside that, which are to be counted too.
    double own_memory = 0;
    /// Seconds that a photo should take. Where attention to the whole photo is planned to take
    /// longer, holes are filled from windows, the largest of 64, 32 and 16 pixels of the latent
    /// that keep within it, or the smallest (windowed_nonlocal()). What takes long for other
    /// reasons is done as ever.
    double max_time = RestorePlan::no_limit;
    /// Called on the caller's thread, many times a second at best; what it throws stops the photo.
    Callback<RestoreProgress> progress{};
    /// Asked for often; a photo that is stopped throws Cancelled.
    std::stop_token stop{};

    /// Whether the photo is planned before it is computed.
    [[nodiscard]] bool planned() const noexcept {
        return max_memory < RestorePlan::no_limit || max_time < RestorePlan::no_limit || progress;
    }
};

namespace detail {

/// Seconds since a point of time.
[[nodiscard]] inline double seconds_after(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

[[nodiscard]] inline double pixels_of(Pair size) noexcept {
    return static_cast<double>(size.h) * static_cast<double>(size.w);
}

/// How many times larger one picture is than another.
struct Growth {
    double taller;
    double wider;

    Growth(Pair small, Pair large)
        : taller(static_cast<double>(large.h) / static_cast<double>(small.h)),
          wider(static_cast<double>(large.w) / static_cast<double>(small.w)) {}

    [[nodiscard]] Index height(Index small) const {
        return std::llround(taller * static_cast<double>(small));
    }
    [[nodiscard]] Index width(Index small) const {
        return std::llround(wider * static_cast<double>(small));
    }
    /// Rows of the bands of the large picture.
    /// @param row_bytes, small_height  of the small one
    [[nodiscard]] Index band_rows(double row_bytes, Index small_height) const {
        return usual_band_rows(row_bytes * wider, height(small_height));
    }
    /// What a kernel holds that computes the large picture as it does the small one.
    [[nodiscard]] KernelMemory memory(const KernelRun& run,
                                      FunctionRef<KernelMemory(Index, Index)> told) const {
        Index rows = height(run.height);
        if (run.row_bytes > 0) rows = std::min(rows, band_rows(run.row_bytes, run.height));
        return told(rows, width(run.width));
    }
};

/// Notes what a computation takes, and what its kernels would hold for a larger picture.
class Rehearsal final : public Monitor {
public:
    /// @param above   values of more bytes are streamed
    /// @param growth  up to the larger picture
    Rehearsal(double above, const Growth& growth) : above_(above), growth_(growth) {}

    /// Memory that was taken, or where negative given back.
    struct Event {
        double bytes;
        BandMemory band;
    };

    [[nodiscard]] bool streams(double bytes) override {
        values_.push_back(bytes);
        return bytes > above_;
    }
    /// One band, so that both pictures take the same steps.
    [[nodiscard]] Index band_rows(double, Index height) override {
        return (height + band_step - 1) / band_step * band_step;
    }
    void kernel(const KernelRun& run, FunctionRef<KernelMemory(Index, Index)> memory) override {
        kernels_.follow(growth_.memory(run, memory));
    }
    Index taken(double bytes) override {
        events_.push_back({bytes, band()});
        return static_cast<Index>(events_.size()) - 1;
    }
    void given_back(Index number) override {
        const Event taken = events_[static_cast<std::size_t>(number)];
        events_.push_back({-taken.bytes, taken.band});
    }
    void begins(Work) override {}
    void ends(Work work, double operations) override {
        (work == Work::pixels ? pixel_operations_ : pair_operations_) += operations;
    }
    void poll() override {}

    [[nodiscard]] const std::vector<Event>& events() const noexcept { return events_; }
    /// Bytes of the values that might have been streamed.
    [[nodiscard]] const std::vector<double>& values() const noexcept { return values_; }
    [[nodiscard]] const KernelMemory& kernels() const noexcept { return kernels_; }
    [[nodiscard]] double pixel_operations() const noexcept { return pixel_operations_; }
    [[nodiscard]] double pair_operations() const noexcept { return pair_operations_; }

private:
    double above_;
    Growth growth_;
    KernelMemory kernels_;
    std::vector<Event> events_;
    std::vector<double> values_;
    double pixel_operations_ = 0;
    double pair_operations_ = 0;
};

/// Takes the time of a strip of a picture that is computed as the whole would be, in bands as high.
class Trial final : public Monitor {
public:
    /// @param above   values of more bytes are streamed
    /// @param growth  up to the whole picture
    Trial(double above, const Growth& growth) : above_(above), growth_(growth) {}

    [[nodiscard]] bool streams(double bytes) override { return bytes > above_; }
    [[nodiscard]] Index band_rows(double row_bytes, Index height) override {
        return growth_.band_rows(row_bytes, height);
    }
    Index taken(double) override { return 0; }
    void given_back(Index) override {}
    void begins(Work) override { begun_ = std::chrono::steady_clock::now(); }
    void ends(Work work, double) override {
        if (work == Work::pairs) pair_seconds_ += seconds_after(begun_);
    }
    void poll() override {}

    [[nodiscard]] double pair_seconds() const noexcept { return pair_seconds_; }
    [[nodiscard]] double pixel_seconds() const { return seconds_after(start_) - pair_seconds_; }

private:
    double above_;
    Growth growth_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point begun_;
    double pair_seconds_ = 0;
};

/// Computes a picture of this size, all black.
using Rehearse = FunctionRef<void(Pair size)>;

inline void run_rehearsal(Monitor& monitor, Pair size, Rehearse rehearse) {
    const Monitor::Scope scope(&monitor);
    rehearse(size);
}

/// The memory that tensors take at the worst moment of a picture of `size`.
/// @param low, high  events of pictures of `size_low` and `size_high`
[[nodiscard]] inline double peak_bytes(const std::vector<Rehearsal::Event>& low, Pair size_low,
                                       const std::vector<Rehearsal::Event>& high, Pair size_high,
                                       Pair size) {
    const double share =
        (pixels_of(size) - pixels_of(size_low)) / (pixels_of(size_high) - pixels_of(size_low));
    const Growth growth(size_low, size);
    const auto scaled = [&](std::size_t k) {
        const double bytes = low[k].bytes + share * (high[k].bytes - low[k].bytes);
        const BandMemory& band = low[k].band;
        if (band.copies == 0) return bytes;
        const auto rows = static_cast<double>(growth.band_rows(band.row_bytes, band.height));
        const double most = band.row_bytes * growth.wider * rows * static_cast<double>(band.copies);
        return std::clamp(bytes, -most, most);
    };
    double now = 0;
    double peak = 0;
    for (std::size_t k = 0; k < std::min(low.size(), high.size()); ++k) {
        now += scaled(k);
        peak = std::max(peak, now);
    }
    return peak;
}

/// Follows a computation that was planned: tells how far it is, and stops it when it is asked to.
class Watch final : public Monitor {
public:
    Watch(const RestorePlan& plan, const Callback<RestoreProgress>& progress, std::stop_token stop)
        : plan_(plan), progress_(progress), stop_(std::move(stop)) {}

    [[nodiscard]] bool streams(double bytes) override { return bytes > plan_.stream_above; }
    void kernel(const KernelRun& run, FunctionRef<KernelMemory(Index, Index)> memory) override {
        kernels_.follow(Growth(1, 1).memory(run, memory));
    }
    /// The number is that of the bytes.
    Index taken(double bytes) override {
        bytes_ += bytes;
        most_bytes_ = std::max(most_bytes_, bytes_);
        return static_cast<Index>(bytes);
    }
    void given_back(Index bytes) override { bytes_ -= static_cast<double>(bytes); }
    void begins(Work) override {}
    void ends(Work work, double operations) override {
        (work == Work::pixels ? pixel_done_ : pair_done_) += operations;
        report(plan_.fraction(pixel_done_, pair_done_));
    }
    void poll() override {
        if (stop_.stop_requested()) throw Cancelled("restore: stopped");
    }

    /// Of tensors at the worst moment so far, and of kernels.
    [[nodiscard]] double most_bytes() const noexcept {
        return most_bytes_ + kernels_.bytes(sharing_threads());
    }
    [[nodiscard]] double seconds() const { return seconds_after(start_); }
    void report(double fraction) const {
        if (!progress_ || fraction <= 0) return;
        const Monitor::Scope nobody(nullptr);  // the callback may compute too
        const double elapsed = seconds();
        progress_({fraction, elapsed, elapsed / fraction - elapsed});
    }

private:
    const RestorePlan& plan_;
    const Callback<RestoreProgress>& progress_;
    std::stop_token stop_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    KernelMemory kernels_;
    double bytes_ = 0;
    double most_bytes_ = 0;
    double pixel_done_ = 0;
    double pair_done_ = 0;
};

/// Plans for one size of photo.
class Planner {
public:
    /// @param size      of the photo, padded to what the networks need
    /// @param low,high  of two small pictures, the second twice as high as the first
    /// @param fixed     bytes that are there all the time
    Planner(Pair size, Pair low, Pair high, double fixed, Rehearse rehearse)
        : size_(size), low_(low), high_(high), fixed_(fixed), rehearse_(rehearse) {}

    /// The plan that takes the least time in so much memory.
    /// @throws MemoryError
    [[nodiscard]] RestorePlan within(double max_bytes) const {
        RestorePlan plan;
        std::vector<double> sizes;  // of values a pixel, the largest first
        double least = RestorePlan::no_limit;
        for (std::size_t k = 0; k == 0 || k <= sizes.size(); ++k) {
            const double above = k == 0 ? RestorePlan::no_limit : 0.99 * sizes[k - 1];
            const auto values = measure(plan, above);
            if (k == 0) sizes = distinct(values);
            if (plan.bytes <= max_bytes) return plan;
            least = std::min(least, plan.bytes);
        }
        throw_too_little(max_bytes, least);
    }

    /// Adds the time to a plan, as it is taken of a strip as wide as the picture.
    void estimate_time(RestorePlan& plan) const {
        constexpr double operations = 3e10;  // enough to be measured, and soon done
        const double share = std::min(1.0, operations / std::max(1.0, plan.pixel_operations));
        Pair strip{std::min(low_.h, size_.h), size_.w};
        while (strip.h < size_.h && pixels_of(strip) < share * pixels_of(size_)) {
            strip.h = std::min(2 * strip.h, size_.h);
        }
        const Growth growth(strip, size_);
        Trial trial(plan.stream_above / growth.taller, growth);
        run_rehearsal(trial, strip, rehearse_);
        plan.pixel_seconds = trial.pixel_seconds() * growth.taller;
        plan.seconds = plan.pixel_seconds + trial.pair_seconds() * growth.taller * growth.taller;
        plan.exact_seconds = plan.seconds;
    }

    /// Lets holes be filled from windows, so that the plan keeps within so much time.
    /// @param scale  how many times smaller the latent is than the photo
    void keep_within(RestorePlan& plan, double max_time, Index scale) const {
        const double tokens = pixels_of(size_) / static_cast<double>(scale * scale);
        const double pair_seconds = plan.seconds - plan.pixel_seconds;
        const double pairs = plan.pair_operations;
        for (const Index window : {64, 32, 16}) {
            const double share = std::min(1.0, 9.0 * static_cast<double>(window * window) / tokens);
            if (plan.seconds <= max_time || share == 1 || pair_seconds <= 0) continue;
            plan.window = window;
            plan.seconds = plan.pixel_seconds + pair_seconds * share;
            plan.pair_operations = pairs * share;
        }
    }

private:
    /// Rehearses with values of more than `above` bytes a pixel streamed; returns the bytes a pixel
    /// of all values.
    std::vector<double> measure(RestorePlan& plan, double above) const {
        Rehearsal low(above * pixels_of(low_), {low_, size_});
        Rehearsal high(above * pixels_of(high_), {high_, size_});
        run_rehearsal(low, low_, rehearse_);
        run_rehearsal(high, high_, rehearse_);
        const double ratio = pixels_of(size_) / pixels_of(high_);
        plan.stream_above = above * pixels_of(size_);
        plan.bytes = fixed_ + high.kernels().bytes(sharing_threads()) +
                     peak_bytes(low.events(), low_, high.events(), high_, size_);
        plan.pixel_operations = high.pixel_operations() * ratio;
        plan.pair_operations = high.pair_operations() * ratio * ratio;
        auto values = high.values();
        for (double& value : values) value /= pixels_of(high_);
        return values;
    }
    [[nodiscard]] static std::vector<double> distinct(std::vector<double> values) {
        std::vector<double> kept;
        const auto larger = [](double a, double b) { return a > b; };
        for (const double value : sorted(std::move(values), larger)) {
            if (kept.empty() || value <= 0.98 * kept.back()) kept.push_back(value);
        }
        return kept;
    }
    [[noreturn]] void throw_too_little(double max_bytes, double least) const {
        const auto mebi = [](double bytes) {
            return std::to_string(static_cast<Index>(std::ceil(bytes / (1 << 20)))) + " MiB";
        };
        throw MemoryError("restore: a photo of " + std::to_string(size_.w) + " x " +
                          std::to_string(size_.h) + " pixels takes at least " + mebi(least) +
                          ", max_memory is " + mebi(max_bytes));
    }

    Pair size_;
    Pair low_;
    Pair high_;
    double fixed_;
    Rehearse rehearse_;
};

}  // namespace detail

}  // namespace oldphoto
