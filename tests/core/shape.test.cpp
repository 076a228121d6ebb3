#include <oldphoto/core/shape.hpp>

#include <catch2/catch.hpp>

using namespace oldphoto;

static_assert(Shape<3>{2, 3, 4}.size() == 24);
static_assert(Shape<0>{}.size() == 1);
static_assert(Shape<2>{0, 5}.size() == 0);
static_assert(dense_strides(Shape<3>{2, 3, 4}) == Shape<3>{12, 4, 1});
static_assert(broadcast_strides(Shape<3>{2, 1, 4}, Shape<3>{4, 4, 1}, Shape<3>{2, 3, 4}) ==
              Shape<3>{4, 0, 1});

TEST_CASE("shapes print as tuples", "[core][shape]") {
    CHECK(to_string(Shape<4>{1, 3, 64, 80}) == "(1, 3, 64, 80)");
    CHECK(to_string(Shape<1>{7}) == "(7)");
    CHECK(to_string(Shape<0>{}) == "()");
}

TEST_CASE("shapes are equal when all extents are", "[core][shape]") {
    CHECK(Shape<2>{2, 3} == Shape<2>{2, 3});
    CHECK_FALSE(Shape<2>{2, 3} == Shape<2>{3, 2});
    CHECK(Shape<0>{} == Shape<0>{});
}

TEST_CASE("extents of 1 stretch to those of the other operand", "[core][shape]") {
    CHECK(broadcast_shapes(Shape<3>{2, 1, 4}, Shape<3>{1, 3, 4}, "add") == Shape<3>{2, 3, 4});
    CHECK(broadcast_shapes(Shape<1>{1}, Shape<1>{0}, "add") == Shape<1>{0});
    CHECK(broadcast_shapes(Shape<0>{}, Shape<0>{}, "add") == Shape<0>{});
}

TEST_CASE("extents that neither match nor stretch are named with the op", "[core][error]") {
    CHECK_THROWS_WITH(broadcast_shapes(Shape<2>{2, 3}, Shape<2>{2, 4}, "add"),
                      "add: extents must be equal, or 1 to stretch\n"
                      "  left = (2, 3)\n"
                      "  right = (2, 4)");
    CHECK_THROWS_AS(broadcast_shapes(Shape<1>{2}, Shape<1>{0}, "add"), ShapeError);
}

TEST_CASE("an axis lies below the rank", "[core][error]") {
    CHECK_NOTHROW(check_axis("softmax", 1, Shape<2>{2, 3}));
    CHECK_THROWS_WITH(check_axis("softmax", 2, Shape<2>{2, 3}),
                      "softmax: axes lie below the rank\n  axis = (2)\n  shape = (2, 3)");
}
