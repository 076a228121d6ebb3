#include <oldphoto/ops/matmul.hpp>
#include <oldphoto/ops/shape.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/random.hpp"

using namespace oldphoto;
using test::random_variable;

TEMPLATE_TEST_CASE("matmul equals PyTorch, values and gradients", "[ops][parity]", float, double) {
    OLDPHOTO_NEEDS_FIXTURE("ops/matmul.npz");
    int checked = 0;
    for (const auto& fixture : test::op_cases("ops/matmul.npz")) {
        if (fixture.name == "mm") {
            const auto x = fixture.input<TestType, 2>("x");
            const auto w = fixture.input<TestType, 2>("w");
            test::check_op<TestType>(fixture, {{"x", x}, {"w", w}}, [&] { return matmul(x, w); });
            ++checked;
        } else if (fixture.name == "bmm" || fixture.name == "bmm_tn") {
            const auto x = fixture.input<TestType, 3>("x");
            const auto w = fixture.input<TestType, 3>("w");
            test::check_op<TestType>(fixture, {{"x", x}, {"w", w}}, [&] {
                return fixture.name == "bmm" ? matmul(x, w) : matmul(transpose(x, 1, 2), w);
            });
            ++checked;
        }
    }
    CHECK(checked == 3);
}

TEST_CASE("matmul passes on the gradients of both factors", "[ops][gradient]") {
    // C = A B with A = 1 2, B = 3 4; dL/dC = 1 1: dA = 1 1 times B^T = 7 11, dB = A^T times 1 1.
    //                            5 6
    const Variable<double, 2> a(Tensor<double, 2>::from_values({1, 2}, {1, 2}), true);
    const Variable<double, 2> b(Tensor<double, 2>::from_values({2, 2}, {3, 4, 5, 6}), true);
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(matmul(a, b));
    }
    program.backward(loss, ParameterList<double>{a, b});
    CHECK(loss.item() == 29);  // 1*3 + 2*5 + 1*4 + 2*6
    CHECK(a.gradient().to_values() == std::vector<double>{7, 11});
    CHECK(b.gradient().to_values() == std::vector<double>{1, 1, 2, 2});
}

TEST_CASE("matmul gradients match central differences", "[ops][gradient]") {
    const auto a = random_variable(Shape<2>{3, 4}, 1);
    const auto b = random_variable(Shape<2>{4, 5}, 2);
    CHECK(testing::gradcheck([&] { return matmul(a, b); }, {a, b}) < 1e-7);
    CHECK(testing::gradcheck([&] { return matmul(tanh(a), 2 * b); }, {a, b}) < 1e-7);

    const auto many = random_variable(Shape<3>{3, 2, 4}, 3);
    const auto one = random_variable(Shape<3>{1, 4, 2}, 4);
    CHECK(testing::gradcheck([&] { return matmul(many, one); }, {many, one}) < 1e-7);
    CHECK(testing::gradcheck([&] { return matmul(one, many); }, {many, one}) < 1e-7);
}

TEST_CASE("a variable times its own transpose gets both gradients", "[ops][gradient]") {
    const auto a = random_variable(Shape<2>{3, 4}, 5);
    CHECK(testing::gradcheck([&] { return matmul(a, transpose(a, 0, 1)); }, {a}) < 1e-7);
}

TEST_CASE("the Kronecker product passes on the gradients of both factors", "[ops][gradient]") {
    const auto a = random_variable(Shape<2>{2, 3}, 6);
    const auto b = random_variable(Shape<2>{3, 2}, 7);
    CHECK(testing::gradcheck([&] { return kron(a, b); }, {a, b}) < 1e-7);

    // The gradient of sum(A (x) B) is, for each element of A, the sum of B, and the other way
    // round.
    const Variable<double, 2> p(Tensor<double, 2>::from_values({1, 2}, {1, 2}), true);
    const Variable<double, 2> q(Tensor<double, 2>::from_values({2, 1}, {10, 100}), true);
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(kron(p, q));
    }
    program.backward(loss, ParameterList<double>{p, q});
    CHECK(loss.item() == 330);
    CHECK(p.gradient().to_values() == std::vector<double>{110, 110});
    CHECK(q.gradient().to_values() == std::vector<double>{3, 3});
}

TEST_CASE("a matrix product is one step that knows its operations", "[ops][program]") {
    const auto a = random_variable(Shape<2>{2, 3}, 8);
    const auto b = random_variable(Shape<2>{3, 4}, 9);
    Program program;
    {
        const auto recording = program.record();
        static_cast<void>(matmul(a, b));
    }
    REQUIRE(program.steps().size() == 1);
    CHECK(program.steps()[0].name == "matmul");
    CHECK(program.steps()[0].cost.operations == 2 * 2 * 3 * 4);
}
