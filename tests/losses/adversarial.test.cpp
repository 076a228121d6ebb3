#include <oldphoto/losses/adversarial.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"

using namespace oldphoto;
using test::random_variable;

namespace {

Variable<double, 4> map_of(const Shape<4>& shape, const std::vector<double>& values) {
    return Variable<double, 4>(Tensor<double, 4>::from_values(shape, values), true);
}

}  // namespace

TEST_CASE("lsgan_loss is the mean squared distance from the target", "[losses][forward]") {
    const auto scores = map_of({1, 1, 2, 2}, {1, 0, 3, -1});
    CHECK(lsgan_loss(scores, 1).item() == (0.0 + 1 + 4 + 4) / 4);
    CHECK(lsgan_loss(scores, 0).item() == (1.0 + 0 + 9 + 1) / 4);
    CHECK(lsgan_loss(2 * scores, 0).item() == 4 * 2.75);
}

TEST_CASE("lsgan_loss of several scales is the sum of their means", "[losses][forward]") {
    // Means 2.25 and 4, whatever the scales' sizes.
    const std::vector<Variable<double, 4>> maps{map_of({1, 1, 2, 2}, {1, 0, 3, -1}),
                                                map_of({1, 1, 1, 1}, {-1})};
    CHECK(lsgan_loss(maps, 1).item() == 6.25);
    CHECK(lsgan_loss(std::vector{maps[0]}, 1).item() == 2.25);
}

TEST_CASE("lsgan_loss's gradients match central differences", "[losses][gradient]") {
    const auto large = random_variable(Shape<4>{2, 1, 3, 4}, 1);
    const auto small = random_variable(Shape<4>{2, 1, 1, 2}, 2);
    CHECK(testing::gradcheck(
              [&] {
                  return lsgan_loss(std::vector{large, small}, 1);
              },
              {large, small}) < 1e-7);
}

TEST_CASE("lsgan_loss refuses a discriminator without maps", "[losses][errors]") {
    CHECK_THROWS_WITH(lsgan_loss(std::vector<Variable<float, 4>>{}, 1),
                      "lsgan_loss: expected a map of at least one scale, got 0");
    CHECK_THROWS_AS(lsgan_loss(std::vector<Variable<float, 4>>{}, 1), OptionError);
}
