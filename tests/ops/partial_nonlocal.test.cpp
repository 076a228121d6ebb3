#include <oldphoto/ops/partial_nonlocal.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/random.hpp"

using namespace oldphoto;
using test::random_variable;

namespace {

using Numbers = std::vector<double>;

Tensor<double, 4> mask_with(Index row, Index column, double hole) {
    auto mask = Tensor<double, 4>::zeros({1, 1, 8, 8});
    mask(0, 0, row, column) = hole;
    return mask;
}

Tensor<float, 4> stored(const std::string& name) {
    return test::tensor_of<float, 4>(
        test::read_npy(test::fixture_path("mapping_scratch/" + name + ".npy")));
}

}  // namespace

TEST_CASE("valid_map equals the published one", "[ops][parity]") {
    for (const std::string name : {"holes", "zero", "one", "odd", "soft"}) {
        OLDPHOTO_NEEDS_FIXTURE("mapping_scratch/" + name + "_mask.npy");
        INFO(name);
        const auto expected = stored(name + "_valid");
        const auto actual = valid_map(stored(name + "_mask"), {expected.dim(2), expected.dim(3)});
        REQUIRE(actual.shape() == expected.shape());
        const double tolerance = name == "soft" ? 1e-6 : 0;
        CHECK(test::absolute_error(actual.to_values(), expected.to_values()) <= tolerance);
    }
}

TEST_CASE("a hole at the centre or at the first corner of a pixel makes it invalid",
          "[ops][forward]") {
    // Of four pixels, each of them 4 x 4 of the mask.
    const auto valid = [](Index row, Index column, double hole) {
        return valid_map(mask_with(row, column, hole), 2).to_values();
    };
    CHECK(valid(1, 2, 1) == Numbers{0, 1, 1, 1});
    CHECK(valid(2, 5, 0.01) == Numbers{1, 0, 1, 1});  // however little of it
    CHECK(valid(4, 0, 1) == Numbers{1, 1, 0, 1});
    CHECK(valid(4, 4, 0.25) == Numbers{1, 1, 1, 0.75});
    CHECK(valid(7, 7, 1) == Numbers{1, 1, 1, 1});  // seen by neither
}

TEST_CASE("partial_nonlocal makes pixels of the valid ones that resemble them", "[ops][forward]") {
    // One channel, 1 x 3 pixels. Similarities of pixel 1 are ln 2 times 1, 0, 2; with lengths 1
    // they are 1, 0, 1, and ln 2 again at this temperature.
    const auto row = [](const Numbers& values) {
        return Variable<double, 4>(Tensor<double, 4>::from_values({1, 1, 1, 3}, values));
    };
    const double ln2 = std::log(2.0);
    const auto q = row({ln2, ln2, ln2});
    const auto k = row({1, 0, 2});
    const auto v = row({10, 20, 40});
    const auto valid = row({0, 1, 0.5}).value();
    const auto pixel = [&](const PartialNonlocalOptions& o) {
        return partial_nonlocal(q, k, v, valid, o).value()[0];
    };
    CHECK(pixel({}) == Approx((20 + 0.5 * 160) / 3).epsilon(1e-14));
    CHECK(pixel({.temperature = 1 / ln2, .cosine = true}) ==
          Approx((20 + 0.5 * 80) / 2).epsilon(1e-14));
    CHECK(pixel({.renormalize = false}) == Approx((20 + 0.5 * 160) / 7).epsilon(1e-14));
    CHECK(pixel({.use_self = true}) == Approx((20 + 20 + 0.5 * 160) / 5).epsilon(1e-14));
}

TEST_CASE("partial_nonlocal gradients match central differences", "[ops][gradient]") {
    const auto q = random_variable(Shape<4>{2, 3, 2, 3}, 1);
    const auto k = random_variable(Shape<4>{2, 3, 2, 3}, 2);
    const auto v = random_variable(Shape<4>{2, 4, 2, 3}, 3);
    const auto valid =
        Tensor<double, 4>::from_values({2, 1, 2, 3}, {1, 0, 0.25, 0.5, 1, 0, 0, 1, 0, 0.9, 1, 1});
    for (const bool cosine : {false, true}) {
        const PartialNonlocalOptions o{.temperature = 0.5, .cosine = cosine};
        CHECK(testing::gradcheck([&] { return partial_nonlocal(q, k, v, valid, o); }, {q, k, v}) <
              1e-7);
    }
}

TEST_CASE("partial_nonlocal names the rule that is broken", "[ops][error]") {
    const auto x = random_variable(Shape<4>{2, 3, 4, 5}, 1);
    CHECK_THROWS_WITH(partial_nonlocal(x, x, x, Tensor<double, 4>::ones({1, 1, 4, 5})),
                      "partial_nonlocal: valid must have the pixels of v\n"
                      "  valid (N, 1, h, w) = (1, 1, 4, 5)\n"
                      "  v (N, C, h, w) = (2, 3, 4, 5)");
    CHECK_THROWS_WITH(valid_map(Tensor<double, 4>::ones({1, 3, 8, 8}), 2),
                      "valid_map: a mask has one channel\n"
                      "  mask (N, 1, H, W) = (1, 3, 8, 8)");
}

TEST_CASE("windows that hold the whole picture give what attention to all of it gives",
          "[ops][forward]") {
    const auto q = test::random_tensor<double>(Shape<4>{2, 3, 7, 9}, 21);
    const auto k = test::random_tensor<double>(Shape<4>{2, 3, 7, 9}, 22);
    const auto v = test::random_tensor<double>(Shape<4>{2, 4, 7, 9}, 23);
    const auto valid = Tensor<double, 4>::ones({2, 1, 7, 9});
    valid.slice(2, 2, 5).fill(0);
    using V = Variable<double, 4>;
    const auto whole = partial_nonlocal(V(q), V(k), V(v), valid).value();
    const auto windowed = windowed_nonlocal(q, k, v, valid, {}, 9);
    CHECK(max(evaluate(abs(whole - windowed))) < 1e-14);
}

TEST_CASE("a window sees its tile and a tile's width around it, or everything if that is a hole",
          "[ops][forward]") {
    // Equal queries and keys: each pixel becomes the mean of the valid values that it sees.
    const auto same = Tensor<double, 4>::ones({1, 1, 1, 8});
    const auto v = Tensor<double, 4>::from_values({1, 1, 1, 8}, {1, 2, 3, 4, 5, 6, 7, 8});
    const auto valid = Tensor<double, 4>::from_values({1, 1, 1, 8}, {1, 1, 0, 0, 0, 0, 0, 0});
    const auto y = windowed_nonlocal(same, same, v, valid, {}, 2);
    // Tiles 1 2, 3 4, 5 6 and 7 8; the first two see 1 and 2, the others no valid pixel at all.
    CHECK(y.to_values() == std::vector<double>(8, 1.5));
    const auto some = Tensor<double, 4>::from_values({1, 1, 1, 8}, {1, 0, 0, 0, 1, 0, 0, 1});
    // Tiles see 1, 1 and 5, 5 and 8, 5 and 8.
    CHECK(windowed_nonlocal(same, same, v, some, {}, 2).to_values() ==
          std::vector<double>{1, 1, 3, 3, 6.5, 6.5, 6.5, 6.5});
    CHECK_THROWS_AS(windowed_nonlocal(same, same, v, some, {}, 0), OptionError);
}
