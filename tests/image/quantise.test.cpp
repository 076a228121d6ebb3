#include <oldphoto/image/color.hpp>
#include <oldphoto/image/quantise.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include "../support/shared.hpp"
#include <limits>
#include <vector>

using namespace oldphoto;
using test::grey;

TEST_CASE("quantise equals torchvision's save_image bit for bit", "[image][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("image/save_image.npz");
    const auto arrays = test::read_npz(test::fixture_path("image/save_image.npz"));
    const auto picture = [&](const char* name) { return test::picture(arrays.at(name)); };
    const auto random = arrays.at("random").values<float>();
    CHECK(quantise(random, {11, 9}, 3, Contrast::stretched) == picture("random_u8"));
    CHECK(quantise(random, {11, 9}, 3, Contrast::kept) == picture("random_plain_u8"));
    const auto binary = arrays.at("binary").values<float>();
    CHECK(to_rgb(quantise(binary, {7, 6}, 1, Contrast::stretched)) == picture("binary_u8"));

    const std::vector<float> zeros(60, 0.0F);
    CHECK(quantise(zeros, {5, 4}, 3, Contrast::stretched) == picture("zeros_u8"));
    CHECK(quantise(zeros, {5, 4}, 3, Contrast::kept) == picture("zeros_plain_u8"));
    const std::vector<float> ones(60, 1.0F);
    CHECK(quantise(ones, {5, 4}, 3, Contrast::stretched) == picture("ones_u8"));
    CHECK(quantise(ones, {5, 4}, 3, Contrast::kept) == picture("ones_plain_u8"));
    const std::vector<float> constant(60, 0.37F);
    CHECK(quantise(constant, {5, 4}, 3, Contrast::stretched) == picture("const_u8"));
    CHECK(quantise(constant, {5, 4}, 3, Contrast::kept) == picture("const_plain_u8"));
}

TEST_CASE("quantise rounds, cuts and interleaves", "[image][forward]") {
    // 0.1 * 255 + 0.5 = 26.0 and 0.3 * 255 + 0.5 = 77.0, both a little above in float.
    const std::vector<float> planes{0.1F, -3.0F, 0.3F, 7.0F, 0.0F, 1.0F};
    CHECK(quantise(planes, {2, 1}, 3, Contrast::kept) ==
          Image::from_samples<std::uint8_t>({2, 1}, 3, {26, 77, 0, 0, 255, 255}));
}

TEST_CASE("quantise stretches over all channels together", "[image][forward]") {
    // From -1 .. 3: (0 + 1) / 4 * 255 + 0.5 = 64.25.
    CHECK(quantise(std::vector<float>{-1.0F, 0.0F, 3.0F}, {1, 1}, 3, Contrast::stretched) ==
          Image::from_samples<std::uint8_t>({1, 1}, 3, {0, 64, 255}));
}

TEST_CASE("quantise makes NaN black", "[image][forward]") {
    const std::vector<float> planes{std::numeric_limits<float>::quiet_NaN(), 1.0F};
    CHECK(quantise(planes, {2, 1}, 1, Contrast::kept) == grey({2, 1}, {0, 255}));
}

TEST_CASE("quantise refuses planes that do not fit", "[image][error]") {
    CHECK_THROWS_WITH(quantise(std::vector<float>(5), {3, 2}, 1, Contrast::kept),
                      "quantise: expected channels * height * width numbers\n"
                      "  picture (C, H, W) = (1, 2, 3)\n"
                      "  numbers (count) = (5)");
}
