#include <oldphoto/ops/linear.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/random.hpp"

using namespace oldphoto;
using test::random_variable;

TEMPLATE_TEST_CASE("linear equals PyTorch, values and gradients", "[ops][parity]", float, double) {
    OLDPHOTO_NEEDS_FIXTURE("ops/matmul.npz");
    int checked = 0;
    for (const auto& fixture : test::op_cases("ops/matmul.npz")) {
        if (fixture.name != "linear") continue;
        const auto x = fixture.input<TestType, 2>("x");
        const auto w = fixture.input<TestType, 2>("w");
        const auto b = fixture.input<TestType, 1>("b");
        test::check_op<TestType>(fixture, {{"x", x}, {"w", w}, {"b", b}},
                                 [&] { return linear(x, w, b); });
        ++checked;
    }
    CHECK(checked == 1);
}

TEST_CASE("linear multiplies by the rows of its weight and adds the bias", "[ops][forward]") {
    const Variable<float, 2> x(Tensor<float, 2>::from_values({2, 2}, {1, 2, 3, 4}));
    const Variable<float, 2> w(Tensor<float, 2>::from_values({3, 2}, {1, 0, 0, 1, 10, 100}));
    const Variable<float, 1> bias(Tensor<float, 1>::from_values({3}, {0.5F, 0, -1}));
    const Variable<float, 1> none(Tensor<float, 1>::zeros({0}));
    CHECK(linear(x, w, bias).value().to_values() == std::vector<float>{1.5F, 2, 209, 3.5F, 4, 429});
    CHECK(linear(x, w, none).value().to_values() == std::vector<float>{1, 2, 210, 3, 4, 430});
}

TEST_CASE("linear gradients match central differences", "[ops][gradient]") {
    const auto x = random_variable(Shape<2>{5, 3}, 1);
    const auto w = random_variable(Shape<2>{4, 3}, 2);
    const auto bias = random_variable(Shape<1>{4}, 3);
    const auto none = random_variable(Shape<1>{0}, 4);
    CHECK(testing::gradcheck([&] { return linear(x, w, bias); }, {x, w, bias}) < 1e-7);
    CHECK(testing::gradcheck([&] { return linear(x, w, none); }, {x, w, none}) < 1e-7);
}

TEST_CASE("linear names the shapes that do not fit", "[ops][error]") {
    const auto x = random_variable(Shape<2>{5, 3}, 1);
    const auto w = random_variable(Shape<2>{4, 2}, 2);
    const auto bias = random_variable(Shape<1>{4}, 3);
    CHECK_THROWS_WITH(linear(x, w, bias),
                      "linear: columns of x must equal columns of w\n"
                      "  x (N, in) = (5, 3)\n"
                      "  w (out, in) = (4, 2)\n"
                      "  bias (out) = (4)");
    CHECK_THROWS_WITH(linear(x, x, bias),
                      "linear: one bias for each row of w, or none\n"
                      "  x (N, in) = (5, 3)\n"
                      "  w (out, in) = (5, 3)\n"
                      "  bias (out) = (4)");
}
