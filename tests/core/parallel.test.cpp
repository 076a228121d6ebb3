#include <oldphoto/core/parallel.hpp>

#include <catch2/catch.hpp>

#include "../support/threads.hpp"
#include <numeric>
#include <set>
#include <vector>

using namespace oldphoto;

namespace {

/// Puts the number of threads back at the end of a test.
struct ThreadCountScope {
    int before = thread_count();
    ~ThreadCountScope() { set_thread_count(before); }
};

}  // namespace

TEST_CASE("a partition covers all items, the last chunk what is left", "[core][parallel]") {
    CHECK(Partition{10, 4}.chunks() == 3);
    CHECK(Partition{8, 4}.chunks() == 2);
    CHECK(Partition{0, 4}.chunks() == 0);
}

TEST_CASE("every chunk is visited exactly once by any number of threads", "[core][parallel]") {
    const ThreadCountScope scope;
    for (const int threads : {1, 2, 3, 7}) {
        set_thread_count(threads);
        CHECK(thread_count() == threads);
        for (int repeat = 0; repeat < 50; ++repeat) {
            std::vector<std::atomic<int>> visits(1003);
            for_each_chunk({1003, 10}, [&](Index begin, Index end) {
                for (Index i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
            });
            const auto once = [](const auto& count) { return count == 1; };
            REQUIRE(std::all_of(visits.begin(), visits.end(), once));
        }
    }
}

TEST_CASE("chunks follow from the partition and not from the threads", "[core][determinism]") {
    CHECK(test::same_for_any_threads([] {
        std::mutex mutex;
        std::set<std::pair<Index, Index>> chunks;
        for_each_chunk({100, 7}, [&](Index begin, Index end) {
            std::lock_guard lock(mutex);
            chunks.emplace(begin, end);
        });
        return chunks;
    }));
}

TEST_CASE("work inside work runs on the thread that asks for it", "[core][parallel]") {
    const ThreadCountScope scope;
    set_thread_count(3);
    std::vector<int> sums(64);
    for_each_chunk({64, 1}, [&](Index begin, Index) {
        const auto outer = std::this_thread::get_id();
        for_each_chunk({10, 1}, [&](Index inner, Index) {
            // No lock: only this thread writes here.
            sums[static_cast<std::size_t>(begin)] +=
                std::this_thread::get_id() == outer ? static_cast<int>(inner) : 1000;
        });
    });
    CHECK(sums == std::vector<int>(64, 45));
}

TEST_CASE("an exception reaches the caller and the pool works on", "[core][parallel]") {
    const ThreadCountScope scope;
    for (const int threads : {1, 3}) {
        set_thread_count(threads);
        const auto fail = [] {
            for_each_chunk({100, 1}, [](Index begin, Index) {
                if (begin == 37) throw Error("chunk 37");
            });
        };
        CHECK_THROWS_WITH(fail(), "chunk 37");
        std::atomic<Index> sum = 0;
        for_each_chunk({100, 1}, [&](Index begin, Index) { sum += begin; });
        CHECK(sum == 4950);
    }
}

TEST_CASE("several threads may ask for work at the same time", "[core][parallel]") {
    const ThreadCountScope scope;
    set_thread_count(2);
    std::vector<Index> sums(4);
    std::vector<std::thread> callers;
    for (auto& sum : sums) {
        callers.emplace_back([&sum] {
            for (int repeat = 0; repeat < 100; ++repeat) {
                std::atomic<Index> total = 0;
                for_each_chunk({50, 3}, [&](Index begin, Index end) {
                    for (Index i = begin; i < end; ++i) total += i;
                });
                sum += total;
            }
        });
    }
    for (auto& caller : callers) caller.join();
    CHECK(sums == std::vector<Index>(4, 100 * 1225));
}

TEST_CASE("a serial scope keeps a thread's work to that thread", "[core][parallel]") {
    const ThreadCountScope scope;
    set_thread_count(3);
    const auto foreign_chunks = [](bool all_at_once) {
        const auto self = std::this_thread::get_id();
        std::atomic<int> foreign = 0;
        std::atomic<int> begun = 0;
        for_each_chunk({3, 1}, [&](Index, Index) {
            foreign += std::this_thread::get_id() != self ? 1 : 0;
            ++begun;
            while (all_at_once && begun < 3) std::this_thread::yield();  // a chunk for each
        });
        return foreign.load();
    };
    {
        const SerialScope serial;
        CHECK(foreign_chunks(false) == 0);
        { const SerialScope inner; }
        CHECK(foreign_chunks(false) == 0);
    }
    CHECK(foreign_chunks(true) == 2);
}

TEST_CASE("there is at least one thread", "[core][error]") {
    CHECK_THROWS_AS(set_thread_count(0), OptionError);
    CHECK_THROWS_WITH(set_thread_count(-2), "set_thread_count: expected at least 1, got -2");
}
