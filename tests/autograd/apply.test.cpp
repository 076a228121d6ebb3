#include <oldphoto/ops/reduce.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"

using namespace oldphoto;
using test::random_variable;

namespace {

using Values = std::vector<double>;

/// What every op here says of itself.
struct Plain {
    template <class... S>
    static Window window(const S&...) {
        return Window::pointwise();
    }
    template <class... S>
    static Cost cost(const S&...) {
        return {};
    }
};

/// y = factor * x^3; one gradient, returned as it is.
struct CubeOp : Plain {
    static constexpr const char* name = "cube";
    double factor = 1;

    template <class T, std::size_t R, class B>
    Tensor<T, R, B> forward(const Tensor<T, R, B>& x) const {
        return factor * x * x * x;
    }
    template <class T, std::size_t R, class B>
    Tensor<T, R, B> backward(const Tensor<T, R, B>& gy, const Tensor<T, R, B>& x) const {
        return 3 * factor * gy * x * x;
    }
};

/// z = x y^2, which computes only the gradients that are asked for and keeps y^2 in itself.
struct WantedOp : Plain {
    static constexpr const char* name = "wanted";
    std::vector<std::array<bool, 2>>* asked;
    Tensor<double, 1> squares{};

    explicit WantedOp(std::vector<std::array<bool, 2>>* log) : asked(log) {}

    Tensor<double, 1> forward(const Tensor<double, 1>& x, const Tensor<double, 1>& y) {
        squares = y * y;
        return x * squares;
    }
    auto backward(const Tensor<double, 1>& gz, const std::array<bool, 2>& wanted,
                  const Tensor<double, 1>& x, const Tensor<double, 1>& y) const {
        asked->push_back(wanted);
        Tensor<double, 1> gx;
        Tensor<double, 1> gy;
        if (wanted[0]) gx = gz * squares;
        if (wanted[1]) gy = 2 * gz * x * y;
        return std::tuple{gx, gy};
    }
};

/// A gradient that does not have its value's shape.
struct MisshapenOp : Plain {
    static constexpr const char* name = "misshapen";
    static Tensor<double, 1> forward(const Tensor<double, 1>& x) { return x; }
    static Tensor<double, 1> backward(const Tensor<double, 1>&, const Tensor<double, 1>&) {
        return Tensor<double, 1>::ones({1});
    }
};

/// y = x, told what is pending on its input.
struct PendingOp : Plain {
    static constexpr const char* name = "pending";
    bool* was_plain;
    explicit PendingOp(bool* plain) : was_plain(plain) {}
    Deferred<double> forward(const Variable<double, 4>& x) const {
        *was_plain = x.deferred().plain();
        return x.deferred();
    }
    Tensor<double, 4> backward(const Tensor<double, 4>& gy, const Variable<double, 4>&) const {
        return gy;
    }
};

void walk(const Program& program, const Variable<double, 0>& loss,
          const ParameterList<double>& parameters) {
    program.backward(loss, parameters);
}

}  // namespace

TEST_CASE("an op of one's own is a struct with forward and backward on tensors",
          "[autograd][apply]") {
    const Variable<double, 1> x(Tensor<double, 1>::from_values({2}, {2, -3}), true);
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        const auto y = apply(CubeOp{{}, 2}, x);
        CHECK(y.value().to_values() == Values{16, -54});
        loss = sum(y);
    }
    walk(program, loss, {x});
    CHECK(x.gradient().to_values() == Values{24, 54});
    CHECK(program.steps()[0].name == "cube");

    const auto z = random_variable(Shape<3>{2, 3, 2}, 1);
    CHECK(testing::gradcheck([&] { return apply(CubeOp{}, z); }, {z}) < 1e-7);
}

TEST_CASE("an op is told which gradients are asked for", "[autograd][apply]") {
    std::vector<std::array<bool, 2>> asked;
    const Variable<double, 1> x(Tensor<double, 1>::from_values({1}, {5}), true);
    const Variable<double, 1> y(Tensor<double, 1>::from_values({1}, {3}), true);
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(apply(WantedOp(&asked), x, y));
    }
    CHECK(loss.item() == 45);
    walk(program, loss, {x, y});
    CHECK(x.gradient().item() == 9);
    CHECK(y.gradient().item() == 30);
    walk(program, loss, {y});
    using Wanted = std::array<bool, 2>;
    CHECK(asked == std::vector<Wanted>{{true, true}, {false, true}});
}

TEST_CASE("an op takes expressions of variables, evaluated as a step of their own",
          "[autograd][apply]") {
    const auto x = random_variable(Shape<1>{4}, 2);
    Program program;
    {
        const auto recording = program.record();
        static_cast<void>(apply(CubeOp{}, tanh(x) + 1));
    }
    REQUIRE(program.steps().size() == 2);
    CHECK(program.steps()[0].name == "add");
    CHECK(testing::gradcheck([&] { return apply(CubeOp{}, tanh(x) + 1); }, {x}) < 1e-7);
}

TEST_CASE("one variable may be several inputs", "[autograd][apply]") {
    std::vector<std::array<bool, 2>> asked;
    const auto x = random_variable(Shape<1>{4}, 3);
    CHECK(testing::gradcheck([&] { return apply(WantedOp(&asked), x, x); }, {x}) < 1e-7);
}

TEST_CASE("an op on variables sees what is pending on them", "[autograd][apply]") {
    bool was_plain = false;
    const auto x = random_variable(Shape<4>{1, 1, 2, 2}, 4);
    const Variable<double, 4> active = relu(x);  // nothing but pending on the raw picture
    const auto y = apply(PendingOp(&was_plain), active);
    CHECK_FALSE(was_plain);
    CHECK(y.value().to_values() == evaluate(relu(x.value())).to_values());
}

TEST_CASE("a gradient of another shape than its value is refused", "[autograd][error]") {
    const auto x = random_variable(Shape<1>{3}, 5);
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(apply(MisshapenOp{}, x));
    }
    CHECK_THROWS_WITH(walk(program, loss, {x}),
                      "backward: a gradient must have its value's shape\n"
                      "  value = (3)\n"
                      "  gradient = (1)");
}
