#include <oldphoto/image/hole.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include "../support/shared.hpp"

using namespace oldphoto;
using test::grey;

TEST_CASE("with_holes equals the published program bit for bit", "[image][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("image/hole.npz");
    const auto arrays = test::read_npz(test::fixture_path("image/hole.npz"));
    const auto picture = [&](const char* name) { return test::picture(arrays.at(name)); };
    CHECK(with_holes(picture("image"), picture("mask")) == picture("output"));
    CHECK(with_holes(picture("image"), picture("binary_mask")) == picture("binary_output"));
}

TEST_CASE("with_holes paints holes white and truncates between", "[image][forward]") {
    // 100 * 0.8 + 51 = 131 and 10 * 0.6 + 102 = 108; 200 * (254/255) + 1 = 200.2 is cut to 200.
    CHECK(with_holes(grey({4, 1}, {100, 10, 200, 5}), grey({4, 1}, {51, 102, 1, 255})) ==
          grey({4, 1}, {131, 108, 200, 255}));
}

TEST_CASE("with_holes keeps alpha", "[image][forward]") {
    auto photo = grey({1, 1}, {5});
    photo.set_alpha<std::uint8_t>({77});
    CHECK(test::alpha_of(with_holes(photo, grey({1, 1}, {255}))) == std::vector<std::uint8_t>{77});
}

TEST_CASE("with_holes refuses a mask of another size", "[image][error]") {
    CHECK_THROWS_WITH(with_holes(Image::black({4, 2}, 3), Image::black({2, 4}, 1)),
                      "with_holes: the mask must have the photo's size, and its channels or one\n"
                      "  photo (H, W, C) = (2, 4, 3)\n"
                      "  mask (H, W, C) = (4, 2, 1)");
    CHECK_THROWS_AS(with_holes(Image::black({2, 2}, 1), Image::black({2, 2}, 3)), ShapeError);
}
