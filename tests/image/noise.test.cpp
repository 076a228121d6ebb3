#include <oldphoto/image/noise.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include "../support/shared.hpp"
#include <vector>

using namespace oldphoto;
using test::grey;

namespace {

/// (C, H, W) as the fixtures have it -> (H, W, C) as pictures have it.
template <class T>
std::vector<T> interleaved(const test::Array& planes) {
    const auto values = planes.values<T>();
    const auto channels = static_cast<std::size_t>(planes.dims[0]);
    const std::size_t pixels = values.size() / channels;
    std::vector<T> result(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        result[i % pixels * channels + i / pixels] = values[i];
    }
    return result;
}

}  // namespace

TEST_CASE("noise equals the published data synthesis bit for bit", "[image][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("image/noise.npz");
    const auto arrays = test::read_npz(test::fixture_path("image/noise.npz"));
    const auto picture = [&](const char* name) { return test::picture(arrays.at(name)); };
    const Image image = picture("image");
    const auto noise = interleaved<double>(arrays.at("gauss_f64"));
    CHECK(with_gaussian_noise(image, noise) == picture("gaussian_out"));
    CHECK(with_speckle_noise(image, noise) == picture("speckle_out"));
    CHECK(with_salt_and_pepper(image, interleaved<std::uint8_t>(arrays.at("flipped")),
                               interleaved<std::uint8_t>(arrays.at("salted"))) ==
          picture("salt_pepper_out"));
}

TEST_CASE("noise is cut to the range of a sample", "[image][forward]") {
    const auto image = grey({3, 1}, {51, 102, 204});
    // 51 + 25.5 = 76.5 is truncated.
    CHECK(with_gaussian_noise(image, std::vector<double>{0.1, -0.9, 0.9}) ==
          grey({3, 1}, {76, 0, 255}));
    // 51 * 2 and 102 * 0.5.
    CHECK(with_speckle_noise(image, std::vector<double>{1.0, -0.5, 9.0}) ==
          grey({3, 1}, {102, 51, 255}));
}

TEST_CASE("salt is white, pepper is black", "[image][forward]") {
    const auto image = grey({3, 1}, {51, 102, 204});
    const std::vector<std::uint8_t> flipped{1, 1, 0};
    const std::vector<std::uint8_t> salted{1, 0, 1};
    CHECK(with_salt_and_pepper(image, flipped, salted) == grey({3, 1}, {255, 0, 204}));
}

TEST_CASE("noise refuses a field of another size", "[image][error]") {
    CHECK_THROWS_WITH(with_gaussian_noise(grey({2, 1}, {0, 0}), std::vector<double>(3)),
                      "with_gaussian_noise: expected one random number a sample\n"
                      "  picture (H, W, C) = (1, 2, 1)\n"
                      "  numbers (count) = (3)");
}
