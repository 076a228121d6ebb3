#include <oldphoto/ops/reduce.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"

using namespace oldphoto;
using test::random_variable;

namespace {

/// The gradient of sum(f(x)).
template <std::size_t R, class F>
std::vector<double> gradient_of(F f, const Variable<double, R>& x) {
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(f(x));
    }
    program.backward(loss, ParameterList<double>{x});
    return x.gradient().to_values();
}

const Variable<double, 2> signed_table(Tensor<double, 2>::from_values({2, 3}, {1, -5, 3, 5, 5, -3}),
                                       true);

}  // namespace

TEST_CASE("reductions of variables keep reduced axes with extent 1", "[ops][forward]") {
    CHECK(sum(signed_table).item() == 6);
    CHECK(mean(signed_table).item() == 1);
    CHECK(max(signed_table).item() == 5);
    CHECK(norm_l1(signed_table).item() == 22);
    CHECK(norm_l2(signed_table).item() == Approx(std::sqrt(94.0)).epsilon(1e-15));

    CHECK(sum(signed_table, {0}).shape() == Shape<2>{1, 3});
    CHECK(sum(signed_table, {0}).value().to_values() == std::vector<double>{6, 0, 0});
    CHECK(sum(signed_table, {1}).shape() == Shape<2>{2, 1});
    CHECK(sum(signed_table, {1}).value().to_values() == std::vector<double>{-1, 7});
    CHECK(sum(signed_table, {0, 1}).shape() == Shape<2>{1, 1});
    CHECK(mean(signed_table, {0}).value().to_values() == std::vector<double>{3, 0, 0});
    CHECK(max(signed_table, {1}).value().to_values() == std::vector<double>{3, 5});
    CHECK(norm_l1(signed_table, {0}).value().to_values() == std::vector<double>{6, 10, 6});
    CHECK(norm_l2(signed_table, {0}).value()[1] == Approx(std::sqrt(50.0)).epsilon(1e-15));
}

TEST_CASE("reductions of variables have the gradients worked by hand", "[ops][gradient]") {
    using Values = std::vector<double>;
    CHECK(gradient_of([](const auto& x) { return sum(x, {1}); }, signed_table) == Values(6, 1.0));
    CHECK(gradient_of([](const auto& x) { return mean(x, {0}); }, signed_table) == Values(6, 0.5));
    CHECK(gradient_of([](const auto& x) { return mean(x); }, signed_table) == Values(6, 1.0 / 6));
    CHECK(gradient_of([](const auto& x) { return norm_l1(x, {0}); }, signed_table) ==
          Values{1, -1, 1, 1, 1, -1});
    const Variable<double, 1> triangle(Tensor<double, 1>::from_values({2}, {3, 4}), true);
    const auto of_norm = gradient_of([](const auto& x) { return norm_l2(x); }, triangle);
    CHECK(of_norm[0] == Approx(0.6).epsilon(1e-15));
    CHECK(of_norm[1] == Approx(0.8).epsilon(1e-15));
}

TEST_CASE("the gradient of a maximum goes to the first of the largest", "[ops][gradient]") {
    using Values = std::vector<double>;
    CHECK(gradient_of([](const auto& x) { return max(x); }, signed_table) ==
          Values{0, 0, 0, 1, 0, 0});
    CHECK(gradient_of([](const auto& x) { return max(x, {1}); }, signed_table) ==
          Values{0, 0, 1, 1, 0, 0});
    CHECK(gradient_of([](const auto& x) { return max(x, {0}); }, signed_table) ==
          Values{0, 0, 1, 1, 1, 0});
}

TEST_CASE("norms of zero have gradient zero", "[ops][gradient]") {
    const Variable<double, 2> zero(Tensor<double, 2>::zeros({2, 2}), true);
    CHECK(gradient_of([](const auto& x) { return norm_l2(x, {1}); }, zero) ==
          std::vector<double>(4, 0.0));
    CHECK(gradient_of([](const auto& x) { return norm_l1(x); }, zero) ==
          std::vector<double>(4, 0.0));
}

TEST_CASE("gradients of reductions match central differences", "[ops][gradient]") {
    const auto x = random_variable(Shape<3>{3, 4, 5}, 1);
    CHECK(testing::gradcheck([&] { return sum(x); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return mean(x); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return max(x); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return norm_l1(x); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return norm_l2(x); }, {x}) < 1e-7);
    for (const std::size_t axis : {0U, 1U, 2U}) {
        CHECK(testing::gradcheck([&] { return sum(x, {axis}); }, {x}) < 1e-7);
        CHECK(testing::gradcheck([&] { return mean(x, {axis}); }, {x}) < 1e-7);
        CHECK(testing::gradcheck([&] { return max(x, {axis}); }, {x}) < 1e-7);
        CHECK(testing::gradcheck([&] { return norm_l1(x, {axis}); }, {x}) < 1e-7);
        CHECK(testing::gradcheck([&] { return norm_l2(x, {axis}); }, {x}) < 1e-7);
    }
    CHECK(testing::gradcheck([&] { return max(x, {0, 2}); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return sum(square(x) * 3, {0, 1, 2}); }, {x}) < 1e-7);
}

TEST_CASE("a kept gradient may be changed in place", "[ops][gradient]") {
    // That of a sum is one number stretched over x until it is kept.
    static_cast<void>(gradient_of([](const auto& x) { return 2 * x; }, signed_table));
    signed_table.gradient() *= 3;
    CHECK(signed_table.gradient().to_values() == std::vector<double>(6, 6.0));
    static_cast<void>(gradient_of([](const auto& x) { return sum(x, {1}); }, signed_table));
    signed_table.gradient() *= 3;
    CHECK(signed_table.gradient().to_values() == std::vector<double>(6, 3.0));
}

TEST_CASE("reductions name an axis that is not there", "[ops][error]") {
    const std::string text = "reduce: axes lie below the rank\n  axis = (2)\n  shape = (2, 3)";
    CHECK_THROWS_WITH(sum(signed_table, {2}), text);
    CHECK_THROWS_WITH(max(signed_table, {0, 2}), text);
}
