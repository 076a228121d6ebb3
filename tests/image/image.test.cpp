#include <oldphoto/image/image.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <vector>

using namespace oldphoto;

namespace {

Image two_grey_pixels() {
    return Image::from_samples<std::uint8_t>({2, 1}, 1, {10, 20});
}

}  // namespace

TEST_CASE("a picture knows its layout", "[image][value]") {
    const auto image = Image::from_samples<std::uint16_t>({2, 1}, 3, {1, 2, 3, 4, 5, 65535});
    CHECK(image.size() == Size{2, 1});
    CHECK(image.width() == 2);
    CHECK(image.height() == 1);
    CHECK(image.channels() == 3);
    CHECK(image.bits() == 16);
    CHECK_FALSE(image.has_alpha());
    CHECK(image.samples<std::uint16_t>()[5] == 65535);
    CHECK(Image::black({5, 4}, 3).samples().size() == 60);
}

TEST_CASE("a copy of a picture is independent", "[image][value]") {
    const auto original = two_grey_pixels();
    auto copy = original;
    CHECK(copy == original);
    copy.samples()[1] = 21;
    CHECK(original.samples()[1] == 20);
    CHECK_FALSE(copy == original);
}

TEST_CASE("pictures with different alpha differ", "[image][value]") {
    auto image = two_grey_pixels();
    image.set_alpha<std::uint8_t>({0, 255});
    CHECK(image.has_alpha());
    CHECK(image.alpha()[1] == 255);
    CHECK_FALSE(image == two_grey_pixels());
}

TEST_CASE("to_8_bit rounds to the nearest level", "[image][value]") {
    // 257 v is v exactly; the middle between two levels lies at 128.5 above.
    auto deep = Image::from_samples<std::uint16_t>({5, 1}, 1, {0, 128, 129, 257 * 77 - 128, 65535});
    deep.set_alpha<std::uint16_t>({65535, 0, 257, 514, 65534});
    const Image image = to_8_bit(deep);
    auto expected = Image::from_samples<std::uint8_t>({5, 1}, 1, {0, 0, 1, 77, 255});
    expected.set_alpha<std::uint8_t>({255, 0, 1, 2, 255});
    CHECK(image == expected);
    CHECK(to_8_bit(expected) == expected);
}

TEST_CASE("a picture refuses what does not fit it", "[image][error]") {
    using Samples = std::vector<std::uint8_t>;
    CHECK_THROWS_WITH(Image::black({0, 5}, 1), "Image: sides must lie in 1 .. 2^30, got 0 x 5");
    CHECK_THROWS_AS(Image::black({Index{1} << 31, 1}, 1), OptionError);
    CHECK_THROWS_WITH(Image::black({1, 1}, 2),
                      "Image: expected 1 (grey) or 3 (RGB) channels, got 2");
    CHECK_THROWS_WITH(Image::from_samples({2, 1}, 3, Samples{1, 2}),
                      "Image: expected height * width * channels samples\n"
                      "  picture (H, W, C) = (1, 2, 3)\n"
                      "  samples (count) = (2)");
    auto image = two_grey_pixels();
    CHECK_THROWS_WITH(image.set_alpha(Samples{1}),
                      "Image: expected one alpha sample a pixel\n"
                      "  picture (H, W) = (1, 2)\n"
                      "  alpha (count) = (1)");
    CHECK_THROWS_WITH(image.samples<std::uint16_t>(),
                      "Image: 16-bit samples asked of a picture with 8; to_8_bit() converts it");
    CHECK_THROWS_AS(image.set_alpha(std::vector<std::uint16_t>{1, 2}), OptionError);
}
