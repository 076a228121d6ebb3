#include <oldphoto/image/stb.hpp>
#include <oldphoto/metrics/psnr.hpp>
#include <oldphoto/metrics/ssim.hpp>

#include <catch2/catch.hpp>

#include "../support/shared.hpp"
#include <cstdint>
#include <filesystem>
#include <vector>

using namespace oldphoto;

namespace {

constexpr double c1 = 6.5025;
constexpr double c2 = 58.5225;

}  // namespace

TEST_CASE("ssim of constant pictures compares their means", "[metrics][forward]") {
    const std::vector<std::uint8_t> a(12 * 13, 100);
    const std::vector<std::uint8_t> b(12 * 13, 110);
    CHECK(ssim(a, b, 12, 13, 1) == Approx((22000.0 + c1) / (22100.0 + c1)).epsilon(1e-12));
    CHECK(ssim(a, a, 13, 12, 1) == Approx(1.0).epsilon(1e-12));
}

TEST_CASE("ssim weighs by a Gaussian window", "[metrics][forward]") {
    // One point in a black picture under one window; the central weight w is the square of
    // 1 / sum over |k| <= 5 of exp(-k^2 / 4.5).
    constexpr double w = 0.26601172486179436 * 0.26601172486179436;
    std::vector<double> point(121, 0.0);
    point[60] = 255.0;
    const std::vector<double> black(121, 0.0);
    const double mean = 255.0 * w;
    const double variance = 255.0 * 255.0 * w - mean * mean;
    CHECK(ssim(point, black, 11, 11, 1) ==
          Approx(c1 * c2 / ((mean * mean + c1) * (variance + c2))).epsilon(1e-12));
    // Inverted: the covariance is the negative variance.
    std::vector<double> inverted(121, 255.0);
    inverted[60] = 0.0;
    const double other = 255.0 - mean;
    CHECK(ssim(point, inverted, 11, 11, 1) ==
          Approx((2.0 * mean * other + c1) * (c2 - 2.0 * variance) /
                 ((mean * mean + other * other + c1) * (2.0 * variance + c2)))
              .epsilon(1e-12));
}

TEST_CASE("ssim is the mean over the channels", "[metrics][forward]") {
    std::vector<std::uint8_t> a(11 * 11 * 3, 100);
    std::vector<std::uint8_t> b = a;
    for (std::size_t i = 1; i < b.size(); i += 3) b[i] = 110;
    const double green = (22000.0 + c1) / (22100.0 + c1);
    CHECK(ssim(a, b, 11, 11, 3) == Approx((2.0 + green) / 3.0).epsilon(1e-12));
}

TEST_CASE("ssim refuses what its window does not fit", "[metrics][error]") {
    const std::vector<std::uint8_t> a(10 * 20);
    CHECK_THROWS_WITH(ssim(a, a, 10, 20, 1),
                      "ssim: both sides must be at least as long as the window\n"
                      "  picture (H, W, C) = (10, 20, 1)\n"
                      "  window (kh, kw) = (11, 11)");
    CHECK_THROWS_WITH(ssim(a, a, 11, 20, 1),
                      "ssim: expected two pictures of height * width * channels samples\n"
                      "  picture (H, W, C) = (11, 20, 1)\n"
                      "  a (count) = (200)\n"
                      "  b (count) = (200)");
}

TEST_CASE("the degraded test photos score as their card says", "[metrics][parity]") {
    OLDPHOTO_NEEDS_SHARED("data/pairs_test");
    double total_psnr = 0.0;
    double total_ssim = 0.0;
    int photos = 0;
    const std::filesystem::path degraded = test::shared_path("data/pairs_test/quality");
    for (const auto& entry :
         std::filesystem::directory_iterator(test::shared_path("data/pairs_test/clean"))) {
        const Image clean = read_image(entry.path());
        const Image other = read_image(degraded / entry.path().filename());
        total_psnr += psnr(clean.samples(), other.samples());
        total_ssim +=
            ssim(clean.samples(), other.samples(), clean.height(), clean.width(), clean.channels());
        ++photos;
    }
    CHECK(photos == 32);
    CHECK(total_psnr / photos == Approx(23.58).margin(0.005));
    CHECK(total_ssim / photos == Approx(0.610).margin(0.0005));
}
