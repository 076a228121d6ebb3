#pragma once

#include <oldphoto/core/config.hpp>
#include <oldphoto/core/function_ref.hpp>

#include <algorithm>
#include <utility>

namespace oldphoto {

/// How work grows with a picture: with its pixels, or with pairs of them as attention does.
enum class Work { pixels, pairs };

/// What memory for a band of a picture takes is bounded, however high the picture is.
struct BandMemory {
    double row_bytes = 0;  ///< of one row of all channels
    Index copies = 0;      ///< of the band at a time; 0: this is no band
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
        explicit Scope(Monitor* monitor) : outer_(std::exchange(current_, monitor)) {}
        ~Scope() { current_ = outer_; }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

    private:
        Monitor* outer_;
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
        explicit BandScope(const BandMemory& band) : outer_(std::exchange(band_, band)) {}
        ~BandScope() { band_ = outer_; }
        BandScope(const BandScope&) = delete;
        BandScope& operator=(const BandScope&) = delete;

    private:
        BandMemory outer_;
    };

protected:
    [[nodiscard]] static const BandMemory& band() noexcept { return band_; }

private:
    static inline thread_local Monitor* current_ = nullptr;
    static inline thread_local BandMemory band_{};
};

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
