#pragma once

#include <oldphoto/core/monitor.hpp>

#include <algorithm>

// Computes band by band, in bands as small as they can be.

namespace oldphoto::test {

/// Streams every value of more than so many bytes, and counts what it is told.
class Streaming final : public Monitor {
public:
    explicit Streaming(double above) : above_(above) {}

    [[nodiscard]] bool streams(double bytes) override {
        const bool streamed = bytes > above_;
        streamed_ += streamed ? 1 : 0;
        return streamed;
    }
    [[nodiscard]] Index band_rows(double, Index) override { return band_step; }
    void kernel(const KernelRun& run, FunctionRef<KernelMemory(Index, Index)> memory) override {
        const Index rows = run.row_bytes > 0 ? std::min(band_step, run.height) : run.height;
        kernels_.follow(memory(rows, run.width));
    }
    Index taken(double) override { return -1; }
    void given_back(Index) override {}
    void begins(Work) override {}
    void ends(Work, double operations) override { operations_ += operations; }
    void poll() override {}

    [[nodiscard]] int streamed() const noexcept { return streamed_; }
    [[nodiscard]] double operations() const noexcept { return operations_; }
    [[nodiscard]] const KernelMemory& kernels() const noexcept { return kernels_; }

private:
    double above_;
    int streamed_ = 0;
    double operations_ = 0;
    KernelMemory kernels_;
};

/// What `compute` returns while values above so many bytes are streamed.
template <class Compute>
auto streamed(double above, const Compute& compute) {
    Streaming monitor(above);
    const Monitor::Scope scope(&monitor);
    return compute();
}

}  // namespace oldphoto::test
