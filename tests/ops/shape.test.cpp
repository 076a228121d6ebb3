#include <oldphoto/ops/reduce.hpp>
#include <oldphoto/ops/shape.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"

using namespace oldphoto;
using test::random_variable;

namespace {

using Values = std::vector<double>;

const Variable<double, 2> counting_table(Tensor<double, 2>::from_values({2, 3}, {1, 2, 3, 4, 5, 6}),
                                         true);

template <std::size_t R>
Values values(const Variable<double, R>& x) {
    return x.value().to_values();
}

}  // namespace

TEST_CASE("variables change their shape as tensors do", "[ops][forward]") {
    CHECK(reshape(counting_table, Shape<1>{6}).shape() == Shape<1>{6});
    CHECK(values(reshape(counting_table, Shape<3>{3, 1, 2})) == Values{1, 2, 3, 4, 5, 6});
    CHECK(unsqueeze(counting_table, 1).shape() == Shape<3>{2, 1, 3});
    CHECK(squeeze(unsqueeze(counting_table, 2), 2).shape() == Shape<2>{2, 3});
    CHECK(transpose(counting_table, 0, 1).shape() == Shape<2>{3, 2});
    CHECK(values(transpose(counting_table, 0, 1)) == Values{1, 4, 2, 5, 3, 6});
    CHECK(values(permute(counting_table, {1, 0})) == Values{1, 4, 2, 5, 3, 6});
    CHECK(values(slice(counting_table, 1, 0, 3, 2)) == Values{1, 3, 4, 6});
    CHECK(values(slice(counting_table, 0, 1, 2)) == Values{4, 5, 6});
    const auto row = slice(counting_table, 0, 0, 1);
    CHECK(values(broadcast_to(row, {2, 3})) == Values{1, 2, 3, 1, 2, 3});
}

TEST_CASE("concat puts variables one behind the other", "[ops][forward]") {
    const auto row = slice(counting_table, 0, 0, 1);
    CHECK(values(concat(0, counting_table, row)) == Values{1, 2, 3, 4, 5, 6, 1, 2, 3});
    const auto columns =
        concat(1, slice(counting_table, 1, 2, 3), counting_table, slice(counting_table, 1, 0, 1));
    CHECK(columns.shape() == Shape<2>{2, 5});
    CHECK(values(columns) == Values{3, 1, 2, 3, 1, 6, 4, 5, 6, 4});
    CHECK(values(concat(0, counting_table)) == values(counting_table));
}

TEST_CASE("each part of a concat gets its own gradient", "[ops][gradient]") {
    const Variable<double, 1> a(Tensor<double, 1>::from_values({2}, {1, 2}), true);
    const Variable<double, 1> b(Tensor<double, 1>::from_values({1}, {3}), true);
    const auto weights = Tensor<double, 1>::from_values({5}, {1, 10, 100, 1000, 10000});
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(concat(0, a, b, a) * weights);
    }
    program.backward(loss, ParameterList<double>{a, b});
    CHECK(a.gradient().to_values() == Values{1001, 10010});
    CHECK(b.gradient().to_values() == Values{100});
}

TEST_CASE("gradients of rearrangements match central differences", "[ops][gradient]") {
    const auto x = random_variable(Shape<3>{2, 3, 4}, 1);
    const auto y = random_variable(Shape<3>{2, 1, 4}, 2);
    CHECK(testing::gradcheck([&] { return reshape(x, Shape<2>{4, 6}); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return reshape(x, Shape<4>{1, 2, 3, 4}); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return unsqueeze(x, 0); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return squeeze(y, 1); }, {y}) < 1e-7);
    CHECK(testing::gradcheck([&] { return permute(x, {2, 0, 1}); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return transpose(x, 0, 2); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return slice(x, 2, 1, 4, 2); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return broadcast_to(y, {2, 3, 4}); }, {y}) < 1e-7);
    CHECK(testing::gradcheck([&] { return concat(1, x, y, tanh(x)); }, {x, y}) < 1e-7);
    // Views of views, and a sum whose gradient is a stretched view, on the way back.
    CHECK(testing::gradcheck([&] { return mean(slice(transpose(concat(1, x, y), 1, 2), 1, 0, 3)); },
                             {x, y}) < 1e-7);
}

TEST_CASE("only arrangements that keep rows can be cut in bands", "[ops][program]") {
    const auto x = random_variable(Shape<4>{1, 2, 4, 4}, 1);
    Program program;
    {
        const auto recording = program.record();
        static_cast<void>(concat(1, x, x));
        static_cast<void>(slice(x, 1, 0, 1));
        static_cast<void>(slice(x, 2, 0, 1));
        static_cast<void>(reshape(x, Shape<2>{2, 16}));
    }
    REQUIRE(program.steps().size() == 4);
    CHECK_FALSE(program.steps()[0].window.global);
    CHECK_FALSE(program.steps()[1].window.global);
    CHECK(program.steps()[2].window.global);
    CHECK(program.steps()[3].window.global);
}

TEST_CASE("rearrangements name what does not fit", "[ops][error]") {
    CHECK_THROWS_WITH(reshape(counting_table, Shape<1>{7}),
                      "reshape: the number of elements must stay the same\n"
                      "  from = (2, 3)\n  to = (7)");
    CHECK_THROWS_WITH(squeeze(counting_table, 0),
                      "squeeze: the axis must have extent 1\n  axis = (0)\n  shape = (2, 3)");
    CHECK_THROWS_WITH(unsqueeze(counting_table, 3),
                      "unsqueeze: axis must not exceed the rank\n  axis = (3)\n  shape = (2, 3)");
    CHECK_THROWS_WITH(permute(counting_table, {0, 0}),
                      "permute: every axis exactly once\n  order = (0, 0)\n  shape = (2, 3)");
    CHECK_THROWS_WITH(transpose(counting_table, 0, 2),
                      "transpose: axes lie below the rank\n  axes = (0, 2)\n  shape = (2, 3)");
    CHECK_THROWS_WITH(broadcast_to(counting_table, {2, 4}),
                      "broadcast_to: extents must be equal, or 1 to stretch\n"
                      "  left = (2, 3)\n  right = (2, 4)");
    CHECK_THROWS_WITH(slice(counting_table, 1, 2, 4),
                      "slice: 0 <= begin <= end <= extent, step >= 1\n"
                      "  shape = (2, 3)\n  (axis, begin, end, step) = (1, 2, 4, 1)");
    CHECK_THROWS_WITH(concat(1, counting_table, transpose(counting_table, 0, 1)),
                      "concat: extents must be equal but along the axis\n"
                      "  axis = (1)\n  so far = (2, 3)\n  next = (3, 2)");
    CHECK_THROWS_WITH(concat(2, counting_table, counting_table),
                      "concat: axes lie below the rank\n  axis = (2)\n  shape = (2, 3)");
}
