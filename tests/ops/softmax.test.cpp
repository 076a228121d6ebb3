#include <oldphoto/ops/softmax.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/random.hpp"
#include "../support/threads.hpp"

using namespace oldphoto;
using test::random_variable;

namespace {

template <class T, std::size_t R>
void check_softmax(const test::OpCase& fixture) {
    const auto x = fixture.input<T, R>("x");
    const auto axis = static_cast<std::size_t>(fixture.number("dim"));
    const bool logarithm = fixture.name == "log_last";
    test::check_op<T>(fixture, {{"x", x}},
                      [&] { return logarithm ? log_softmax(x, axis) : softmax(x, axis); });
}

}  // namespace

TEMPLATE_TEST_CASE("softmax equals PyTorch, values and gradients", "[ops][parity]", float, double) {
    OLDPHOTO_NEEDS_FIXTURE("ops/softmax.npz");
    const auto cases = test::op_cases("ops/softmax.npz");
    CHECK(cases.size() == 4);
    for (const auto& fixture : cases) {
        if (fixture.name == "huge") {
            check_softmax<TestType, 2>(fixture);
        } else {
            check_softmax<TestType, 3>(fixture);
        }
    }
}

TEST_CASE("softmax turns logarithms into shares", "[ops][forward]") {
    const Variable<double, 2> x(Tensor<double, 2>::from_values(
        {2, 2}, {std::log(1.0), std::log(3.0), std::log(2.0), std::log(2.0)}));
    const auto rows = softmax(x, 1).value();
    CHECK(rows[0] == Approx(0.25).epsilon(1e-15));
    CHECK(rows[1] == Approx(0.75).epsilon(1e-15));
    CHECK(rows[2] == 0.5);
    const auto columns = softmax(x, 0).value();
    CHECK(columns[0] == Approx(1.0 / 3).epsilon(1e-15));
    CHECK(columns[1] == Approx(0.6).epsilon(1e-15));
    CHECK(log_softmax(x, 1).value()[1] == Approx(std::log(0.75)).epsilon(1e-15));
}

TEST_CASE("softmax neither overflows nor loses small logarithms", "[ops][forward]") {
    const Variable<float, 1> x(Tensor<float, 1>::from_values({3}, {1000, 0, -1000}));
    CHECK(softmax(x, 0).value().to_values() == std::vector<float>{1, 0, 0});
    CHECK(log_softmax(x, 0).value().to_values() == std::vector<float>{0, -1000, -2000});
}

TEST_CASE("softmax gradients match central differences", "[ops][gradient]") {
    const auto x = random_variable(Shape<4>{2, 3, 2, 3}, 1);
    for (const std::size_t axis : {0U, 1U, 2U, 3U}) {
        INFO("axis " << axis);
        CHECK(testing::gradcheck([&] { return softmax(x, axis); }, {x}) < 1e-7);
        CHECK(testing::gradcheck([&] { return log_softmax(x, axis); }, {x}) < 1e-7);
    }
}

TEST_CASE("softmax has the same bits with any number of threads", "[ops][determinism]") {
    const auto x = random_variable<float>(Shape<4>{2, 5, 33, 47}, 2);
    CHECK(test::same_for_any_threads([&] { return softmax(x, 1).value().to_values(); }));
    CHECK(test::same_for_any_threads([&] { return softmax(x, 3).value().to_values(); }));
}

TEST_CASE("softmax names an axis that is not there", "[ops][error]") {
    const auto x = random_variable(Shape<2>{2, 3}, 1);
    const std::string text = ": axes lie below the rank\n  axis = (2)\n  shape = (2, 3)";
    CHECK_THROWS_WITH(softmax(x, 2), "softmax" + text);
    CHECK_THROWS_WITH(log_softmax(x, 2), "log_softmax" + text);
}
