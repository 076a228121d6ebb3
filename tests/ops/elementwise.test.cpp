#include <oldphoto/ops/norm.hpp>
#include <oldphoto/ops/reduce.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/gradients.hpp"
#include "../support/random.hpp"
#include "../support/threads.hpp"

using namespace oldphoto;
using test::random_variable;

namespace {

/// Numbers of [low, high), to stay away from kinks and poles.
template <std::size_t R>
Variable<double, R> numbers_between(const Shape<R>& shape, double low, double high) {
    Rng rng(5);
    return Variable<double, R>(uniform<double, R>(shape, rng, low, high), true);
}

}  // namespace

TEMPLATE_TEST_CASE("activations equal PyTorch, values and gradients", "[ops][parity]", float,
                   double) {
    OLDPHOTO_NEEDS_FIXTURE("ops/activations.npz");
    const auto cases = test::op_cases("ops/activations.npz");
    CHECK(cases.size() == 4);
    for (const auto& fixture : cases) {
        const auto x = fixture.input<TestType, 3>("x");
        const auto check = [&](auto activation) {
            test::check_op<TestType>(fixture, {{"x", x}}, [&] { return activation(x); });
        };
        if (fixture.name == "leaky_0.2") check([](const auto& v) { return leaky_relu(v); });
        if (fixture.name == "relu") check([](const auto& v) { return relu(v); });
        if (fixture.name == "tanh") check([](const auto& v) { return tanh(v); });
        if (fixture.name == "sigmoid") check([](const auto& v) { return sigmoid(v); });
    }
}

TEST_CASE("every functor of one operand has the derivative it claims", "[ops][gradient]") {
    const auto check = [](auto fn, const Variable<double, 1>& x) {
        INFO(fn.name);
        CHECK(testing::gradcheck([&] { return map(fn, x); }, {x}) < 1e-7);
    };
    const auto positive = numbers_between(Shape<1>{21}, 0.2, 2);
    const auto negative = numbers_between(Shape<1>{21}, -2, -0.2);
    check(fn::SqrtFn{}, positive);
    check(fn::LogFn{}, positive);
    for (const auto& x : {positive, negative}) {
        check(fn::NegateFn{}, x);
        check(fn::SquareFn{}, x);
        check(fn::AbsFn{}, x);
        check(fn::SignFn{}, x);
        check(fn::ExpFn{}, x);
        check(fn::TanhFn{}, x);
        check(fn::SigmoidFn{}, x);
        check(fn::ReluFn{}, x);
        check(fn::LeakyReluFn{0.1F}, x);
    }
    for (const double low : {-3.0, -0.9, 1.1}) {  // below, within and above the limits
        check(fn::ClampFn{-1, 1}, numbers_between(Shape<1>{21}, low, low + 1.5));
    }
}

TEST_CASE("every functor of two operands has the derivatives it claims", "[ops][gradient]") {
    const auto x = numbers_between(Shape<1>{21}, 0.2, 1);
    const auto y = numbers_between(Shape<1>{21}, 1.1, 2);
    const auto check = [](auto fn, const Variable<double, 1>& a, const Variable<double, 1>& b) {
        INFO(fn.name);
        CHECK(testing::gradcheck([&] { return zip(fn, a, b); }, {a, b}) < 1e-7);
    };
    check(fn::AddFn{}, x, y);
    check(fn::SubtractFn{}, x, y);
    check(fn::MultiplyFn{}, x, y);
    check(fn::DivideFn{}, x, y);
    check(fn::MaximumFn{}, x, y);
    check(fn::MaximumFn{}, y, x);
    check(fn::MinimumFn{}, x, y);
    check(fn::MinimumFn{}, y, x);
}

TEST_CASE("kinks have the gradients that the functors promise", "[ops][gradient]") {
    const Variable<double, 1> x(Tensor<double, 1>::from_values({1}, {0}), true);
    const Variable<double, 1> y(Tensor<double, 1>::from_values({1}, {0}), true);
    const auto gradients = [&](auto f) {
        Program program;
        Variable<double, 0> loss;
        {
            const auto recording = program.record();
            loss = sum(f());
        }
        program.backward(loss, ParameterList<double>{x, y});
        return std::pair{x.gradient().item(), y.gradient().item()};
    };
    CHECK(gradients([&] { return relu(x); }).first == 0);
    CHECK(gradients([&] { return leaky_relu(x, 0.25F); }).first == 0.25);
    CHECK(gradients([&] { return abs(x); }).first == 0);
    CHECK(gradients([&] { return clamp(x, 0, 1); }).first == 1);
    CHECK(gradients([&] { return maximum(x, y); }) == std::pair{0.0, 1.0});
    CHECK(gradients([&] { return minimum(x, y); }) == std::pair{0.0, 1.0});
}

TEST_CASE("a stretched operand gets the sum of its gradients", "[ops][gradient]") {
    // d/dg sum((x * g) + b) with x = 1 2 3 / 4 5 6, g a row, b a number: columns of x; 6 ones.
    const Variable<double, 2> x(Tensor<double, 2>::from_values({2, 3}, {1, 2, 3, 4, 5, 6}), true);
    const Variable<double, 2> g(Tensor<double, 2>::from_values({1, 3}, {10, 20, 30}), true);
    const Variable<double, 2> b(Tensor<double, 2>::ones({1, 1}), true);
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(x * g + b);
    }
    program.backward(loss, ParameterList<double>{x, g, b});
    CHECK(x.gradient().to_values() == std::vector<double>{10, 20, 30, 10, 20, 30});
    CHECK(g.gradient().to_values() == std::vector<double>{5, 7, 9});
    CHECK(b.gradient().to_values() == std::vector<double>{6});
}

TEST_CASE("gradients of stretched trees match central differences", "[ops][gradient]") {
    const auto x = random_variable(Shape<4>{2, 3, 4, 5}, 1);
    const auto per_channel = random_variable(Shape<4>{1, 3, 1, 1}, 2);
    const auto per_row = random_variable(Shape<4>{2, 1, 4, 1}, 3);
    const auto f = [&] { return tanh(x * per_channel + per_row) / (square(per_channel) + 1); };
    CHECK(testing::gradcheck(f, {x, per_channel, per_row}) < 1e-7);
    // Two operands that stretch each other.
    CHECK(testing::gradcheck([&] { return per_channel * per_row; }, {per_channel, per_row}) < 1e-7);
    // A number has no gradient; a tensor is a constant.
    CHECK(testing::gradcheck([&] { return 2 / (3 + square(x * x.value())); }, {x}) > 1e-3);
    const auto constant = x.value().clone();
    CHECK(testing::gradcheck([&] { return 2 / (3 + square(x * constant)); }, {x}) < 1e-7);
}

TEST_CASE("a variable used several times gets the sum of its gradients", "[ops][gradient]") {
    const auto x = random_variable(Shape<2>{3, 4}, 4);
    CHECK(testing::gradcheck([&] { return x * tanh(x) + x; }, {x}) < 1e-7);
    CHECK(testing::gradcheck(
              [&] {
                  const Variable<double, 2> h = square(x);
                  return h * x + sum(h, {1});
              },
              {x}) < 1e-7);
}

TEST_CASE("an elementwise tree is one step, however large", "[ops][program]") {
    const auto x = random_variable(Shape<2>{3, 4}, 5);
    const auto y = random_variable(Shape<2>{1, 4}, 6);
    Program program;
    Variable<double, 2> z;
    {
        const auto recording = program.record();
        z = tanh(2 * x + y) * sigmoid(-x) - abs(y);
    }
    REQUIRE(program.steps().size() == 1);
    const Step& step = program.steps()[0];
    CHECK(step.name == "subtract");
    CHECK(step.output.get() == z.node().get());
    CHECK(step.inputs.size() == 4);  // x, y, x, y; the number 2 is no input
    CHECK_FALSE(step.window.global);
    CHECK(step.window.halo == 0);
}

TEST_CASE("an activation after a norm only annotates", "[ops][deferred]") {
    const auto x = random_variable(Shape<4>{2, 3, 5, 7}, 7);
    const auto normalised = instance_norm(x, test::none, test::none);
    const Variable<double, 4> y = relu(normalised);
    CHECK_FALSE(y.deferred().affine_only());
    CHECK(y.deferred().raw().data() == x.value().data());

    const Variable<double, 4> after = y * 2;  // anything else needs the numbers
    CHECK(after.deferred().plain());
    CHECK(y.deferred().plain());
}

TEST_CASE("pending activations and sums equal materialising every step", "[ops][deferred]") {
    const auto x = random_variable(Shape<4>{2, 3, 5, 7}, 8);
    const auto skip = random_variable(Shape<4>{2, 3, 5, 7}, 9);
    const auto weight = random_variable(Shape<1>{3}, 10);
    const auto bias = random_variable(Shape<1>{3}, 11);
    const ParameterList<double> parameters{x, skip, weight, bias};
    // `touch` looks at an intermediate value or does not; it must make no difference.
    const auto run = [&](auto touch) {
        Program program;
        Variable<double, 0> loss;
        {
            const auto recording = program.record();
            const auto n = instance_norm(x, weight, bias);
            touch(n);
            const Variable<double, 4> a = leaky_relu(n, 0.3F);
            touch(a);
            const auto m = instance_norm(a, test::none, test::none);
            touch(m);
            const Variable<double, 4> s = m + skip;
            touch(s);
            loss = mean(square(s) * 0.5);
        }
        program.backward(loss, parameters);
        std::vector<std::vector<double>> results{{loss.item()}};
        for (const auto& p : parameters) results.push_back(p.gradient().to_values());
        return results;
    };
    const auto lazy = run([](const auto&) {});
    const auto eager = run([](const auto& v) { static_cast<void>(v.value()); });
    REQUIRE(lazy.size() == 5);
    for (std::size_t k = 0; k < lazy.size(); ++k) {
        for (std::size_t i = 0; i < lazy[k].size(); ++i) {
            CHECK(lazy[k][i] == Approx(eager[k][i]).epsilon(1e-12).margin(1e-13));
        }
    }
}

TEST_CASE("gradients through pending steps match central differences", "[ops][gradient]") {
    const auto x = random_variable(Shape<4>{2, 2, 3, 4}, 12);
    const auto skip = random_variable(Shape<4>{2, 2, 3, 4}, 13);
    const auto weight = random_variable(Shape<1>{2}, 14);
    const auto bias = random_variable(Shape<1>{2}, 15);
    const auto f = [&] {
        const Variable<double, 4> a = tanh(instance_norm(x, weight, bias));
        const Variable<double, 4> s = skip + instance_norm(a, weight, bias);
        return sigmoid(s);
    };
    CHECK(testing::gradcheck(f, {x, skip, weight, bias}) < 1e-7);
}

TEST_CASE("elementwise trees have the same bits with any number of threads", "[ops][determinism]") {
    const auto x = random_variable<float>(Shape<4>{2, 3, 61, 67}, 16);
    const auto g = random_variable<float>(Shape<4>{1, 3, 1, 1}, 17);
    CHECK(test::same_for_any_threads([&] {
        Program program;
        Variable<float, 0> loss;
        {
            const auto recording = program.record();
            loss = mean(tanh(x * g + 0.5));
        }
        program.backward(loss, ParameterList<float>{x, g});
        auto results = x.gradient().to_values();
        for (const float v : g.gradient().to_values()) results.push_back(v);
        results.push_back(loss.item());
        return results;
    }));
}

TEST_CASE("operands that do not stretch to each other are named", "[ops][error]") {
    const auto x = random_variable(Shape<2>{2, 3}, 18);
    const auto y = random_variable(Shape<2>{2, 4}, 19);
    CHECK_THROWS_WITH(x * y,
                      "multiply: extents must be equal, or 1 to stretch\n"
                      "  left = (2, 3)\n  right = (2, 4)");
}
