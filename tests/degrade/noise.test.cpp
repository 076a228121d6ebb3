#include <oldphoto/degrade/noise.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include "../support/statistics.hpp"

using namespace oldphoto;
using namespace oldphoto::test;

namespace {

constexpr std::ptrdiff_t samples_of_large = 200L * 200L * 3L;

}  // namespace

TEST_CASE("Gaussian noise has the deviation in levels that was asked for", "[degrade][noise]") {
    Rng rng(1);
    const Image noisy = with_gaussian_noise(flat(large, 3, 128), 20.0, rng);
    // Deviations: of the mean 20 / sqrt(n) = 0.058, of the deviation 20 / sqrt(2 n) = 0.041.
    const auto [mean, deviation] = statistics_of(noisy.samples());
    CHECK(mean == Approx(127.5).margin(0.23));  // truncated
    CHECK(deviation == Approx(20.0).margin(0.17));
}

TEST_CASE("noise differs between the channels of a pixel", "[degrade][noise]") {
    Rng rng(2);
    const Image noisy = with_gaussian_noise(flat(large, 3, 128), 20.0, rng);
    std::vector<int> differences;
    for (std::size_t i = 0; i < noisy.samples().size(); i += 3) {
        differences.push_back(noisy.samples()[i] - noisy.samples()[i + 1]);
    }
    // sqrt(2) * 20, of deviation 28.3 / sqrt(80000) = 0.1.
    CHECK(statistics_of(differences).deviation == Approx(28.3).margin(0.4));
}

TEST_CASE("speckle noise grows with the brightness", "[degrade][noise]") {
    Rng rng(3);
    const auto deviation_at = [&](std::uint8_t level) {
        return statistics_of(with_speckle_noise(flat(large, 3, level), 20.0, rng).samples())
            .deviation;
    };
    // 20 * 128 / 255, of deviation 0.021; 20 * 51 / 255, and truncation adds 1 / sqrt(12).
    CHECK(deviation_at(128) == Approx(std::hypot(10.04, 0.289)).margin(0.085));
    CHECK(deviation_at(51) == Approx(std::hypot(4.0, 0.289)).margin(0.04));
    CHECK(with_speckle_noise(flat(large, 3, 0), 20.0, rng) == flat(large, 3, 0));
}

TEST_CASE("salt and pepper have the shares that were asked for", "[degrade][noise]") {
    Rng rng(4);
    const Image noisy = with_salt_and_pepper(flat(large, 3, 128), 0.1, 0.25, rng);
    const auto samples = noisy.samples();
    const auto white = std::count(samples.begin(), samples.end(), 255);
    const auto black = std::count(samples.begin(), samples.end(), 0);
    CHECK(is_share(white, samples_of_large, 0.025));
    CHECK(is_share(black, samples_of_large, 0.075));
    CHECK(std::count(samples.begin(), samples.end(), 128) == samples_of_large - white - black);
}

TEST_CASE("random_noise does what it says", "[degrade][noise]") {
    const Image photo = pattern({12, 9}, 3);
    const NoiseOptions fixed{
        .deviation = {12.5, 12.5}, .salt_and_pepper = {0.02, 0.02}, .salt = {0.4, 0.4}};
    int seen[3] = {0, 0, 0};
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Rng rng(seed);
        const Degraded degraded = random_noise(photo, fixed, rng);
        Rng again(seed);
        const Index kind = again.integer(3);
        ++seen[kind];
        static_cast<void>(again.next_stream());  // the strength
        if (kind == 0) {
            CHECK(degraded.text == "Gaussian noise, deviation 12.5 of 255");
            CHECK(degraded.photo == with_gaussian_noise(photo, 12.5, again));
        } else if (kind == 1) {
            CHECK(degraded.text == "speckle noise, deviation 12.5 of 255");
            CHECK(degraded.photo == with_speckle_noise(photo, 12.5, again));
        } else {
            static_cast<void>(again.next_stream());  // the share of salt
            CHECK(degraded.text == "salt and pepper, 2 %, 40 % of it salt");
            CHECK(degraded.photo == with_salt_and_pepper(photo, 0.02, 0.4, again));
        }
    }
    CHECK(std::ranges::count(seen, 0) == 0);
}

TEST_CASE("kind and strength of noise have the published distributions", "[degrade][noise]") {
    constexpr int draws = 3000;
    Rng rng(5);
    std::vector<double> deviations;
    std::vector<double> amounts;
    std::vector<double> salts;
    int speckle = 0;
    for (int i = 0; i < draws; ++i) {
        const std::string text = random_noise(grey({1, 1}, {9}), NoiseOptions{}, rng).text;
        double a = 0.0;
        double b = 0.0;
        if (std::sscanf(text.c_str(), "salt and pepper, %lf %%, %lf %%", &a, &b) == 2) {
            amounts.push_back(a);
            salts.push_back(b);
        } else {
            REQUIRE(std::sscanf(text.c_str(), "%*s noise, deviation %lf of 255", &a) == 1);
            deviations.push_back(a);
            speckle += text.starts_with("speckle") ? 1 : 0;
        }
    }
    CHECK(is_share(std::ssize(amounts), draws, 1.0 / 3.0));
    CHECK(is_share(speckle, draws, 1.0 / 3.0));
    const auto is_uniform = [](const std::vector<double>& numbers, double low, double high) {
        const auto [least, most] = std::minmax_element(numbers.begin(), numbers.end());
        const double width = high - low;
        // The mean has deviation width / sqrt(12 n).
        const double margin = 4.0 * width / std::sqrt(12.0 * static_cast<double>(numbers.size()));
        return low <= *least && *least < low + 0.02 * width && high - 0.02 * width < *most &&
               *most <= high && std::abs(statistics_of(numbers).mean - (low + high) / 2.0) < margin;
    };
    CHECK(is_uniform(deviations, 5.0, 50.0));
    CHECK(is_uniform(amounts, 0.0, 1.0));  // per cent
    CHECK(is_uniform(salts, 30.0, 80.0));
}
