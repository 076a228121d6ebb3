#include <oldphoto/core/error.hpp>

#include <catch2/catch.hpp>

using namespace oldphoto;

TEST_CASE("a shape error names the op, the rule and every operand", "[core][error]") {
    const auto fail = [] {
        throw_shape_error("matmul", "columns of a must equal rows of b",
                          {{"a (M, K)", {2, 3}}, {"b (K, N)", {4, 5}}});
    };
    CHECK_THROWS_AS(fail(), ShapeError);
    CHECK_THROWS_WITH(fail(),
                      "matmul: columns of a must equal rows of b\n"
                      "  a (M, K) = (2, 3)\n"
                      "  b (K, N) = (4, 5)");
}

TEST_CASE("option and file errors say what and why", "[core][error]") {
    CHECK_THROWS_AS(throw_option_error("pool", "window must be positive, got 0"), OptionError);
    CHECK_THROWS_WITH(throw_option_error("pool", "window must be positive, got 0"),
                      "pool: window must be positive, got 0");
    CHECK_THROWS_AS(throw_io_error("old.png", "no such file"), IoError);
    CHECK_THROWS_WITH(throw_io_error("old.png", "no such file"), "old.png: no such file");
}

TEST_CASE("every error of the library is an Error", "[core][error]") {
    CHECK_THROWS_AS(throw ShapeError("x"), Error);
    CHECK_THROWS_AS(throw OptionError("x"), Error);
    CHECK_THROWS_AS(throw WeightsError("x"), IoError);
    CHECK_THROWS_AS(throw IoError("x"), Error);
    CHECK_THROWS_AS(throw Error("x"), std::runtime_error);
}
