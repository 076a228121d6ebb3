#include <oldphoto/ops/reduce.hpp>

#include <catch2/catch.hpp>

#include "../support/gradients.hpp"
#include <stdexcept>
#include <thread>

using namespace oldphoto;
using test::parameter;

namespace {

using Values = std::vector<double>;

/// y = x, whose backward counts how often it runs and, told to, throws.
struct CountedOp {
    static constexpr const char* name = "counted";
    int* runs;
    bool throws = false;

    Tensor<double, 1> forward(const Tensor<double, 1>& x) const { return x; }
    Tensor<double, 1> backward(const Tensor<double, 1>& gy, const Tensor<double, 1>&) const {
        ++*runs;
        if (throws) throw std::runtime_error("no gradient today");
        return gy;
    }
    static Window window(const Shape<1>&, const Shape<1>&) { return {3, 2, false}; }
    static Cost cost(const Shape<1>&, const Shape<1>&) { return {5, 7}; }
};

}  // namespace

TEST_CASE("a program is the list of ops in the order of their execution", "[autograd][program]") {
    int runs = 0;
    const auto x = parameter({1, 2});
    Program program;
    {
        const auto recording = program.record();
        static_cast<void>(mean(tanh(apply(CountedOp{&runs}, x)) * 2));
    }
    const auto& steps = program.steps();
    REQUIRE(steps.size() == 3);
    CHECK(steps[0].name == "counted");
    CHECK(steps[0].cost.operations == 5);
    CHECK(steps[0].cost.bytes == 7);
    CHECK(steps[0].window.halo == 3);
    CHECK(steps[0].window.scale == 2);
    CHECK(steps[0].inputs.at(0) == x.node());
    CHECK(steps[1].name == "multiply");
    CHECK(steps[1].inputs.at(0) == steps[0].output);
    CHECK(steps[2].name == "mean");
    CHECK(steps[2].window.global);
    CHECK(steps[2].output->dims().empty());
    CHECK(runs == 0);

    program.clear();
    CHECK(program.steps().empty());
}

TEST_CASE("several losses share one recording", "[autograd][program]") {
    const auto x = parameter({3, -1});
    const auto w = parameter({2, 5});
    Program program;
    Variable<double, 0> sum_loss;
    Variable<double, 0> square_loss;
    {
        const auto recording = program.record();
        const Variable<double, 1> shared = x * w;
        sum_loss = sum(shared);
        square_loss = sum(square(shared));
    }
    program.backward(sum_loss, ParameterList<double>{x, w});
    CHECK(x.gradient().to_values() == Values{2, 5});
    CHECK(w.gradient().to_values() == Values{3, -1});

    // 2 (x w) x; only w is asked for, so x keeps what it has.
    program.backward(square_loss, ParameterList<double>{w});
    CHECK(w.gradient().to_values() == Values{36, 10});
    CHECK(x.gradient().to_values() == Values{2, 5});

    // A gradient is replaced, not added to.
    program.backward(sum_loss, ParameterList<double>{w});
    CHECK(w.gradient().to_values() == Values{3, -1});
}

TEST_CASE("an intermediate value can be listed like a parameter", "[autograd][program]") {
    const auto x = parameter({3, -1});
    Program program;
    Variable<double, 1> h;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        h = 2 * x;
        loss = sum(square(h));
    }
    program.backward(loss, ParameterList<double>{x, h});
    CHECK(h.gradient().to_values() == Values{12, -4});
    CHECK(x.gradient().to_values() == Values{24, -8});
    program.backward(loss, ParameterList<double>{h});
    CHECK(h.gradient().to_values() == Values{12, -4});
}

TEST_CASE("a gradient is zero where the loss does not depend on a parameter",
          "[autograd][program]") {
    const auto x = parameter({1, 2});
    const auto unused = parameter({1, 2, 3});
    const auto late = parameter({4});
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(x);
        static_cast<void>(sum(late));  // recorded, but not part of the loss
    }
    program.backward(loss, ParameterList<double>{x, unused, late});
    CHECK(x.gradient().to_values() == Values{1, 1});
    CHECK(unused.gradient().to_values() == Values{0, 0, 0});
    CHECK(late.gradient().to_values() == Values{0});
}

TEST_CASE("values to which one derivative flows have a gradient each", "[autograd][program]") {
    int runs = 0;
    const auto x = parameter({1, 2});
    Program program;
    Variable<double, 1> h;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        h = apply(CountedOp{&runs}, x);  // hands its own derivative to x
        loss = sum(3 * h);
    }
    program.backward(loss, ParameterList<double>{x, h});
    x.gradient() *= 0.5;
    CHECK(x.gradient().to_values() == Values{1.5, 1.5});
    CHECK(h.gradient().to_values() == Values{3, 3});
}

TEST_CASE("a branch without listed parameters costs nothing", "[autograd][program]") {
    int frozen_runs = 0;
    int trained_runs = 0;
    const auto frozen = parameter({1, 2});
    const auto trained = parameter({3, 4});
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(apply(CountedOp{&frozen_runs}, 2 * frozen) *
                   apply(CountedOp{&trained_runs}, 3 * trained));
    }
    program.backward(loss, ParameterList<double>{trained});
    CHECK(trained.gradient().to_values() == Values{6, 12});
    CHECK(trained_runs == 1);
    CHECK(frozen_runs == 0);
    CHECK(frozen.gradient().empty());
}

TEST_CASE("steps on constants keep no backward", "[autograd][program]") {
    const Variable<double, 1> constant(Tensor<double, 1>::ones({2}));
    const auto x = parameter({1, 2});
    Program program;
    {
        const auto recording = program.record();
        const Variable<double, 1> h = tanh(constant);
        static_cast<void>(sum(h));
        static_cast<void>(sum(h * x));
    }
    REQUIRE(program.steps().size() == 4);
    CHECK_FALSE(program.steps()[0].backward);
    CHECK_FALSE(program.steps()[1].backward);
    CHECK(program.steps()[2].backward);
    CHECK(program.steps()[3].backward);
}

TEST_CASE("recordings nest and pause", "[autograd][program]") {
    const auto x = parameter({1, 2});
    Program outer;
    Program inner;
    CHECK(Program::current() == nullptr);
    {
        const auto outer_recording = outer.record();
        static_cast<void>(sum(x));
        {
            const auto inner_recording = inner.record();
            CHECK(Program::current() == &inner);
            static_cast<void>(mean(x));
            {
                const auto pause = Program::pause();
                CHECK(Program::current() == nullptr);
                static_cast<void>(max(x));
            }
        }
        CHECK(Program::current() == &outer);
        static_cast<void>(norm_l1(x));
    }
    CHECK(Program::current() == nullptr);
    REQUIRE(outer.steps().size() == 2);
    CHECK(outer.steps()[0].name == "sum");
    CHECK(outer.steps()[1].name == "norm_l1");
    REQUIRE(inner.steps().size() == 1);
    CHECK(inner.steps()[0].name == "mean");
}

TEST_CASE("what is computed while recording pauses is a constant", "[autograd][program]") {
    const auto x = parameter({1, 2});
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        Variable<double, 1> target;
        {
            const auto pause = Program::pause();
            target = 3 * x;
        }
        CHECK_FALSE(target.requires_grad());
        loss = sum(x * target);
    }
    program.backward(loss, ParameterList<double>{x});
    CHECK(x.gradient().to_values() == Values{3, 6});
}

TEST_CASE("a program records its own thread alone", "[autograd][program]") {
    const auto x = parameter({1, 2});
    Program program;
    const auto recording = program.record();
    std::thread([&] { static_cast<void>(sum(x)); }).join();
    CHECK(program.steps().empty());
}

TEST_CASE("a walk that threw leaves nothing behind", "[autograd][program]") {
    int runs = 0;
    const auto x = parameter({1, 2});
    Program program;
    Variable<double, 0> bad;
    Variable<double, 0> good;
    {
        const auto recording = program.record();
        const Variable<double, 1> h = 2 * x;
        bad = sum(h + apply(CountedOp{&runs, true}, h));
        good = sum(h);
    }
    const ParameterList<double> parameters{x};
    CHECK_THROWS_WITH(program.backward(bad, parameters), "no gradient today");
    program.backward(good, parameters);
    CHECK(x.gradient().to_values() == Values{2, 2});
}

TEST_CASE("a recording can be walked after the variables it holds are gone",
          "[autograd][program]") {
    const auto x = parameter({0.5, -0.5});
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        const Variable<double, 1> h = square(x);
        const Variable<double, 1> g = h * h;
        loss = sum(g);
    }
    program.backward(loss, ParameterList<double>{x});
    CHECK(x.gradient().to_values() == Values{0.5, -0.5});  // 4 x^3
}

TEST_CASE("a loss of another program is refused", "[autograd][program]") {
    const auto x = parameter({1, 2});
    Program program;
    Program other;
    Variable<double, 0> loss;
    {
        const auto recording = other.record();
        loss = sum(x);
    }
    const ParameterList<double> parameters{x};
    CHECK_THROWS_WITH(program.backward(loss, parameters),
                      "backward: the loss was not recorded by this program");
    other.backward(loss, parameters);
    CHECK(x.gradient().to_values() == Values{1, 1});
}
