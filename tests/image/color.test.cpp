#include <oldphoto/image/color.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include "../support/shared.hpp"

using namespace oldphoto;
using test::grey;

TEST_CASE("to_grey and to_rgb equal Pillow bit for bit", "[image][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("image/gray.npz");
    const auto image = test::picture(test::read_npy(test::fixture_path("image/rgb.npy")));
    const auto arrays = test::read_npz(test::fixture_path("image/gray.npz"));
    CHECK(to_grey(image) == test::picture(arrays.at("L")));
    CHECK(to_rgb(test::picture(arrays.at("L"))) == test::picture(arrays.at("L_to_RGB")));
    CHECK(to_grey(test::picture(arrays.at("ramp_rgb"))) == test::picture(arrays.at("ramp_L")));
}

TEST_CASE("to_grey weighs the primaries as BT.601 does", "[image][forward]") {
    // (19595 * 255 + 32768) >> 16 = 76 and so on.
    const auto primaries =
        Image::from_samples<std::uint8_t>({3, 1}, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255});
    CHECK(to_grey(primaries) == grey({3, 1}, {76, 150, 29}));
}

TEST_CASE("changing the channels keeps alpha", "[image][forward]") {
    auto image = grey({1, 1}, {9});
    image.set_alpha<std::uint8_t>({128});
    CHECK(test::alpha_of(to_rgb(image)) == std::vector<std::uint8_t>{128});
    CHECK(to_grey(to_rgb(image)) == image);
}
