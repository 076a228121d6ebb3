#include <oldphoto/nn/blur_pool.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"
#include "../support/state.hpp"

using namespace oldphoto;

namespace {

using Numbers = std::vector<double>;

Numbers pooled(const Shape<4>& shape, const Numbers& values) {
    const Variable<double, 4> x(Tensor<double, 4>::from_values(shape, values));
    return BlurPool2d<double>(shape[1])(x).value().to_values();
}

}  // namespace

TEST_CASE("BlurPool2d takes every second pixel of a smoothed picture, channel by channel",
          "[nn][forward]") {
    // Around the first pixel of a line a b c ... stand b a b: (a + b) / 2. Around the third b c d:
    // (b + 2 c + d) / 4; of a line of three d is b again.
    CHECK(pooled({1, 2, 2, 2}, {1, 3, 5, 7, 0, 0, 0, 8}) == Numbers{4, 2});
    CHECK(pooled({1, 1, 2, 4}, {1, 3, 5, 7, 1, 3, 5, 7}) == Numbers{2, 5});
    CHECK(pooled({1, 1, 3, 3}, {1, 3, 5, 3, 5, 7, 5, 7, 9}) == Numbers{3, 5, 5, 7});
}

TEST_CASE("BlurPool2d keeps a flat picture flat", "[nn][forward]") {
    CHECK(pooled({1, 1, 4, 6}, Numbers(24, 3)) == Numbers(6, 3));
}

TEST_CASE("the filter of BlurPool2d is stored and not trained", "[nn][state]") {
    const BlurPool2d<float> pool(5);
    CHECK(test::state_lines<float>(pool) == std::vector<std::string>{"filt 5x1x3x3"});
    CHECK(count_parameters<float>(pool) == 0);
}

TEST_CASE("the gradient of BlurPool2d matches central differences", "[nn][gradient]") {
    const auto x = test::random_variable(Shape<4>{1, 2, 4, 5}, 1);
    CHECK(testing::gradcheck([&] { return BlurPool2d<double>(2)(x); }, {x}) < 1e-7);
}

TEST_CASE("BlurPool2d refuses what has no reflection and other channels", "[nn][error]") {
    CHECK_THROWS_AS(pooled({1, 1, 1, 4}, {1, 2, 3, 4}), ShapeError);
    const Variable<float, 4> x(Tensor<float, 4>::ones({1, 3, 4, 4}));
    CHECK_THROWS_AS(BlurPool2d<float>(2)(x), ShapeError);
}
