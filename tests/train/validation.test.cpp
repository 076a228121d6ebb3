#include <oldphoto/train/validation.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include <cmath>

using namespace oldphoto;

namespace {

Image flat(std::uint8_t level, Index channels) {
    auto image = Image::black({16, 12}, channels);
    for (auto& sample : image.samples()) sample = level;
    return image;
}

}  // namespace

TEST_CASE("a score compares pictures as RGB", "[train][validation]") {
    // An error of 10 levels everywhere: 20 log10(255 / 10).
    const auto score = score_of(flat(100, 1), flat(110, 3));
    CHECK(score.psnr == Approx(20 * std::log10(25.5)));
    // Without variance SSIM is (2 ma mb + c1) / (ma^2 + mb^2 + c1), c1 = 2.55^2.
    CHECK(score.ssim == Approx((22000 + 6.5025) / (22100 + 6.5025)));
    CHECK_THAT(test::message_of<ShapeError>([] {
                   static_cast<void>(score_of(flat(1, 3), Image::black({16, 16}, 3)));
               }),
               Catch::StartsWith("score: the photos must have the same size"));
}

TEST_CASE("validation gives the mean score of all pairs", "[train][validation]") {
    const test::TemporaryFolder folder;
    write_image(flat(100, 3), folder / "clean.png");
    write_image(flat(90, 3), folder / "damaged.png");
    const std::string clean = folder / "clean.png";
    const std::string damaged = folder / "damaged.png";
    const auto brighter = [](const Image& photo) { return flat(photo.samples()[0] + 5, 3); };
    // 95 and 105 beside 100.
    const auto score = validate(brighter, {{damaged, clean}, {clean, clean}});
    CHECK(score.psnr == Approx(20 * std::log10(51)));
    CHECK_THROWS_AS(validate(brighter, {}), OptionError);
    CHECK_THROWS_AS(validate(brighter, {{folder / "none.png", clean}}), IoError);
}
