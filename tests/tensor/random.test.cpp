#include <oldphoto/tensor/random.hpp>
#include <oldphoto/tensor/reduce.hpp>

#include <catch2/catch.hpp>

#include "../support/threads.hpp"

using namespace oldphoto;

TEST_CASE("element i of a random tensor depends on seed, stream and i alone", "[tensor][random]") {
    Rng rng(5, 3);
    const auto x = uniform<double, 2>({7, 11}, rng);
    for (Index i = 0; i < x.size(); ++i) {
        REQUIRE(x[i] == uniform_from<double>(philox(5, static_cast<std::uint64_t>(i), 3)));
    }
    const auto y = normal<float, 1>({77}, rng);
    for (Index i = 0; i < y.size(); ++i) {
        REQUIRE(y[i] == normal_from<float>(philox(5, static_cast<std::uint64_t>(i), 4)));
    }
    CHECK(rng.streams_drawn() == 5);
}

TEST_CASE("a longer tensor of the same stream goes on where a shorter one ends",
          "[tensor][random]") {
    Rng a(1);
    Rng b(1);
    const auto some = normal<float, 1>({13}, a);
    const auto more = normal<float, 1>({1000}, b).slice(0, 0, 13);
    CHECK(some.to_values() == more.to_values());
}

TEMPLATE_TEST_CASE("random tensors have the moments of their distribution", "[tensor][random]",
                   float, double) {
    Rng rng(9);
    constexpr Index n = 200000;
    const auto u = uniform<TestType, 1>({n}, rng, -1, 3);
    CHECK(min(u) >= -1);
    CHECK(max(u) < 3);
    // Five deviations: of the mean 4 / sqrt(12 n), of a normal variance sqrt(2 / n).
    const double root = std::sqrt(double(n));
    CHECK(double(mean(u)) == Approx(1).margin(5 * 4 / std::sqrt(12.0) / root));
    CHECK(double(mean(square(u - 1))) == Approx(16.0 / 12).epsilon(0.02));

    const auto z = normal<TestType, 1>({n}, rng, 2, 3);
    CHECK(double(mean(z)) == Approx(2).margin(5 * 3 / root));
    CHECK(double(mean(square(z - 2))) == Approx(9).margin(5 * 9 * std::sqrt(2.0) / root));
    // A third moment of 0 and a fourth of 3 deviations^4 tell a normal from other bells.
    const auto s = evaluate((z - 2) / 3);
    CHECK(double(mean(s * s * s)) == Approx(0).margin(5 * std::sqrt(15.0) / root));
    CHECK(double(mean(square(square(s)))) == Approx(3).margin(5 * std::sqrt(96.0) / root));
}

TEST_CASE("neighbouring elements, streams and seeds are uncorrelated", "[tensor][random]") {
    constexpr Index n = 100000;
    Rng rng(1);
    Rng other(2);
    const auto x = normal<double, 1>({n + 1}, rng);
    const auto first = x.slice(0, 0, n);
    const auto margin = Approx(0).margin(5 / std::sqrt(double(n)));
    CHECK(mean(first * x.slice(0, 1, n + 1)) == margin);
    CHECK(mean(first * normal<double, 1>({n}, rng)) == margin);
    CHECK(mean(first * normal<double, 1>({n}, other)) == margin);
}

TEST_CASE("random tensors have the same bits with any number of threads", "[tensor][determinism]") {
    CHECK(test::same_for_any_threads([] {
        Rng rng(3);
        return normal<float, 2>({131, 257}, rng).to_values();
    }));
    CHECK(test::same_for_any_threads([] {
        Rng rng(3);
        return uniform<double, 2>({131, 257}, rng).to_values();
    }));
}
