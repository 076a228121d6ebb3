#include <oldphoto/tensor/random.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"
#include "../support/threads.hpp"

using namespace oldphoto;

namespace {

using Values = std::vector<double>;

/// Views of one tensor that read (3, 4, 5) in many ways.
template <class T>
std::vector<Tensor<T, 3>> views_of_every_kind() {
    const auto base = test::random_tensor<T>(Shape<3>{8, 8, 10}, 1);
    return {base.slice(0, 0, 3).slice(1, 0, 4).slice(2, 0, 5).clone(),
            base.slice(0, 1, 4).slice(1, 2, 6).slice(2, 3, 8),
            base.slice(0, 0, 6, 2).slice(1, 1, 8, 2).slice(2, 0, 10, 2),
            base.slice(0, 0, 5).slice(1, 0, 3).slice(2, 0, 4).permute({1, 2, 0}),
            base.slice(0, 0, 4).slice(1, 0, 3).slice(2, 0, 5).transpose(0, 1),
            base.slice(0, 0, 1).slice(1, 0, 1).slice(2, 0, 1),
            base.slice(0, 2, 3).slice(1, 0, 4).slice(2, 0, 1),
            base.slice(0, 0, 3).slice(1, 4, 5).slice(2, 0, 5),
            base.slice(0, 0, 1).slice(1, 0, 1).slice(2, 0, 5).broadcast_to({3, 4, 5}),
            base.reshape(Shape<1>{640}).slice(0, 3, 63).reshape(Shape<3>{3, 4, 5})};
}

/// Element (i, j, k) of a view that stretches to (3, 4, 5).
template <class T>
T element(const Tensor<T, 3>& x, Index i, Index j, Index k) {
    return x(x.dim(0) == 1 ? 0 : i, x.dim(1) == 1 ? 0 : j, x.dim(2) == 1 ? 0 : k);
}

}  // namespace

TEST_CASE("an expression is evaluated when a tensor is made of it", "[tensor][expr]") {
    const auto x = Tensor<double, 1>::from_values({3}, {1, 2, 3});
    const auto lazy = 2 * x + 1;
    x(0) = 10;
    const Tensor<double, 1> y = lazy;
    CHECK(y.to_values() == Values{21, 5, 7});
    x(0) = 0;
    CHECK(y.to_values() == Values{21, 5, 7});
}

TEST_CASE("an expression keeps its operands alive", "[tensor][expr]") {
    const auto lazy = [] {
        const auto x = Tensor<double, 1>::from_values({2}, {3, 4});
        return square(x) - x;
    }();
    CHECK(evaluate(lazy).to_values() == Values{6, 12});
}

TEST_CASE("all functions and operators have the values worked by hand", "[tensor][expr]") {
    const auto x = Tensor<double, 1>::from_values({3}, {-4, 0, 9});
    const auto y = Tensor<double, 1>::from_values({3}, {2, 1, -3});
    const auto values = [](const auto& e) { return evaluate(e).to_values(); };
    CHECK(values(x + y) == Values{-2, 1, 6});
    CHECK(values(x - y) == Values{-6, -1, 12});
    CHECK(values(x * y) == Values{-8, 0, -27});
    CHECK(values(x / y) == Values{-2, 0, -3});
    CHECK(values(-x) == Values{4, 0, -9});
    CHECK(values(10 - x) == Values{14, 10, 1});
    CHECK(values(x - 10) == Values{-14, -10, -1});
    CHECK(values(6 / y) == Values{3, 6, -2});
    CHECK(values(maximum(x, y)) == Values{2, 1, 9});
    CHECK(values(minimum(x, 1)) == Values{-4, 0, 1});
    CHECK(values(abs(x)) == Values{4, 0, 9});
    CHECK(values(sign(x)) == Values{-1, 0, 1});
    CHECK(values(sqrt(square(x))) == Values{4, 0, 9});
    CHECK(values(relu(x)) == Values{0, 0, 9});
    CHECK(values(leaky_relu(x, 0.5F)) == Values{-2, 0, 9});
    CHECK(values(clamp(x, -1, 2)) == Values{-1, 0, 2});
    CHECK(values(exp(x))[1] == 1);
    CHECK(values(log(square(y)))[1] == 0);
    CHECK(values(tanh(x))[1] == 0);
    CHECK(values(sigmoid(x))[1] == 0.5);
}

TEMPLATE_TEST_CASE("expressions of any views equal loops over their elements", "[tensor][expr]",
                   float, double) {
    const auto views = views_of_every_kind<TestType>();
    const Shape<3> shape{3, 4, 5};
    for (const auto& a : views) {
        for (const auto& b : views) {
            const auto whole = Tensor<TestType, 3>::zeros(shape);
            const Tensor<TestType, 3> y = a * b + whole;
            // Destinations that are views as well.
            const auto store = Tensor<TestType, 3>::zeros({10, 4, 3});
            const auto turned = store.slice(0, 0, 10, 2).transpose(0, 2);
            turned.assign(a * b);
            REQUIRE(y.shape() == shape);
            bool equal = true;
            for (Index i = 0; i < 3; ++i) {
                for (Index j = 0; j < 4; ++j) {
                    for (Index k = 0; k < 5; ++k) {
                        const TestType expected = element(a, i, j, k) * element(b, i, j, k);
                        equal = equal && y(i, j, k) == expected && turned(i, j, k) == expected;
                        // What lies between the strides is left alone.
                        equal = equal && store(2 * k + 1, j, i) == 0;
                    }
                }
            }
            REQUIRE(equal);
        }
    }
}

TEST_CASE("a plan gives an element on its own as it does in a block", "[tensor][plan]") {
    const auto x = test::random_tensor<double>(Shape<3>{3, 4, 5}, 2);
    const auto g = test::random_tensor<double>(Shape<3>{1, 4, 1}, 3);
    const auto e = tanh(x * g) / (1 + square(g));
    const auto plan = e.plan(e.shape());
    const Tensor<double, 3> y = e;
    for (Index i = 0; i < y.size(); ++i) REQUIRE(plan.at(i) == y[i]);
}

TEST_CASE("a tensor may be assigned an expression of itself", "[tensor][expr]") {
    const auto x = Tensor<double, 2>::from_values({2, 2}, {1, 2, 3, 4});
    x.assign(x * x - x);
    CHECK(x.to_values() == Values{0, 2, 6, 12});
    x.assign(Tensor<double, 2>::from_values({1, 2}, {7, 8}));  // stretches
    CHECK(x.to_values() == Values{7, 8, 7, 8});
}

TEST_CASE("expressions without elements or axes work", "[tensor][expr]") {
    const auto nothing = Tensor<float, 2>::zeros({0, 3});
    CHECK(evaluate(tanh(nothing) + 1).size() == 0);
    const auto number = Tensor<float, 0>::full({}, 3);
    CHECK(evaluate(2 * number + 1).item() == 7);
}

TEST_CASE("an element has the same bits wherever its block begins", "[tensor][determinism]") {
    const auto x = test::random_tensor<float>(Shape<1>{1000}, 4);
    const Tensor<float, 1> whole = tanh(exp(x) * 0.3 + 0.1);
    for (const Index begin : {1, 2, 3, 5, 8, 13, 21, 997}) {
        const Tensor<float, 1> part = tanh(exp(x.slice(0, begin, 1000)) * 0.3 + 0.1);
        CHECK(part.to_values() == whole.slice(0, begin, 1000).to_values());
    }
}

TEST_CASE("assignments have the same bits with any number of threads", "[tensor][determinism]") {
    const auto x = test::random_tensor<float>(Shape<3>{7, 61, 103}, 5);
    const auto g = test::random_tensor<float>(Shape<3>{7, 1, 1}, 6);
    CHECK(test::same_for_any_threads([&] { return evaluate(tanh(x * g) + g).to_values(); }));
    CHECK(test::same_for_any_threads(
        [&] { return evaluate(sigmoid(x.transpose(0, 2) * 2)).to_values(); }));
}

TEST_CASE("operands of other shapes are named", "[tensor][error]") {
    const auto x = Tensor<float, 2>::zeros({2, 3});
    const auto y = Tensor<float, 2>::zeros({3, 2});
    CHECK_THROWS_WITH(x + y,
                      "add: extents must be equal, or 1 to stretch\n"
                      "  left = (2, 3)\n  right = (3, 2)");
}
