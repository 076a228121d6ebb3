#include <oldphoto/core/numerics.hpp>
#include <oldphoto/core/parallel.hpp>

#include <catch2/catch.hpp>

#include "../support/threads.hpp"
#include <chrono>
#include <thread>
#include <vector>

using namespace oldphoto;

TEST_CASE("numerics are fast outside of scopes and those of the innermost one within",
          "[core][numerics]") {
    CHECK(NumericsScope::current() == Numerics::fast);
    {
        const NumericsScope outer(Numerics::accurate);
        CHECK(NumericsScope::current() == Numerics::accurate);
        {
            const NumericsScope inner(Numerics::fast);
            CHECK(NumericsScope::current() == Numerics::fast);
        }
        CHECK(NumericsScope::current() == Numerics::accurate);
    }
    CHECK(NumericsScope::current() == Numerics::fast);
}

TEST_CASE("a scope of numerics holds for its own thread", "[core][numerics]") {
    const NumericsScope scope(Numerics::accurate);
    Numerics elsewhere = Numerics::accurate;
    std::thread([&] { elsewhere = NumericsScope::current(); }).join();
    CHECK(elsewhere == Numerics::fast);
}

TEST_CASE("a scope of numerics holds for all threads that share its thread's work",
          "[core][numerics]") {
    for (const Numerics numerics : {Numerics::bf16, Numerics::accurate}) {
        const NumericsScope scope(numerics);
        CHECK(test::same_for_any_threads([] {
            std::vector<Numerics> seen(20, Numerics::fast);
            for_each_chunk({20, 1}, [&](Index begin, Index) {
                // Long enough for every thread to have its turn.
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
                seen[static_cast<std::size_t>(begin)] = NumericsScope::current();
            });
            return seen;
        }));
    }
}
