#include <oldphoto/degrade/jpeg.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include "../support/shared.hpp"
#include "../support/statistics.hpp"

using namespace oldphoto;
using namespace oldphoto::test;

namespace {

/// Mean square error in levels.
double error_between(const Image& a, const Image& b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.samples().size(); ++i) {
        const double difference = a.samples()[i] - b.samples()[i];
        sum += difference * difference;
    }
    return sum / static_cast<double>(a.samples().size());
}

}  // namespace

TEST_CASE("JPEG artefacts grow as the quality falls, about as in the published data",
          "[degrade][jpeg]") {
    OLDPHOTO_NEEDS_FIXTURE("image/jpeg.npz");
    const auto arrays = read_npz(fixture_path("image/jpeg.npz"));
    const Image photo = picture(read_npy(fixture_path("image/rgb.npy")));
    double last = 1e9;
    for (const int quality : {40, 60, 75, 90, 95}) {
        const double error = error_between(photo, with_jpeg_artefacts(photo, quality));
        const Image published = picture(arrays.at("q" + std::to_string(quality) + "_decoded"));
        INFO(quality);
        CHECK(error < last);
        // Within the 1.5 dB of the fixture's note: a factor of 10^0.15.
        CHECK(error < 1.413 * error_between(photo, published));
        last = error;
    }
}

TEST_CASE("random_jpeg does what it says", "[degrade][jpeg]") {
    const Image photo = pattern({20, 11}, 3);
    Rng rng(1);
    const Degraded degraded = random_jpeg(photo, {.quality = {57, 57}}, rng);
    CHECK(degraded.text == "JPEG, quality 57");
    CHECK(degraded.photo == with_jpeg_artefacts(photo, 57));
    CHECK(degraded.photo != photo);
}

TEST_CASE("the quality has the published distribution", "[degrade][jpeg]") {
    constexpr int draws = 6100;  // 100 of each quality
    Rng rng(2);
    std::vector<int> found(101);
    for (int i = 0; i < draws; ++i) {
        const std::string text = random_jpeg(grey({1, 1}, {9}), JpegOptions{}, rng).text;
        int quality = 0;
        REQUIRE(std::sscanf(text.c_str(), "JPEG, quality %d", &quality) == 1);
        ++found.at(static_cast<std::size_t>(quality));
    }
    for (std::size_t quality = 1; quality <= 100; ++quality) {
        INFO(quality);
        CHECK(is_share(found[quality], draws, quality < 40 ? 0.0 : 1.0 / 61.0));
    }
}

TEST_CASE("JPEG artefacts leave channels and alpha as they are", "[degrade][jpeg]") {
    Image photo = pattern({9, 5}, 1);
    photo.set_alpha(std::vector<std::uint8_t>(45, 99));
    const Image degraded = with_jpeg_artefacts(photo, 40);
    CHECK(degraded.channels() == 1);
    CHECK(alpha_of(degraded) == alpha_of(photo));
    CHECK(with_jpeg_artefacts(flat({1, 1}, 3, 128), 40) == flat({1, 1}, 3, 128));
}
