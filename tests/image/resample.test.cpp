#include <oldphoto/image/resample.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include "../support/shared.hpp"
#include <map>
#include <string>

using namespace oldphoto;
using test::grey;

namespace {

const std::map<std::string, Resampling> filters{{"nearest", Resampling::nearest},
                                                {"box", Resampling::box},
                                                {"bilinear", Resampling::bilinear},
                                                {"bicubic", Resampling::bicubic},
                                                {"lanczos", Resampling::lanczos}};

}  // namespace

TEST_CASE("resize equals Pillow bit for bit", "[image][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("image/pil_resize.npz");
    const auto image = test::picture(test::read_npy(test::fixture_path("image/rgb.npy")));
    const auto expected = test::read_npz(test::fixture_path("image/pil_resize.npz"));
    CHECK(expected.size() == 40);
    for (const auto& [name, array] : expected) {
        INFO(name);  // "<filter>_<width>x<height>"
        const Size size{array.dims[1], array.dims[0]};
        CHECK(resize(image, size, filters.at(name.substr(0, name.find('_')))) ==
              test::picture(array));
    }
}

TEST_CASE("resize of a grey picture equals Pillow bit for bit", "[image][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("image/gray.npz");
    const auto arrays = test::read_npz(test::fixture_path("image/gray.npz"));
    CHECK(resize(test::picture(arrays.at("L")), {40, 30}, Resampling::bicubic) ==
          test::picture(arrays.at("resize_L_bicubic_40x30")));
}

TEST_CASE("resize averages the pixels that a shrunken pixel covers", "[image][forward]") {
    const auto image = grey({4, 1}, {0, 100, 10, 21});
    CHECK(resize(image, {2, 1}, Resampling::box) == grey({2, 1}, {50, 16}));  // 15.5 rounds up
    CHECK(resize(image, {4, 1}, Resampling::lanczos) == image);
}

TEST_CASE("resize treats alpha as a plane of its own", "[image][forward]") {
    auto image = grey({2, 2}, {7, 7, 7, 7});
    image.set_alpha<std::uint8_t>({0, 100, 0, 100});
    const Image smaller = resize(image, {1, 2}, Resampling::box);
    CHECK(test::alpha_of(smaller) == std::vector<std::uint8_t>{50, 50});
}

TEST_CASE("resize refuses a picture without pixels", "[image][error]") {
    CHECK_THROWS_WITH(resize(grey({1, 1}, {0}), {0, 4}, Resampling::box),
                      "resize: sides must lie in 1 .. 2^30, got 0 x 4");
}
