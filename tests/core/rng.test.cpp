#include <oldphoto/core/rng.hpp>

#include <catch2/catch.hpp>

#include <vector>

using namespace oldphoto;

namespace {

std::vector<std::uint32_t> words(const PhiloxWords& w) {
    return {w.word[0], w.word[1], w.word[2], w.word[3]};
}

using Words = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("Philox gives its published known answers", "[core][parity]") {
    // Source: kat_vectors of Random123 (Salmon et al.), philox4x32 with 10 rounds.
    CHECK(words(philox(0, 0, 0)) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    constexpr auto ones = ~std::uint64_t{0};
    CHECK(words(philox(ones, ones, ones)) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    // Digits of pi.
    CHECK(words(philox(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e)) ==
          Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("uniform numbers use all bits of their type and stay below 1", "[core][rng]") {
    const PhiloxWords largest{{~0U, ~0U, ~0U, ~0U}};
    CHECK(uniform_from<float>(largest) == 1.0F - 0x1p-24F);
    CHECK(uniform_from<double>(largest) == 1.0 - 0x1p-53);
    const PhiloxWords smallest{{0, 0, 0, 0}};
    CHECK(uniform_from<float>(smallest) == 0.0F);
    CHECK(uniform_from<double>(smallest) == 0.0);
    const PhiloxWords half{{1U << 31U, 0, 0, 0}};
    CHECK(uniform_from<float>(half) == 0.5F);
    CHECK(uniform_from<double>(half) == 0.5);
}

TEST_CASE("normal numbers are finite at the ends of the transform", "[core][rng]") {
    // u = 2^-32, v = 0: sqrt(64 ln 2) * cos(0).
    CHECK(normal_from<double>({{0, 0, 0, 0}}) ==
          Approx(std::sqrt(64 * std::log(2.0))).epsilon(1e-14));
    // u = 1: sqrt(0).
    CHECK(normal_from<double>({{~0U, 5, 0, 0}}) == 0.0);
}

TEST_CASE("a generator is its seed and its count of streams", "[core][rng]") {
    Rng rng(42);
    const double first = rng.uniform();
    const double second = rng.uniform();
    CHECK(first != second);
    CHECK(rng.seed() == 42);
    CHECK(rng.streams_drawn() == 2);

    Rng resumed(42, 1);
    CHECK(resumed.uniform() == second);
    CHECK(Rng(42).uniform() == first);
    CHECK(Rng(43).uniform() != first);
    CHECK(resumed.next_stream() == 2);
}

TEST_CASE("single draws lie in their ranges with the right averages", "[core][rng]") {
    Rng rng(7);
    constexpr int draws = 20000;
    double sum = 0;
    double squares = 0;
    std::vector<int> counts(5);
    for (int i = 0; i < draws; ++i) {
        const double u = rng.uniform(-2, 3);
        REQUIRE((u >= -2 && u < 3));
        sum += u;
        const double z = rng.normal(10, 2) - 10;
        squares += z * z;
        const Index k = rng.integer(5);
        REQUIRE((k >= 0 && k < 5));
        ++counts[static_cast<std::size_t>(k)];
    }
    // Five deviations: uniform 5 / sqrt(12 n), squares 4 sqrt(2 / n), counts sqrt(0.16 n).
    CHECK(sum / draws == Approx(0.5).margin(5 * 5 / std::sqrt(12.0 * draws)));
    CHECK(squares / draws == Approx(4).margin(5 * 4 * std::sqrt(2.0 / draws)));
    for (const int count : counts) CHECK(count == Approx(4000).margin(5 * std::sqrt(0.16 * draws)));
}

TEST_CASE("an integer is drawn below a positive count", "[core][error]") {
    Rng rng;
    CHECK_THROWS_WITH(rng.integer(0), "Rng::integer: expected a positive count");
    CHECK(rng.integer(1) == 0);
}

TEST_CASE("a derived generator is a function of the seed and of both numbers", "[core][rng]") {
    const std::uint64_t seed = derived_rng(7, 2, 3).seed();
    const PhiloxWords words = philox(7, 2, 3);
    CHECK(seed == ((std::uint64_t{words.word[0]} << 32U) | words.word[1]));
    CHECK(derived_rng(7, 2, 3).streams_drawn() == 0);
    for (const Rng& other : {derived_rng(8, 2, 3), derived_rng(7, 3, 2), derived_rng(7, 2)}) {
        CHECK(other.seed() != seed);
    }
}
