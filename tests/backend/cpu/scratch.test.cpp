#include <oldphoto/backend/cpu/scratch.hpp>

#include <catch2/catch.hpp>

#include <thread>

using namespace oldphoto;

TEST_CASE("scratch memory is counted as long as its thread lives", "[backend][memory]") {
    const Index before = cpu::scratch_bytes;
    Index within = 0;
    std::thread([&] {
        static_cast<void>(cpu::scratch<short, 0>(1000));
        static_cast<void>(cpu::scratch<short, 0>(500));
        within = cpu::scratch_bytes;
    }).join();
    CHECK(within - before == 1000 * static_cast<Index>(sizeof(short)));
    CHECK(cpu::scratch_bytes == before);
}
