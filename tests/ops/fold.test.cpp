#include <oldphoto/ops/fold.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/random.hpp"
#include "../support/threads.hpp"

using namespace oldphoto;

namespace {

template <class T>
void check_fold(const test::OpCase& fixture) {
    if (fixture.has("@size")) {
        const auto x = fixture.input<T, 3>("x");
        const auto size = fixture.numbers("size");
        const Pair patch = fixture.number("p");
        test::check_op<T>(fixture, {{"x", x}}, [&] {
            return fold(x, {size[0], size[1]}, {patch, patch});
        });
    } else {
        const auto x = fixture.input<T, 4>("x");
        const auto number = [&](const char* name, const char* otherwise) {
            return fixture.number(fixture.has(std::string("@") + name) ? name : otherwise);
        };
        const FoldOptions options{number("k", "p"), number("stride", "p"),
                                  fixture.has("@padding") ? fixture.number("padding") : 0};
        test::check_op<T>(fixture, {{"x", x}}, [&] { return unfold(x, options); });
    }
}

struct Folding {
    Shape<4> x;
    FoldOptions options;
};

const std::vector<Folding> foldings{
    {{2, 3, 4, 6}, {2, 2}},
    {{1, 2, 4, 5}, {.kernel = 3, .padding = 1}},
    {{1, 2, 7, 5}, {.kernel = {3, 2}, .stride = {2, 3}, .padding = {0, 1}}},
    {{2, 1, 6, 7}, {.kernel = 3, .stride = 2, .padding = 2, .dilation = {2, 1}}},
};

}  // namespace

TEST_CASE("unfold and fold equal PyTorch, values and gradients", "[ops][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("ops/unfold_fold.npz");
    const auto fixtures = test::op_cases("ops/unfold_fold.npz");
    CHECK(fixtures.size() == 3);
    for (const auto& fixture : fixtures) {
        check_fold<float>(fixture);
        check_fold<double>(fixture);
    }
}

TEST_CASE("unfold lists windows as columns and fold adds them up", "[ops][forward]") {
    const Variable<double, 4> x(Tensor<double, 4>::from_values({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}));
    const FoldOptions options{.kernel = {2, 2}};
    const auto columns = unfold(x, options);
    CHECK(columns.shape() == Shape<3>{1, 4, 2});
    CHECK(columns.value().to_values() == std::vector<double>{1, 2, 2, 3, 4, 5, 5, 6});
    // The middle pixels lie in both windows.
    CHECK(fold(columns, {2, 3}, options).value().to_values() ==
          std::vector<double>{1, 4, 3, 4, 10, 6});
}

TEST_CASE("pixels that no window covers fold to zero", "[ops][forward]") {
    const Variable<double, 3> columns(Tensor<double, 3>::ones({1, 4, 1}));
    CHECK(fold(columns, 3, {2, 2}).value().to_values() ==
          std::vector<double>{1, 1, 0, 1, 1, 0, 0, 0, 0});
}

TEST_CASE("fold is the adjoint of unfold", "[ops][forward]") {
    for (const auto& c : foldings) {
        const auto x = test::random_picture(c.x);
        const auto columns = unfold(x, c.options);
        const auto u = test::random_variable(columns.shape(), 1);
        const auto folded = fold(u, {c.x[2], c.x[3]}, c.options);
        CHECK(sum(columns * u).item() == Approx(sum(x * folded).item()).epsilon(1e-12));
    }
}

TEST_CASE("unfold and fold gradients match central differences", "[ops][gradient]") {
    for (const auto& c : foldings) {
        const auto x = test::random_picture(c.x);
        CHECK(testing::gradcheck([&] { return unfold(x, c.options); }, {x}) < 1e-7);
        const auto columns = test::random_variable(unfold(x, c.options).shape(), 1);
        const Pair size{c.x[2], c.x[3]};
        CHECK(testing::gradcheck([&] { return fold(columns, size, c.options); }, {columns}) < 1e-7);
    }
}

TEST_CASE("unfold and fold have the same bits for 1, 2 and 3 threads", "[ops][determinism]") {
    const auto x = test::random_variable<float, 4>({2, 5, 33, 40}, 2);
    const FoldOptions options{.kernel = 5, .padding = 2};
    CHECK(test::same_for_any_threads([&] {
        const auto columns = unfold(x, options);
        return std::pair{columns.value().to_values(),
                         fold(columns, {33, 40}, options).value().to_values()};
    }));
}

TEST_CASE("unfold and fold name the rule and the shapes that break it", "[ops][error]") {
    CHECK_THROWS_WITH(unfold(test::random_picture({1, 2, 3, 4}), {.kernel = 3, .dilation = 2}),
                      "unfold: the padded picture must not be smaller than a window\n"
                      "  x (N, C, H, W) = (1, 2, 3, 4)\n"
                      "  window = (5, 5)\n"
                      "  padding = (0, 0)");
    CHECK_THROWS_WITH(fold(test::random_variable(Shape<3>{1, 12, 5}, 1), {4, 6}, {2, 2}),
                      "fold: columns must be the windows of a picture of that size\n"
                      "  columns (N, C kh kw, L) = (1, 12, 5)\n"
                      "  expected = (1, 12, 6)\n"
                      "  picture (N, C, H, W) = (1, 3, 4, 6)");
    CHECK_THROWS_WITH(fold(test::random_variable(Shape<3>{1, 13, 6}, 1), {4, 6}, {2, 2}),
                      Catch::Contains("expected = (1, 12, 6)"));
    CHECK_THROWS_WITH(fold(test::random_variable(Shape<3>{1, 12, 6}, 1), {4, 6}, {.kernel = 0}),
                      "fold: kernel must be positive, got (0, 0)");
}
