#include <oldphoto/backend/naive.hpp>
#include <oldphoto/tensor/reduce.hpp>

#include <catch2/catch.hpp>

#include "../../support/random.hpp"
#include "../../support/scratch.hpp"
#include "../../support/threads.hpp"
#include <cmath>
#include <numeric>

using namespace oldphoto;

namespace {

using Numbers = std::vector<Index>;

/// begin, begin + step, ... below end
Numbers numbers(Index begin, Index end, Index step = 1) {
    Numbers list;
    for (Index k = begin; k < end; k += step) list.push_back(k);
    return list;
}

template <class T>
Numbers matches(const PatchGrid& grid, const Tensor<T, 3>& x, const Numbers& queries,
                const Numbers& keys) {
    Numbers best(queries.size(), -1);
    Cpu::match_patches(grid, x.view(), queries, keys, best.data());
    return best;
}

template <class T>
Numbers naive_matches(const PatchGrid& grid, const Tensor<T, 3>& x, const Numbers& queries,
                      const Numbers& keys) {
    Numbers best(queries.size(), -1);
    naive::match_patches<T>(grid, x.view(), queries, keys, best.data());
    return best;
}

/// Patches whose elements, and numbers, exceed what is multiplied at a time.
struct PatchCase {
    Shape<3> x;
    Index patch;
};
const std::vector<PatchCase> patch_cases{{{2, 4, 5}, 1},   {{3, 7, 8}, 2},   {{70, 6, 9}, 2},
                                         {{5, 64, 9}, 8},  {{2, 50, 62}, 2}, {{1, 21, 21}, 20},
                                         {{3, 31, 24}, 1}, {{4, 9, 9}, 3}};

PatchGrid grid_of(const PatchCase& c) {
    return {{c.x[1], c.x[2]}, c.patch};
}

}  // namespace

TEST_CASE("a grid counts whole squares row by row", "[backend][patches]") {
    constexpr PatchGrid grid{{5, 9}, 2};
    STATIC_REQUIRE(grid.count() == 8);
    STATIC_REQUIRE(grid.columns() == 4);
    STATIC_REQUIRE(!grid.exact());
    STATIC_REQUIRE(grid.corner(3) == 6);
    STATIC_REQUIRE(grid.corner(5) == 2 * 9 + 2);
    // Element 6 is the third of the second channel: its row 1, column 0.
    STATIC_REQUIRE(grid.element(6) == (5 + 1) * 9);
    STATIC_REQUIRE(PatchGrid{{5, 9}, 6}.count() == 0);
    STATIC_REQUIRE(PatchGrid{{4, 6}, 2}.exact());
}

TEST_CASE("patches are matched as the naive loops match them", "[backend][patches]") {
    for (const auto& c : patch_cases) {
        INFO(c.x[0] << " x " << c.x[1] << " x " << c.x[2] << ", patch " << c.patch);
        const auto x = test::random_tensor(c.x, 1);
        const auto grid = grid_of(c);
        const auto all = numbers(0, grid.count());
        CHECK(matches(grid, x, all, all) == all);
        const auto even = numbers(0, grid.count(), 2);
        const auto odd = grid.count() > 1 ? numbers(1, grid.count(), 2) : all;
        CHECK(matches(grid, x, even, odd) == naive_matches(grid, x, even, odd));
    }
}

TEST_CASE("in float the match is as good as the best one", "[backend][patches]") {
    for (const auto& c : patch_cases) {
        const auto x = test::random_tensor<float>(c.x, 2);
        const auto grid = grid_of(c);
        const auto queries = numbers(0, grid.count(), 3);
        const auto keys = numbers(grid.count() / 2, grid.count());
        const auto best = matches(grid, x, queries, keys);
        const auto cosines = naive::patch_cosines<float>(grid, x.view(), queries, keys);
        for (std::size_t i = 0; i < queries.size(); ++i) {
            const auto& row = cosines[i];
            const double largest = *std::max_element(row.begin(), row.end());
            CHECK(row[static_cast<std::size_t>(best[i])] > largest - 1e-6);
        }
    }
}

TEMPLATE_TEST_CASE("of equal patches the first is chosen, wherever in the list they are",
                   "[backend][patches]", float, double) {
    // Patch k equals patch k mod 7.
    const PatchGrid grid{{2 * 30, 2 * 35}, 2};
    const auto seven = test::random_tensor<TestType>(Shape<3>{80, 2, 14}, 1);
    const auto x = Tensor<TestType, 3>::zeros({80, 60, 70});
    for (Index c = 0; c < 80; ++c) {
        for (Index row = 0; row < 60; ++row) {
            for (Index column = 0; column < 70; ++column) {
                x(c, row, column) = seven(c, row % 2, column % 14);
            }
        }
    }
    const auto all = numbers(0, grid.count());
    const auto best = matches(grid, x, all, all);
    for (std::size_t k = 0; k < best.size(); ++k) CHECK(best[k] == static_cast<Index>(k) % 7);
}

TEST_CASE("patches without content, or without numbers, take the first key", "[backend][patches]") {
    const PatchGrid grid{{1, 4}, 1};
    const auto x = Tensor<double, 3>::from_values({1, 1, 4}, {0, 1, NAN, 2});
    CHECK(matches(grid, x, {0, 2}, {1, 3}) == Numbers{0, 0});
    CHECK(matches(grid, x, {1}, {2, 0, 3}) == Numbers{2});
    CHECK(matches(grid, x, {1}, {2}) == Numbers{0});
    CHECK(matches(grid, x, {}, {1}).empty());
}

TEST_CASE("copies of patches and their adjoint are adjoint", "[backend][patches]") {
    const PatchGrid grid{{5, 7}, 2};
    const PatchSources sources{{5, 0, 0, 3, 2, 0}, {1, 1, 1, 1, 1, 1}};
    const auto x = test::random_tensor(Shape<4>{2, 3, 5, 7}, 1);
    const auto g = test::random_tensor(Shape<4>{2, 3, 5, 7}, 2);
    const auto y = Tensor<double, 4>::zeros(x.shape());
    const auto gx = Tensor<double, 4>::zeros(x.shape());
    Cpu::copy_patches(grid, x.view(), sources, y.view());
    Cpu::copy_patches_adjoint(grid, g.view(), sources, gx.view());
    CHECK(sum(y * g) == Approx(sum(x * gx)).epsilon(1e-12));
    CHECK(y(0, 2, 1, 1) == x(0, 2, 3, 5));
    CHECK(y(0, 0, 3, 4) == x(0, 0, 1, 0));
    CHECK(y(1, 1, 3, 5) == x(1, 1, 1, 3));
    CHECK(y(0, 0, 4, 0) == 0);
    CHECK(y(0, 0, 0, 6) == 0);
    CHECK(gx(0, 1, 0, 2) == 0);
}

TEST_CASE("matches and copies have the same bits for 1, 2 and 3 threads",
          "[backend][determinism]") {
    const auto x = test::random_tensor<float>(Shape<3>{3, 50, 62}, 2);
    const PatchGrid grid{{50, 62}, 2};
    const auto queries = numbers(0, grid.count(), 2);
    const auto keys = numbers(1, grid.count(), 2);
    CHECK(test::same_for_any_threads([&] { return matches(grid, x, queries, keys); }));

    const auto g = test::random_tensor<float>(Shape<4>{2, 3, 50, 62}, 3);
    PatchSources sources(2, numbers(0, grid.count()));
    for (auto& source : sources) {
        for (std::size_t k = 0; k < source.size(); ++k) source[k] = static_cast<Index>(k % 10);
    }
    CHECK(test::same_for_any_threads([&] {
        const auto gx = Tensor<float, 4>::zeros(g.shape());
        Cpu::copy_patches_adjoint(grid, g.view(), sources, gx.view());
        return gx.to_values();
    }));
}

TEST_CASE("matching patches holds the memory that it says", "[backend][memory]") {
    const auto x = test::random_tensor(Shape<3>{2, 60, 62}, 1);
    const auto all = numbers(0, grid_of({{2, 60, 62}, 2}).count());
    const auto match = [&] { return matches(grid_of({{2, 60, 62}, 2}), x, all, all); };
    using T = decltype(test::random_tensor(Shape<3>{1, 1, 1}, 1))::value_type;
    const auto memory = Cpu::match_patches_memory<T>();
    CHECK(test::scratch_held(1, match) == memory.kept(1));
    CHECK(test::scratch_held(3, match) <= memory.kept(3));
}
