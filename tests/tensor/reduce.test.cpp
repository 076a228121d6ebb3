#include <oldphoto/tensor/reduce.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"
#include "../support/threads.hpp"
#include <limits>

using namespace oldphoto;

namespace {

using Values = std::vector<double>;

/// Reduces to `target` one element after another.
template <class Combine>
Values naive_reduction(const Tensor<double, 4>& x, const Shape<4>& target, double identity,
                       Combine combine) {
    Values results(static_cast<std::size_t>(target.size()), identity);
    const auto strides = dense_strides(target);
    for (Index i = 0; i < x.size(); ++i) {
        Index place = 0;
        Index rest = i;
        for (std::size_t k = 4; k-- > 0;) {
            place += (target[k] == 1 ? 0 : rest % x.dim(k)) * strides[k];
            rest /= x.dim(k);
        }
        double& result = results[static_cast<std::size_t>(place)];
        result = combine(result, x[i]);
    }
    return results;
}

void check_every_target(const Tensor<double, 4>& x) {
    for (unsigned axes = 0; axes < 16; ++axes) {
        auto target = x.shape();
        for (std::size_t k = 0; k < 4; ++k) {
            if ((axes >> k & 1U) != 0) target[k] = 1;
        }
        INFO("from " << to_string(x.shape()) << " to " << to_string(target));
        const auto sums = reduce_to<SumReducer>(x, target).to_values();
        const auto expected = naive_reduction(x, target, 0, std::plus<>());
        REQUIRE(sums.size() == expected.size());
        for (std::size_t i = 0; i < sums.size(); ++i) {
            REQUIRE(sums[i] == Approx(expected[i]).epsilon(1e-12).margin(1e-12));
        }
        const auto largest = [](double a, double b) { return std::max(a, b); };
        REQUIRE(reduce_to<MaxReducer>(x, target).to_values() ==
                naive_reduction(x, target, -INFINITY, largest));
    }
}

const auto table = Tensor<double, 2>::from_values({2, 3}, {1, -5, 3, 4, 0, -6});

}  // namespace

TEST_CASE("reductions of everything have the values worked by hand", "[tensor][reduce]") {
    CHECK(sum(table) == -3);
    CHECK(mean(table) == -0.5);
    CHECK(max(table) == 4);
    CHECK(min(table) == -6);
    CHECK(norm_l1(table) == 19);
    CHECK(norm_l2(table) == Approx(std::sqrt(87.0)).epsilon(1e-15));
    CHECK(sum(square(table) - table) == 90);
    CHECK(sum(Tensor<double, 0>::full({}, 3)) == 3);
}

TEST_CASE("reductions along axes keep them with extent 1", "[tensor][reduce]") {
    CHECK(sum(table, {0}).shape() == Shape<2>{1, 3});
    CHECK(sum(table, {0}).to_values() == Values{5, -5, -3});
    CHECK(sum(table, {1}).shape() == Shape<2>{2, 1});
    CHECK(sum(table, {1}).to_values() == Values{-1, -2});
    CHECK(mean(table, {0}).to_values() == Values{2.5, -2.5, -1.5});
    CHECK(mean(table, {0, 1}).to_values() == Values{-0.5});
    CHECK(max(table, {0}).to_values() == Values{4, 0, 3});
    CHECK(min(table, {1}).to_values() == Values{-5, -6});
    CHECK(norm_l1(table, {1}).to_values() == Values{9, 10});
    CHECK(norm_l2(table, {0})[1] == 5);
    CHECK(sum(table, {}).to_values() == table.to_values());
}

TEST_CASE("reductions along all sets of axes equal plain loops", "[tensor][reduce]") {
    check_every_target(test::random_tensor<double>(Shape<4>{3, 4, 5, 6}, 1));
    check_every_target(test::random_tensor<double>(Shape<4>{3, 1, 5, 1}, 2));
    check_every_target(test::random_tensor<double>(Shape<4>{1, 130, 1, 3}, 3));
    check_every_target(test::random_tensor<double>(Shape<4>{2, 3, 2, 1100}, 4));
    check_every_target(test::random_tensor<double>(Shape<4>{5, 3, 4, 2}, 5).permute({3, 1, 0, 2}));
    check_every_target(
        test::random_tensor<double>(Shape<4>{2, 1, 4, 1}, 6).broadcast_to({2, 3, 4, 5}));
}

TEST_CASE("a result that is a view is written where it lies", "[tensor][reduce]") {
    const auto store = Tensor<double, 2>::zeros({3, 2});
    const auto column = store.slice(1, 1, 2).transpose(0, 1);  // (1, 3)
    Cpu::reduce_axes<SumReducer>(column.view(), table.plan(table.shape()), table.shape());
    CHECK(store.to_values() == Values{0, 5, 0, -5, 0, -3});
}

TEST_CASE("sums of many floats stay exact to a few units in the last place", "[tensor][accuracy]") {
    // One running float sum of ten million times 0.1 is off by 9 %.
    const auto x = Tensor<float, 2>::full({1000, 10000}, 0.1F);
    const auto near = [](double n) { return Approx(n * double(0.1F)).epsilon(1e-6); };
    CHECK(double(sum(x)) == near(1e7));
    CHECK(double(sum(x, {0})[77]) == near(1000));
    CHECK(double(sum(x, {1})[77]) == near(10000));
}

TEST_CASE("nothing sums to zero and has no largest element", "[tensor][edges]") {
    const auto nothing = Tensor<float, 2>::zeros({0, 3});
    constexpr float infinity = std::numeric_limits<float>::infinity();
    CHECK(sum(nothing) == 0);
    CHECK(max(nothing) == -infinity);
    CHECK(min(nothing) == infinity);
    CHECK(std::isnan(mean(nothing)));
    CHECK(sum(nothing, {0}).to_values() == std::vector<float>{0, 0, 0});
    CHECK(max(nothing, {0}).to_values() == std::vector<float>(3, -infinity));
    CHECK(sum(nothing, {1}).size() == 0);
}

TEST_CASE("infinities are elements like others", "[tensor][edges]") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const auto x = Tensor<float, 1>::from_values({3}, {-infinity, -3, -infinity});
    CHECK(max(x) == -3);
    CHECK(min(x) == -infinity);
    CHECK(sum(x) == -infinity);
}

TEST_CASE("reductions have the same bits with any number of threads", "[tensor][determinism]") {
    const auto x = test::random_tensor<float>(Shape<3>{37, 41, 53}, 7);
    CHECK(test::same_for_any_threads([&] { return sum(tanh(x)); }));
    CHECK(test::same_for_any_threads([&] { return sum(x, {0}).to_values(); }));
    CHECK(test::same_for_any_threads([&] { return sum(x, {1}).to_values(); }));
    CHECK(test::same_for_any_threads([&] { return sum(x, {2}).to_values(); }));
    CHECK(test::same_for_any_threads([&] { return mean(x, {0, 2}).to_values(); }));
    CHECK(test::same_for_any_threads([&] { return norm_l2(x, {0, 1, 2}).to_values(); }));
}

TEST_CASE("an axis that is not there is named", "[tensor][error]") {
    CHECK_THROWS_WITH(sum(table, {0, 2}),
                      "reduce: axes lie below the rank\n  axis = (2)\n  shape = (2, 3)");
}
