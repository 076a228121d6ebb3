#include <oldphoto/ops/pad.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"

using namespace oldphoto;

namespace {

template <class T>
void check_pad(const test::OpCase& fixture) {
    constexpr PaddingMode modes[] = {PaddingMode::reflect, PaddingMode::replicate,
                                     PaddingMode::zero};
    const auto sides = fixture.numbers("lrtb");
    const Padding padding{sides[0], sides[1], sides[2], sides[3], modes[fixture.number("mode")]};
    const auto x = fixture.input<T, 4>("x");
    test::check_op<T>(fixture, {{"x", x}}, [&] { return pad(x, padding); });
}

Variable<double, 4> counting(const Shape<4>& shape) {
    std::vector<double> values(static_cast<std::size_t>(shape.size()));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = double(i) + 1;
    return Variable<double, 4>(Tensor<double, 4>::from_values(shape, values), true);
}

}  // namespace

TEST_CASE("pad equals PyTorch, values and gradients", "[ops][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("ops/pad.npz");
    const auto cases = test::op_cases("ops/pad.npz");
    CHECK(cases.size() == 5);
    for (const auto& fixture : cases) {
        check_pad<float>(fixture);
        check_pad<double>(fixture);
    }
}

TEST_CASE("the gradient of a pixel is summed over all places that show it", "[ops][gradient]") {
    const auto x = counting({1, 1, 1, 3});
    const auto gradient_under = [&](const Padding& padding) {
        Program program;
        Variable<double, 0> loss;
        {
            const auto recording = program.record();
            const auto y = pad(x, padding);
            // Place i of the padded line has weight 10^i.
            std::vector<double> weights{1, 10, 100, 1000, 10000, 100000, 1000000};
            weights.resize(static_cast<std::size_t>(y.size()));
            loss = sum(y * Tensor<double, 4>::from_values(y.shape(), weights));
        }
        program.backward(loss, ParameterList<double>{x});
        return x.gradient().to_values();
    };
    // 3 2 | 1 2 3 | 2 1, of which places 2 and 6 show pixel 1, 1, 3 and 5 pixel 2, 0 and 4 pixel 3
    CHECK(gradient_under({2, 2, 0, 0, PaddingMode::reflect}) ==
          std::vector<double>{1000100, 101010, 10001});
    // 1 1 | 1 2 3 | 3 3
    CHECK(gradient_under({2, 2, 0, 0, PaddingMode::replicate}) ==
          std::vector<double>{111, 1000, 1110000});
    CHECK(gradient_under({1, 0, 0, 0, PaddingMode::zero}) == std::vector<double>{10, 100, 1000});
}

TEST_CASE("a padded picture can be padded again", "[ops][forward]") {
    const auto x = counting({1, 1, 1, 2});
    const auto zeros = pad(x, {1, 1, 0, 0, PaddingMode::zero});  // 0 1 2 0
    const auto y = pad(zeros, {1, 1, 0, 0, PaddingMode::reflect});
    CHECK(y.value().to_values() == std::vector<double>{1, 0, 1, 2, 0, 2});
}

TEST_CASE("pad gradients match central differences", "[ops][gradient]") {
    const auto x = counting({2, 2, 3, 4});
    for (const PaddingMode mode :
         {PaddingMode::zero, PaddingMode::reflect, PaddingMode::replicate}) {
        CHECK(testing::gradcheck([&] { return pad(x, {1, 3, 2, 0, mode}); }, {x}) < 1e-7);
        const auto twice = [&] {
            return pad(pad(x, Padding::all(1, mode)), Padding::all(2, PaddingMode::reflect));
        };
        CHECK(testing::gradcheck(twice, {x}) < 1e-7);
    }
}

TEST_CASE("pad refuses a reflection beyond the opposite edge", "[ops][error]") {
    CHECK_THROWS_WITH(pad(counting({1, 2, 3, 4}), {0, 0, 3, 0, PaddingMode::reflect}),
                      "pad: the picture must be larger than its padding by reflection, and not "
                      "empty\n  x (N, C, H, W) = (1, 2, 3, 4)\n  (left, right, top, bottom) = "
                      "(0, 0, 3, 0)");
}
