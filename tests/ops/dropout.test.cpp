#include <oldphoto/ops/dropout.hpp>
#include <oldphoto/ops/reduce.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"
#include "../support/threads.hpp"
#include <algorithm>

using namespace oldphoto;
using test::random_variable;

TEST_CASE("dropout drops a share of p and scales the rest by 1 / (1 - p)", "[ops][forward]") {
    const Variable<float, 1> ones(Tensor<float, 1>::ones({100000}));
    Rng rng(1);
    const auto values = dropout(ones, 0.2, rng, true).value().to_values();
    const auto dropped = std::count(values.begin(), values.end(), 0.0F);
    const auto kept = std::count(values.begin(), values.end(), 1.25F);
    CHECK(dropped + kept == 100000);
    // 20000 with a deviation of sqrt(100000 * 0.2 * 0.8) = 126.
    CHECK(std::abs(static_cast<double>(dropped) - 20000) < 5 * 126);
}

TEST_CASE("dropout is the identity outside training and for p = 0", "[ops][forward]") {
    const auto x = random_variable(Shape<2>{3, 4}, 1);
    Rng rng(1);
    CHECK(dropout(x, 0.5, rng, false).node().get() == x.node().get());
    CHECK(dropout(x, 0, rng, true).node().get() == x.node().get());
    CHECK(rng.streams_drawn() == 0);
    CHECK(dropout(x, 1, rng, true).value().to_values() == std::vector<double>(12, 0.0));
    CHECK(rng.streams_drawn() == 1);
}

TEST_CASE("dropout draws its mask again for the gradient", "[ops][gradient]") {
    const Variable<double, 1> x(Tensor<double, 1>::ones({1000}), true);
    Rng rng(7);
    Program program;
    Variable<double, 1> y;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        y = dropout(x, 0.5, rng, true);
        loss = sum(y);
    }
    for (int walk = 0; walk < 2; ++walk) {
        program.backward(loss, ParameterList<double>{x});
        CHECK(x.gradient().to_values() == y.value().to_values());
    }
    const auto z = random_variable(Shape<2>{3, 5}, 2);
    CHECK(testing::gradcheck(
              [&] {
                  Rng same(3);
                  return dropout(z, 0.4, same, true);
              },
              {z}) < 1e-7);
}

TEST_CASE("dropout keeps the same elements for every thread count and precision",
          "[ops][determinism]") {
    const auto x = random_variable<float>(Shape<2>{57, 1001}, 3);
    const auto drop = [](const auto& v) {
        Rng rng(11);
        return dropout(v, 0.3, rng, true).value();
    };
    CHECK(test::same_for_any_threads([&] { return drop(x).to_values(); }));

    const auto single = drop(Variable<float, 1>(Tensor<float, 1>::ones({1000}))).to_values();
    const auto twice = drop(Variable<double, 1>(Tensor<double, 1>::ones({1000}))).to_values();
    for (std::size_t i = 0; i < 1000; ++i) REQUIRE((single[i] == 0) == (twice[i] == 0));
}

TEST_CASE("two dropouts draw two masks", "[ops][forward]") {
    const Variable<float, 1> ones(Tensor<float, 1>::ones({100}));
    Rng rng(1);
    const auto first = dropout(ones, 0.5, rng, true).value().to_values();
    const auto second = dropout(ones, 0.5, rng, true).value().to_values();
    CHECK(first != second);
}

TEST_CASE("dropout refuses what is no probability", "[ops][error]") {
    const auto x = random_variable(Shape<1>{2}, 1);
    Rng rng(1);
    CHECK_THROWS_WITH(dropout(x, 1.5, rng, true), "dropout: p must lie in [0, 1], got 1.500000");
    CHECK_THROWS_AS(dropout(x, -0.1, rng, false), OptionError);
    CHECK_THROWS_AS(dropout(x, NAN, rng, true), OptionError);
}
