#include <oldphoto/image/filter.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include "../support/shared.hpp"
#include <cmath>
#include <string>
#include <vector>

using namespace oldphoto;
using test::grey;

TEST_CASE("gaussian_blur equals OpenCV bit for bit", "[image][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("image/gaussian_blur.npz");
    const auto image = test::picture(test::read_npy(test::fixture_path("image/rgb.npy")));
    const auto arrays = test::read_npz(test::fixture_path("image/gaussian_blur.npz"));
    for (const Index kernel : {3, 5, 7}) {
        for (const std::string sigma : {"1.0", "1.7", "3.0", "5.0"}) {
            const std::string name = std::string("k") + std::to_string(kernel) + "_s" + sigma;
            INFO(name);
            CHECK(gaussian_blur(image, kernel, std::stod(sigma)) == test::picture(arrays.at(name)));
        }
    }
}

TEST_CASE("gaussian_blur of real numbers equals OpenCV", "[image][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("image/gaussian_blur.npz");
    const auto image = test::picture(test::read_npy(test::fixture_path("image/rgb.npy")));
    const auto arrays = test::read_npz(test::fixture_path("image/gaussian_blur.npz"));
    const auto expected = arrays.at("k25_s0_float").values<float>();
    std::vector<double> red(expected.size());
    for (std::size_t i = 0; i < red.size(); ++i) red[i] = image.samples()[3 * i] / 255.0;
    const auto blurred = gaussian_blur(red, image.size(), 25, 0.0);
    double largest_error = 0.0;
    for (std::size_t i = 0; i < red.size(); ++i) {
        largest_error = std::max(largest_error, std::abs(blurred[i] - double{expected[i]}));
    }
    CHECK(largest_error < 1e-6);
}

TEST_CASE("gaussian_blur spreads a point by its fixed-point weights", "[image][forward]") {
    // exp(-1/2) and 1, normalised: 0.274, 0.452, 0.274; in units of 1/256: 70, 116, 70.
    CHECK(gaussian_blur(grey({5, 1}, {0, 0, 255, 0, 0}), 3, 1.0) ==
          grey({5, 1}, {0, 70, 116, 70, 0}));
}

TEST_CASE("gaussian_blur mirrors a picture smaller than its kernel", "[image][forward]") {
    CHECK(gaussian_blur(grey({1, 1}, {200}), 7, 3.0) == grey({1, 1}, {200}));
    // 0 1 mirrored is ... 1 0 1 0 1 ...: weights 70, 116, 70 give 140/256 of 255 beside a 1.
    CHECK(gaussian_blur(grey({2, 1}, {0, 255}), 3, 1.0) == grey({2, 1}, {139, 116}));
}

TEST_CASE("gaussian_blur refuses an even kernel and a negative sigma", "[image][error]") {
    const auto image = grey({1, 1}, {0});
    CHECK_THROWS_WITH(gaussian_blur(image, 4, 1.0),
                      "gaussian_blur: kernel must be odd and positive, got 4");
    CHECK_THROWS_WITH(gaussian_blur(image, 3, -1.0),
                      "gaussian_blur: sigma must not be negative, got -1.000000");
    CHECK_THROWS_AS(gaussian_blur(std::vector<double>(5), {2, 3}, 3, 1.0), ShapeError);
}
