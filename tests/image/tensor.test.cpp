#include <oldphoto/image/tensor.hpp>

#include <catch2/catch.hpp>

#include "../support/pictures.hpp"
#include <vector>

using namespace oldphoto;
using namespace oldphoto::test;

TEST_CASE("to_tensor maps samples to [-1, 1], channel after channel", "[image][tensor]") {
    const auto photo =
        Image::from_samples({2, 1}, 3, std::vector<std::uint8_t>{0, 51, 255, 102, 153, 204});
    const Tensor<double, 4> x = to_tensor<double>(photo);
    CHECK(x.shape() == Shape<4>{1, 3, 1, 2});
    const auto values = x.to_values();
    const std::vector<double> expected{-1.0, -0.2, -0.6, 0.2, 1.0, 0.6};
    for (std::size_t i = 0; i < 6; ++i) CHECK(values[i] == Approx(expected[i]).margin(1e-12));
    CHECK(to_image(x) == photo);
}

TEST_CASE("to_tensor puts pictures of one size one after another", "[image][tensor]") {
    const std::vector<Image> photos{pattern({5, 4}, 3), flat({5, 4}, 3, 7)};
    const Tensor<float, 4> batch = to_tensor(photos);
    CHECK(batch.shape() == Shape<4>{2, 3, 4, 5});
    const auto values = batch.to_values();
    const auto first = to_tensor(photos[0]).to_values();
    const auto second = to_tensor(photos[1]).to_values();
    CHECK(std::equal(first.begin(), first.end(), values.begin()));
    CHECK(std::equal(second.begin(), second.end(), values.begin() + 60));
}

TEST_CASE("to_tensor refuses pictures of different sizes, and none", "[image][error]") {
    const std::vector<Image> photos{flat({5, 4}, 3, 0), flat({4, 5}, 3, 0)};
    CHECK_THROWS_WITH(to_tensor(photos),
                      "to_tensor: the pictures of a batch must be of one size\n"
                      "  first (C, H, W) = (3, 4, 5)\n"
                      "  other (C, H, W) = (3, 5, 4)");
    CHECK_THROWS_WITH(to_tensor(std::vector<Image>{}), "to_tensor: expected at least one picture");
}
