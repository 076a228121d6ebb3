#include <oldphoto/degrade/blur.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include "../support/statistics.hpp"
#include <map>

using namespace oldphoto;
using namespace oldphoto::test;

TEST_CASE("random_blur does what it says", "[degrade][blur]") {
    const Image photo = pattern({12, 9}, 3);
    Rng rng(1);
    const Degraded degraded = random_blur(photo, {.kernel = {5, 5}, .sigma = {1.5, 1.5}}, rng);
    CHECK(degraded.photo == gaussian_blur(photo, 5, 1.5));
    CHECK(degraded.text == "blur, 5 px wide, sigma 1.5 px");
}

TEST_CASE("kernel and sigma of a blur have the published distributions", "[degrade][blur]") {
    constexpr int draws = 3000;
    Rng rng(2);
    std::map<long, int> kernels;
    std::vector<double> sigmas;
    for (int i = 0; i < draws; ++i) {
        const std::string text = random_blur(grey({1, 1}, {9}), BlurOptions{}, rng).text;
        long kernel = 0;
        double sigma = 0.0;
        REQUIRE(std::sscanf(text.c_str(), "blur, %ld px wide, sigma %lf px", &kernel, &sigma) == 2);
        ++kernels[kernel];
        sigmas.push_back(sigma);
    }
    CHECK(kernels.size() == 3);
    for (const long kernel : {3, 5, 7}) CHECK(is_share(kernels[kernel], draws, 1.0 / 3.0));
    const auto [low, high] = std::minmax_element(sigmas.begin(), sigmas.end());
    CHECK(*low >= 1.0);
    CHECK(*low < 1.05);
    CHECK(*high <= 5.0);
    CHECK(*high > 4.95);
    // Mean and deviation of U(1, 5) are 3 and 4 / sqrt(12) = 1.155; of the mean 0.021.
    CHECK(statistics_of(sigmas).mean == Approx(3.0).margin(0.085));
}

TEST_CASE("a photo smaller than the kernel can be blurred", "[degrade][blur]") {
    Rng rng(3);
    const BlurOptions widest{.kernel = {7, 7}, .sigma = {2.0, 2.0}};
    CHECK(random_blur(grey({1, 1}, {77}), widest, rng).photo == grey({1, 1}, {77}));
    // Mirrored without end, 0 and 200 alternate. Weights e^{-k^2 / 8} in units of 1/256, rounded
    // from the outside in: 18, 34, 48, 56, 48, 34, 18. The other pixel has 2 (18 + 48) = 132 of
    // them.
    CHECK(random_blur(grey({2, 1}, {0, 200}), widest, rng).photo == grey({2, 1}, {103, 97}));
}
