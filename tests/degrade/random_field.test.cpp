#include <oldphoto/degrade/random_field.hpp>

#include <catch2/catch.hpp>

#include "../support/statistics.hpp"

using namespace oldphoto;
using namespace oldphoto::test;

TEST_CASE("a normal field has the mean and deviation that were asked for", "[degrade][random]") {
    Rng rng(1);
    const auto field = detail::normal_field(100000, 3.0, rng);
    CHECK(rng.streams_drawn() == 1);
    // Deviations of the two: 3 / sqrt(n) = 0.0095 and 3 / sqrt(2 n) = 0.0067.
    const auto [mean, deviation] = statistics_of(field);
    CHECK(mean == Approx(0.0).margin(0.038));
    CHECK(deviation == Approx(3.0).margin(0.027));
    // 68.27 % of normal numbers lie within a deviation, 95.45 % within two.
    std::ptrdiff_t within_one = 0;
    std::ptrdiff_t within_two = 0;
    for (const double number : field) {
        within_one += std::abs(number) < 3.0 ? 1 : 0;
        within_two += std::abs(number) < 6.0 ? 1 : 0;
    }
    CHECK(is_share(within_one, 100000, 0.6827));
    CHECK(is_share(within_two, 100000, 0.9545));
}

TEST_CASE("neighbours in a normal field are independent", "[degrade][random]") {
    Rng rng(2);
    const auto field = detail::normal_field(100000, 1.0, rng);
    for (const std::size_t distance : {1U, 2U, 3U, 4U}) {
        double product = 0.0;
        for (std::size_t i = distance; i < field.size(); ++i) {
            product += field[i] * field[i - distance];
        }
        // Of deviation 1 / sqrt(n) = 0.0032.
        CHECK(product / static_cast<double>(field.size()) == Approx(0.0).margin(0.013));
    }
}

TEST_CASE("a shorter field is the beginning of a longer one", "[degrade][random]") {
    Rng a(3);
    Rng b(3);
    const auto longer = detail::normal_field(101, 1.0, a);
    const auto shorter = detail::normal_field(7, 1.0, b);
    REQUIRE(shorter.size() == 7);
    CHECK(std::equal(shorter.begin(), shorter.end(), longer.begin()));
}

TEST_CASE("a chance field has the share of ones that was asked for", "[degrade][random]") {
    Rng rng(4);
    const auto ones = [&](double probability) {
        const auto field = detail::chance_field(100000, probability, rng);
        return std::count(field.begin(), field.end(), 1);
    };
    CHECK(is_share(ones(0.3), 100000, 0.3));
    CHECK(ones(0.0) == 0);
    CHECK(ones(1.0) == 100000);
}
