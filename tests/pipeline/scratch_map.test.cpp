#include <oldphoto/pipeline/scratch_map.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include "../support/threads.hpp"
#include <cmath>

using namespace oldphoto;

namespace {

/// A detector whose logits are bright where the photo is: 20 times what it is given, its
/// convolutions doing nothing.
ScratchDetector<> brightness_detector() {
    const ScratchDetector<> detector({.width = 1, .depth = 1}, Init::zeros());
    for (const auto& [name, variable] : state_of<float>(detector)) {
        const auto value = variable.value();
        // The first convolution copies, the way past the U-Net is the second half of what its last
        // block sees, and leaky relus that shrink what is below 0 leave the sign.
        if (name == "first.1.weight") value[24] = 1;
        if (name == "up_path.0.conv_block.block.1.weight") value[9 + 4] = 1;
        if (name == "up_path.0.conv_block.block.5.weight") value[4] = 1;
        if (name == "last.1.weight") value[4] = 20;
    }
    return detector;
}

}  // namespace

TEST_CASE("a map of scratches becomes a mask at its threshold and a picture",
          "[pipeline][detect]") {
    const ScratchMap map({3, 1}, {0.25F, 0.4F, 1.0F});
    CHECK(test::samples_of(map.mask()) == std::vector<std::uint8_t>{0, 255, 255});
    CHECK(test::samples_of(map.mask(0.25)) == std::vector<std::uint8_t>{255, 255, 255});
    CHECK(test::samples_of(map.mask(0.9)) == std::vector<std::uint8_t>{0, 0, 255});
    CHECK(test::samples_of(map.picture()) == std::vector<std::uint8_t>{64, 102, 255});
    CHECK_THROWS_WITH(map.mask(1.5), "ScratchMap: threshold must lie in 0..1, got 1.500000");
    CHECK_THROWS_WITH(ScratchMap({2, 2}, {0.5F}),
                      "ScratchMap: expected one probability for each pixel\n"
                      "  photo (H, W) = (2, 2)\n"
                      "  probabilities (count) = (1)");
}

TEST_CASE("scratches are looked for at a short side of 256 and sides of at most 4096",
          "[pipeline][detect]") {
    CHECK(scratch_search_size({640, 480}) == Size{336, 256});
    CHECK(scratch_search_size({480, 640}) == Size{256, 336});
    CHECK(scratch_search_size({1, 1}) == Size{256, 256});
    CHECK(scratch_search_size({100000, 2}) == Size{4096, 256});
    CHECK(scratch_search_size({2, 100000}) == Size{256, 4096});
}

TEST_CASE("scratches are found where they are in photos of any size, grey or coloured",
          "[pipeline][detect]") {
    const auto detector = brightness_detector();
    for (const Size size : {Size{64, 48}, Size{48, 64}, Size{301, 97}}) {
        INFO(to_string(size));
        Image photo = test::flat(size, 1, 40);
        for (Index y = 0; y < size.height; ++y) {
            for (Index x = size.width / 2; x < size.width / 2 + 6; ++x) {
                photo.samples()[static_cast<std::size_t>(y * size.width + x)] = 255;
            }
        }
        const auto map = find_scratches(detector, photo);
        CHECK(map.size() == size);
        const Image mask = map.mask(0.5);
        Index wrong = 0;
        for (std::size_t i = 0; i < mask.samples().size(); ++i) {
            const auto x = static_cast<Index>(i) % size.width;
            const bool near_edge =
                std::abs(x - size.width / 2) <= 1 || std::abs(x - size.width / 2 - 6) <= 1;
            if (!near_edge && mask.samples()[i] != (photo.samples()[i] > 128 ? 255 : 0)) ++wrong;
        }
        CHECK(wrong == 0);
        CHECK(find_scratches(detector, to_rgb(photo)).probabilities() == map.probabilities());
    }
    CHECK(find_scratches(detector, test::flat({1, 1}, 3, 255)).mask() ==
          test::flat({1, 1}, 1, 255));
}

TEST_CASE("scratches are the same with any number of threads", "[pipeline][determinism]") {
    Rng rng(1);
    const ScratchDetector<> detector({.width = 2, .depth = 2}, rng);
    const Image photo = test::pattern({90, 70}, 3);
    CHECK(test::same_for_any_threads(
        [&] { return find_scratches(detector, photo).probabilities(); }));
}
