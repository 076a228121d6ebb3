#include <oldphoto/data/single_tone.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include <cmath>

using namespace oldphoto;
using namespace oldphoto::test;

TEST_CASE("grey and sepia photos have a single tone", "[data][color]") {
    CHECK(deviation_from_single_tone(pattern({9, 7}, 1)) == 0.0);
    CHECK(deviation_from_single_tone(to_rgb(pattern({9, 7}, 1))) == Approx(0.0).margin(1e-6));
    CHECK(deviation_from_single_tone(flat({9, 7}, 3, 80)) == 0.0);
    // Each channel a line of one grey, but for roundings: of each channel 1 / sqrt(12) at most.
    Image sepia = to_rgb(pattern({40, 30}, 1));
    const double slopes[] = {0.9, 0.75, 0.5};
    for (std::size_t i = 0; i < sepia.samples().size(); ++i) {
        sepia.samples()[i] = static_cast<std::uint8_t>(sepia.samples()[i] * slopes[i % 3] + 20.5);
    }
    CHECK(deviation_from_single_tone(sepia) < 0.5);
}

TEST_CASE("the deviation from a single tone is that of the least squares", "[data][color]") {
    // Two colours of one luma, 76, which therefore explains nothing.
    const auto photo =
        Image::from_samples({2, 1}, 3, std::vector<std::uint8_t>{255, 0, 0, 0, 130, 0});
    CHECK(to_grey(photo).samples()[0] == to_grey(photo).samples()[1]);
    // Each channel differs from its mean by 127.5, 65 and 0.
    CHECK(deviation_from_single_tone(photo) ==
          Approx(std::sqrt((127.5 * 127.5 + 65.0 * 65.0) / 3.0)));
}
