#pragma once

#include <oldphoto/core/config.hpp>
#include <oldphoto/core/function_ref.hpp>
#include <oldphoto/core/scoped_value.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace oldphoto {

/// How work grows with a picture: with its pixels, or with pairs of them as attention does.
enum class Work { pixels, pairs };

/// What memory for a band of a picture takes is bounded, however high the picture is.
struct BandMemory {
    double row_bytes = 0;  ///< of one row of all channels
    Index height = 0;      ///< of the picture
    Index copies = 0;      ///< of the band at a time; 0: this is no band
};

/// A picture that a kernel computes.
struct KernelRun {
    Index height;
    Index width;
    double row_bytes = 0;  ///< of one row of all channels; 0: it is computed at once, not in bands
};

/// Bytes that a kernel holds for itself. Its buffers lie in slots, of which every thread has its
/// own: memory that grows to the largest buffer that is ever in it, and stays.
class KernelMemory {
public:
    static constexpr std::size_t slots = 8;

    /// A buffer of the thread that calls the kernel.
    void hold(std::size_t slot, double bytes) noexcept {
        caller_[slot] = std::max(caller_[slot], bytes);
    }
    /// A buffer of each thread that takes part.
    void hold_on_all(std::size_t slot, double bytes) noexcept {
        hold(slot, bytes);
        helper_[slot] = std::max(helper_[slot], bytes);
    }
    /// What is given back when the kernel ends.
    void hold_for_now(double bytes) noexcept { passing_ += bytes; }

    /// What two kernels hold that run one after the other.
    void follow(const KernelMemory& other) noexcept {
        for (std::size_t slot = 0; slot < slots; ++slot) {
            hold(slot, other.caller_[slot]);
            helper_[slot] = std::max(helper_[slot], other.helper_[slot]);
        }
        passing_ = std::max(passing_, other.passing_);
    }

    /// On so many threads together.
    [[nodiscard]] double bytes(int threads) const noexcept { return kept(threads) + passing_; }
    /// What stays of it.
    [[nodiscard]] double kept(int threads) const noexcept {
        double total = 0;
        for (std::size_t slot = 0; slot < slots; ++slot) {
            total += caller_[slot] + (threads - 1) * helper_[slot];
        }
        return total;
    }

private:
    std::array<double, slots> caller_{};
    std::array<double, slots> helper_{};
    double passing_ = 0;
};

/// Bands of a picture begin at multiples of so many rows: within them a kernel may do several rows
/// together.
inline constexpr Index band_step = 8;

/// Rows that a kernel may see below those that a band depends on: a tile that lies across the end
/// of a band has the bits that it has in the whole picture.
inline constexpr Index band_reach = 3;

/// Rows of a band: a sixteenth of the picture, but no more than 4 MiB, and no less than band_step.
/// @param row_bytes  of one row of all channels
[[nodiscard]] inline Index usual_band_rows(double row_bytes, Index height) noexcept {
    constexpr double most_bytes = 4 << 20;
    constexpr Index bands = 16;
    const auto rows = static_cast<Index>(most_bytes / std::max(1.0, row_bytes));
    const Index share = std::min(rows, height / bands);
    return std::max(Index{1}, share / band_step) * band_step;
}

/// What looks on while its thread computes, and has a say in it. Without one, values are kept and
/// nothing is counted.
class Monitor {
public:
    /// While alive, `monitor` looks on at this thread; null: nobody does. Scopes nest; the inner
    /// one holds.
    class Scope {
    public:
        explicit Scope(Monitor* monitor) : scope_(current_, monitor) {}

    private:
        detail::ScopedValue<Monitor*> scope_;
    };

    /// The one of this thread, or null.
    [[nodiscard]] static Monitor* current() noexcept { return current_; }

    Monitor() = default;
    Monitor(const Monitor&) = delete;
    Monitor& operator=(const Monitor&) = delete;
    virtual ~Monitor() = default;

    /// Whether a value of so many bytes is computed band by band whenever it is read, not kept.
    [[nodiscard]] virtual bool streams(double bytes) = 0;
    /// Rows of the bands of a picture that is read band by band; a multiple of band_step.
    [[nodiscard]] virtual Index band_rows(double row_bytes, Index height) {
        return usual_band_rows(row_bytes, height);
    }
    /// A kernel is about to run. It would hold memory(rows, width) for so many rows of a picture so
    /// wide.
    virtual void kernel(const KernelRun&, FunctionRef<KernelMemory(Index rows, Index width)>) {}
    /// Memory for a tensor was taken. Returns a number by which it is given back.
    virtual Index taken(double bytes) = 0;
    virtual void given_back(Index number) = 0;
    /// Work begins, and has ended. ends() may throw.
    virtual void begins(Work work) = 0;
    virtual void ends(Work work, double operations) = 0;
    /// Called before each share of work that this thread takes on; throws to stop it.
    virtual void poll() = 0;

    /// While alive, memory that is taken is for bands.
    class BandScope {
    public:
        explicit BandScope(const BandMemory& band) : scope_(band_, band) {}

    private:
        detail::ScopedValue<BandMemory> scope_;
    };

protected:
    [[nodiscard]] static const BandMemory& band() noexcept { return band_; }

private:
    static inline thread_local Monitor* current_ = nullptr;
    static inline thread_local BandMemory band_{};
};

/// Tells the thread's monitor that a kernel is about to run.
inline void tell_kernel(const KernelRun& run, FunctionRef<KernelMemory(Index, Index)> memory) {
    if (Monitor* monitor = Monitor::current()) monitor->kernel(run, memory);
}

/// Does the work, in sight of the thread's monitor.
/// @param operations  arithmetic ones; a multiply-add counts as two.
inline void monitored(Work work, double operations, FunctionRef<void()> body) {
    Monitor* monitor = Monitor::current();
    if (monitor == nullptr) return body();
    monitor->begins(work);
    body();
    monitor->ends(work, operations);
}

}  // namespace oldphoto
