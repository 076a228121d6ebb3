#include <oldphoto/image/morphology.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include "../support/shared.hpp"

using namespace oldphoto;
using test::grey;

TEST_CASE("dilate and erode equal OpenCV bit for bit", "[image][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("image/morphology.npz");
    const auto arrays = test::read_npz(test::fixture_path("image/morphology.npz"));
    const auto picture = [&](const char* name) { return test::picture(arrays.at(name)); };
    CHECK(dilate(picture("mask"), {3, 3}) == picture("dilate3x3_x1"));
    CHECK(dilate(picture("mask"), {3, 3}, 3) == picture("dilate3x3_x3"));
    CHECK(erode(picture("inv_mask"), {9, 9}, 3) == picture("inv_erode9x9_x3"));
    CHECK(erode(picture("inv_mask"), {10, 10}) == picture("erode10x10_x1"));
}

TEST_CASE("an even kernel reaches farther to the left", "[image][forward]") {
    const auto point = grey({5, 1}, {0, 0, 9, 0, 0});
    // Length 4 looks at positions -2 .. 1, so a point shows from one before to two after it.
    CHECK(dilate(point, {4, 1}) == grey({5, 1}, {0, 9, 9, 9, 9}));
}

TEST_CASE("iterations equal repeated calls, for even kernels too", "[image][forward]") {
    Image image = Image::black({9, 7}, 3);
    for (Index i = 0; i < 9 * 7 * 3; ++i) {
        image.samples()[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(i * i * 7 % 251);
    }
    CHECK(dilate(image, {2, 3}, 3) == dilate(dilate(dilate(image, {2, 3}), {2, 3}), {2, 3}));
    CHECK(erode(image, {4, 1}, 2) == erode(erode(image, {4, 1}), {4, 1}));
    CHECK(erode(image, {3, 3}, 0) == image);
}

TEST_CASE("a kernel larger than the picture fills it with the extremum", "[image][forward]") {
    const auto image = grey({2, 2}, {1, 8, 3, 4});
    CHECK(dilate(image, {99, 99}, 1000000) == grey({2, 2}, {8, 8, 8, 8}));
    CHECK(erode(image, {99, 99}) == grey({2, 2}, {1, 1, 1, 1}));
}

TEST_CASE("morphology refuses kernels and iterations out of range", "[image][error]") {
    const auto image = grey({1, 1}, {0});
    CHECK_THROWS_WITH(dilate(image, {0, 3}), "dilate: sides must lie in 1 .. 2^30, got 0 x 3");
    CHECK_THROWS_WITH(erode(image, {3, 3}, -1), "erode: iterations must lie in 0 .. 2^30, got -1");
}
