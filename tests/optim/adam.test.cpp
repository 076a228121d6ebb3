#include <oldphoto/optim/adam.hpp>
#include <oldphoto/pipeline/weights.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/gradients.hpp"
#include "../support/random.hpp"
#include "../support/state.hpp"
#include "../support/threads.hpp"
#include <cmath>

using namespace oldphoto;
using test::give_gradient;
using test::parameter;

namespace {

using Numbers = std::vector<double>;

struct Run {
    const char* fixture;
    AdamOptions options;
};

/// Means that a step halves and quarters, so that sums stay short.
const AdamOptions round_numbers{.learning_rate = 0.1, .beta1 = 0.5, .beta2 = 0.75, .eps = 1e-12};

AdamOptions with_decay(double weight_decay) {
    auto options = round_numbers;
    options.weight_decay = weight_decay;
    return options;
}

/// Ten steps by gradients that differ from step to step and from element to element.
template <class T>
void take_steps(Adam<T>& adam, const Variable<T, 1>& x, int first, int end) {
    for (int t = first; t < end; ++t) {
        give_gradient(x, test::random_tensor<T>(x.shape(), static_cast<std::uint64_t>(t)));
        adam.step();
    }
}

}  // namespace

TEMPLATE_TEST_CASE("Adam takes PyTorch's steps", "[optim][parity]", float, double) {
    using T = TestType;
    const auto run =
        GENERATE(Run{"train/adam.npz", {.learning_rate = 2e-4, .beta1 = 0.5, .beta2 = 0.999}},
                 Run{"train/adam_ttur.npz", {.learning_rate = 1e-4, .beta1 = 0, .beta2 = 0.9}},
                 Run{"train/adam_wd.npz",
                     {.learning_rate = 1e-2, .beta1 = 0.9, .beta2 = 0.999, .weight_decay = 0.1}});
    OLDPHOTO_NEEDS_FIXTURE(run.fixture);
    INFO(run.fixture);
    const auto arrays = test::read_npz(test::fixture_path(run.fixture));
    const Variable<T, 1> p(test::tensor_of<T, 1>(arrays.at("p0")), true);
    Adam<T> adam({p}, run.options);
    for (int t = 0; t < 10; ++t) {
        INFO("step " << t);
        give_gradient(p, test::tensor_of<T, 1>(arrays.at("g" + std::to_string(t))));
        adam.step();
        const auto expected = arrays.at("p" + std::to_string(t + 1)).template values<float>();
        CHECK(test::absolute_error(p.value().to_values(), expected) < 1e-6);
    }
}

TEST_CASE("Adam divides the mean of the gradients by the root of the mean of their squares",
          "[optim][forward]") {
    const auto p = parameter({1});
    Adam<double> adam({p}, round_numbers);
    // m = 1, v = 1; corrected 2 and 4: a step of 0.1 * 2 / 2.
    give_gradient(p, {2});
    adam.step();
    CHECK(p.value().item() == Approx(0.9).epsilon(1e-10));
    // m = 0.5 - 0.5 = 0: no step. v = 0.75 + 0.25 = 1.
    give_gradient(p, {-1});
    adam.step();
    CHECK(p.value().item() == Approx(0.9).epsilon(1e-10));
    // m = 0 + 2, over 1 - 1/8; v = 0.75 + 4, over 1 - 27/64.
    give_gradient(p, {4});
    adam.step();
    CHECK(p.value().item() ==
          Approx(0.9 - 0.1 * (2 / 0.875) / std::sqrt(4.75 / 0.578125)).epsilon(1e-10));
}

TEST_CASE("Adam's weight decay goes through the gradient, AdamW's past it", "[optim][forward]") {
    const auto p = parameter({1});
    Adam<double> adam({p}, with_decay(0.5));
    // g = 2.5: m = 1.25, and the first step is 0.1 for whatever gradient.
    give_gradient(p, {2});
    adam.step();
    CHECK(p.value().item() == Approx(0.9).epsilon(1e-10));
    // g = -1.7 + 0.45 = -1.25: m = 0.
    give_gradient(p, {-1.7});
    adam.step();
    CHECK(p.value().item() == Approx(0.9).epsilon(1e-10));

    const auto q = parameter({1});
    AdamW<double> adam_w({q}, with_decay(0.5));
    // 0.95 of it stays.
    give_gradient(q, {2});
    adam_w.step();
    CHECK(q.value().item() == Approx(0.95 - 0.1).epsilon(1e-10));
    // m = 0.5 * 1 - 0.5 * 1.
    give_gradient(q, {-1});
    adam_w.step();
    CHECK(q.value().item() == Approx(0.95 * 0.85).epsilon(1e-10));
}

TEST_CASE("a parameter without a gradient rests, and its steps count from its first one",
          "[optim][forward]") {
    const auto p = parameter({1});
    const auto late = parameter({1});
    Adam<double> adam({p, late}, round_numbers);
    give_gradient(p, {2});
    adam.step();
    adam.step();
    CHECK(late.value().item() == 1);
    give_gradient(late, {-3});
    adam.step();
    CHECK(late.value().item() == Approx(1.1).epsilon(1e-10));
    // Gradients of 2 three times: the corrected mean is 2, the square 4.
    CHECK(p.value().item() == Approx(0.7).epsilon(1e-10));
}

TEST_CASE("a new learning rate holds from the next step on", "[optim][forward]") {
    const auto p = parameter({1});
    Adam<double> adam({p}, round_numbers);
    give_gradient(p, {2});
    adam.step();
    adam.set_learning_rate(0.2);
    CHECK(adam.learning_rate() == 0.2);
    adam.step();
    CHECK(p.value().item() == Approx(0.7).epsilon(1e-10));
    adam.set_learning_rate(0);
    adam.step();
    CHECK(p.value().item() == Approx(0.7).epsilon(1e-10));
}

TEST_CASE("Adam moves parameters of any rank by gradients of any layout", "[optim][forward]") {
    // Of a sum the gradient is one number, stretched; of a transposed use it is strided.
    const auto w = test::random_variable(Shape<4>{2, 1, 3, 2}, 1);
    const auto m = test::random_variable(Shape<2>{2, 3}, 2);
    const auto w_before = w.value().clone();
    const auto m_before = m.value().clone();
    const auto up = Tensor<double, 2>::from_values({3, 2}, {1, -1, 1, 1, -1, -1}).transpose(0, 1);
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(w) + sum(m * up);
    }
    Adam<double> adam({w, m}, round_numbers);
    program.backward(loss, adam.parameters());
    adam.step();
    CHECK(norm_l2(w_before - w.value() - 0.1) < 1e-9);
    CHECK(norm_l2(m_before - m.value() - 0.1 * up) < 1e-9);
}

TEST_CASE("Adam's state names the parameters by position and has their shapes", "[optim][state]") {
    const auto w = test::random_variable<float>(Shape<4>{2, 1, 3, 3}, 1);
    const auto b = test::random_variable<float>(Shape<1>{2}, 2);
    const Adam<float> adam({w, b});
    CHECK(test::state_lines<float>(adam) ==
          std::vector<std::string>{"0.mean 2x1x3x3", "0.square 2x1x3x3", "0.steps ", "1.mean 2",
                                   "1.square 2", "1.steps "});
    CHECK(parameters_of<float>(adam).empty());
}

TEST_CASE("a restored Adam goes on with the same bits", "[optim][state]") {
    const AdamOptions options{.learning_rate = 0.01, .weight_decay = 0.1};
    const auto x = test::random_variable<float>(Shape<1>{9}, 100);
    Adam<float> adam({x}, options);
    take_steps(adam, x, 0, 3);

    NamedArrays saved;
    save_state<float>(adam, saved, "adam.");
    const Variable<float, 1> y(x.value().clone(), true);
    Adam<float> restored({y}, options);
    load_state<float>(restored, with_prefix(saved, "adam."), "checkpoint");
    take_steps(adam, x, 3, 6);
    take_steps(restored, y, 3, 6);
    CHECK(x.value().to_values() == y.value().to_values());

    const Variable<float, 1> fresh_x(x.value().clone(), true);
    Adam<float> fresh({fresh_x}, options);
    take_steps(adam, x, 6, 7);
    take_steps(fresh, fresh_x, 6, 7);
    CHECK(x.value().to_values() != fresh_x.value().to_values());
}

TEST_CASE("Adam's steps have the same bits for any number of threads", "[optim][determinism]") {
    CHECK(test::same_for_any_threads([] {
        const auto x = test::random_variable<float>(Shape<1>{100003}, 1);
        Adam<float> adam({x}, {.weight_decay = 0.01});
        take_steps(adam, x, 0, 2);
        return x.value().to_values();
    }));
}

TEST_CASE("Adam refuses options outside their range", "[optim][errors]") {
    const auto with = [](const AdamOptions& options) { return Adam<double>({}, options); };
    CHECK_THROWS_WITH(with({.learning_rate = -1}),
                      "adam: learning_rate must be finite and not negative, got -1.000000");
    CHECK_THROWS_WITH(with({.learning_rate = INFINITY}),
                      "adam: learning_rate must be finite and not negative, got inf");
    CHECK_THROWS_WITH(with({.beta1 = 1}), "adam: beta1 must lie in [0, 1), got 1.000000");
    CHECK_THROWS_WITH(with({.beta2 = -0.5}), "adam: beta2 must lie in [0, 1), got -0.500000");
    CHECK_THROWS_WITH(with({.eps = 0}), "adam: eps must be finite and positive, got 0.000000");
    CHECK_THROWS_WITH(with({.weight_decay = -0.1}),
                      "adam: weight_decay must be finite and not negative, got -0.100000");
    CHECK_THROWS_AS(with({.beta1 = NAN}), OptionError);

    Adam<double> adam({}, {.learning_rate = 0.25});
    CHECK_THROWS_AS(adam.set_learning_rate(-1), OptionError);
    CHECK(adam.learning_rate() == 0.25);
}
