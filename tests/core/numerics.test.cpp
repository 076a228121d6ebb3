#include <oldphoto/core/numerics.hpp>

#include <catch2/catch.hpp>

#include <thread>

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
