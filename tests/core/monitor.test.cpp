#include <oldphoto/core/bytes.hpp>
#include <oldphoto/core/callback.hpp>
#include <oldphoto/core/error.hpp>
#include <oldphoto/core/monitor.hpp>
#include <oldphoto/core/parallel.hpp>

#include <catch2/catch.hpp>

#include "../support/streaming.hpp"
#include "../support/threads.hpp"

using namespace oldphoto;

namespace {

/// Stops the work at the n-th question.
class StopAt final : public Monitor {
public:
    explicit StopAt(int polls) : polls_left_(polls) {}

    [[nodiscard]] bool streams(double) override { return false; }
    Index taken(double) override { return -1; }
    void given_back(Index) override {}
    void begins(Work) override {}
    void ends(Work, double) override {}
    void poll() override {
        if (--polls_left_ < 0) throw Cancelled("stopped");
    }

private:
    int polls_left_;
};

}  // namespace

TEST_CASE("the inner monitor looks on, and only while its scope lives", "[core][monitor]") {
    test::Streaming outer(0);
    test::Streaming inner(0);
    CHECK(Monitor::current() == nullptr);
    {
        const Monitor::Scope first(&outer);
        {
            const Monitor::Scope second(&inner);
            CHECK(Monitor::current() == &inner);
            monitored(Work::pixels, 5, [] {});
            const Monitor::Scope none(nullptr);
            monitored(Work::pixels, 7, [] {});
        }
        CHECK(Monitor::current() == &outer);
    }
    CHECK(Monitor::current() == nullptr);
    CHECK(inner.operations() == 5);
    CHECK(outer.operations() == 0);
}

TEST_CASE("a monitor stops shared work between two of its shares", "[core][monitor]") {
    const auto shares_done = [](int polls) {
        StopAt monitor(polls);
        const Monitor::Scope scope(&monitor);
        int done = 0;
        try {
            for_each_chunk({100, 1}, [&](Index, Index) { ++done; });
        } catch (const Cancelled&) {
            return done;
        }
        return -done;
    };
    const int before = thread_count();
    set_thread_count(1);
    CHECK(shares_done(0) == 0);
    CHECK(shares_done(7) == 7);
    CHECK(shares_done(100) == -100);
    set_thread_count(before);
}

TEST_CASE("bands are a sixteenth of a picture, 4 MiB at most and 8 rows at least",
          "[core][monitor]") {
    CHECK(usual_band_rows(1, 1600) == 96);       // 100 rows, as a multiple of 8
    CHECK(usual_band_rows(1, 20) == 8);          // a sixteenth is 1 row
    CHECK(usual_band_rows(65536, 16000) == 64);  // 4 MiB
    CHECK(usual_band_rows(1e7, 16000) == 8);
}

TEST_CASE("buffers of one slot share its memory, those of several add up", "[core][monitor]") {
    KernelMemory first;
    first.hold(0, 100);
    first.hold_on_all(1, 30);
    first.hold_for_now(7);
    CHECK(first.kept(1) == 130);
    CHECK(first.kept(3) == 190);
    CHECK(first.bytes(3) == 197);
    KernelMemory second;
    second.hold_on_all(0, 40);
    second.hold(1, 50);
    second.hold_for_now(5);
    first.follow(second);
    CHECK(first.kept(1) == 150);  // 100 and 50
    CHECK(first.kept(2) == 150 + 40 + 30);
    CHECK(first.bytes(2) == 227);
}

TEST_CASE("a callback calls what it holds, and nothing when it holds nothing", "[core][callback]") {
    const Callback<int> none;
    CHECK_FALSE(static_cast<bool>(none));
    none(3);
    int sum = 0;
    const Callback<int> add = [&](int number) { sum += number; };
    const auto copy = add;
    add(3);
    copy(4);
    CHECK(sum == 7);
}

TEST_CASE("binary units of memory are powers of 1024", "[core]") {
    CHECK(kibibytes(3) == 3072);
    CHECK(mebibytes(0.5) == 524288);
    CHECK(gibibytes(2) == 2147483648.0);
}
