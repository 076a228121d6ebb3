#include <oldphoto/metrics/psnr.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <vector>

using namespace oldphoto;

TEST_CASE("psnr follows its formula", "[metrics][forward]") {
    const std::vector<std::uint8_t> a{0, 10, 20, 255};
    const std::vector<std::uint8_t> b{3, 10, 16, 255};
    // mean of 9, 0, 16, 0 is 6.25 = 2.5^2; 20 log10(255 / 2.5) = 20 log10(102).
    CHECK(psnr(a, b) == Approx(40.1720034).epsilon(1e-9));
    CHECK(psnr(std::vector<double>{0.0}, std::vector<double>{255.0}) == 0.0);
}

TEST_CASE("psnr of equal pictures is infinite", "[metrics][forward]") {
    const std::vector<std::uint8_t> a{1, 2, 3};
    CHECK(psnr(a, a) == std::numeric_limits<double>::infinity());
}

TEST_CASE("psnr refuses pictures of different sizes", "[metrics][error]") {
    const std::vector<std::uint8_t> a(3);
    CHECK_THROWS_WITH(psnr(a, std::vector<std::uint8_t>(4)),
                      "psnr: expected two pictures with the same number of samples\n"
                      "  a (count) = (3)\n"
                      "  b (count) = (4)");
}
