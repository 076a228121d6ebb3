#include <oldphoto/ops/normalize.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/random.hpp"

using namespace oldphoto;
using test::random_variable;

TEMPLATE_TEST_CASE("normalize equals PyTorch, values and gradients", "[ops][parity]", float,
                   double) {
    OLDPHOTO_NEEDS_FIXTURE("ops/normalize.npz");
    const auto cases = test::op_cases("ops/normalize.npz");
    CHECK(cases.size() == 2);
    for (const auto& fixture : cases) {
        const auto x = fixture.input<TestType, 3>("x");
        const NormalizeOptions options{.p = static_cast<int>(fixture.number("p")),
                                       .axis = static_cast<std::size_t>(fixture.number("dim"))};
        test::check_op<TestType>(fixture, {{"x", x}}, [&] { return normalize(x, options); });
    }
}

TEST_CASE("normalize divides by the norm, or by eps where that is larger", "[ops][forward]") {
    const Variable<double, 2> x(Tensor<double, 2>::from_values({2, 2}, {3, -4, 0, 0}));
    CHECK(normalize(x).value().to_values() == std::vector<double>{0.6, -0.8, 0, 0});
    CHECK(normalize(x, {.p = 1}).value().to_values() ==
          std::vector<double>{3.0 / 7, -4.0 / 7, 0, 0});
    CHECK(normalize(x, {.axis = 0}).value().to_values() == std::vector<double>{1, -1, 0, 0});
    CHECK(normalize(x, {.eps = 10}).value().to_values() == std::vector<double>{0.3, -0.4, 0, 0});
}

TEST_CASE("normalize gradients match central differences", "[ops][gradient]") {
    const auto x = random_variable(Shape<3>{2, 4, 3}, 1);
    for (const int p : {1, 2}) {
        for (const std::size_t axis : {0U, 1U, 2U}) {
            // Below eps = 100 lie all norms: y = x / 100.
            for (const double eps : {1e-12, 100.0}) {
                INFO("p " << p << " axis " << axis << " eps " << eps);
                const auto y = [&] { return normalize(x, {.p = p, .axis = axis, .eps = eps}); };
                CHECK(testing::gradcheck(y, {x}) < 1e-7);
            }
        }
    }
}

TEST_CASE("normalize has finite gradients at zero", "[ops][gradient]") {
    const Variable<float, 2> zero(Tensor<float, 2>::zeros({1, 3}), true);
    Program program;
    Variable<float, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(normalize(zero, {.eps = 0.5}));
    }
    program.backward(loss, ParameterList<float>{zero});
    CHECK(zero.gradient().to_values() == std::vector<float>{2, 2, 2});  // 1 / eps
}

TEST_CASE("normalize refuses other norms and axes", "[ops][error]") {
    const auto x = random_variable(Shape<2>{2, 3}, 1);
    CHECK_THROWS_WITH(normalize(x, {.p = 3}), "normalize: p must be 1 or 2, got 3");
    CHECK_THROWS_WITH(normalize(x, {.axis = 2}),
                      "normalize: axes lie below the rank\n  axis = (2)\n  shape = (2, 3)");
}
