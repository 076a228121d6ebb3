#include <oldphoto/optim/sgd.hpp>

#include <catch2/catch.hpp>

#include "../support/gradients.hpp"
#include "../support/state.hpp"

using namespace oldphoto;
using test::give_gradient;
using test::parameter;

namespace {

/// Where a parameter that begins at 1 stands after steps by these gradients.
double after(const SgdOptions& options, const std::vector<double>& gradients) {
    const auto p = parameter({1});
    Sgd<double> sgd({p}, options);
    for (const double g : gradients) {
        give_gradient(p, {g});
        sgd.step();
    }
    return p.value().item();
}

}  // namespace

TEST_CASE("Sgd walks down the gradient", "[optim][forward]") {
    CHECK(after({.learning_rate = 0.1}, {2}) == Approx(0.8));
    CHECK(after({.learning_rate = 0.1}, {2, -3}) == Approx(1.1));
    // g = 2 + 0.5 * 1.
    CHECK(after({.learning_rate = 0.1, .weight_decay = 0.5}, {2}) == Approx(0.75));
}

TEST_CASE("Sgd's velocity keeps a part of the steps before", "[optim][forward]") {
    const SgdOptions half{.learning_rate = 0.1, .momentum = 0.5};
    // v = 2; then 0.5 * 2 + 1 = 2.
    CHECK(after(half, {2}) == Approx(0.8));
    CHECK(after(half, {2, 1}) == Approx(0.6));
    // g = 2.5, v = 2.5, p = 0.75; then g = 1.375, v = 2.625.
    CHECK(after({.learning_rate = 0.1, .momentum = 0.5, .weight_decay = 0.5}, {2, 1}) ==
          Approx(0.4875));
    // v = 2, a step by 2 + 1; then v = 2, a step by 1 + 1.
    const SgdOptions nesterov{.learning_rate = 0.1, .momentum = 0.5, .nesterov = true};
    CHECK(after(nesterov, {2}) == Approx(0.7));
    CHECK(after(nesterov, {2, 1}) == Approx(0.5));
}

TEST_CASE("Sgd passes over a parameter without a gradient", "[optim][forward]") {
    const auto p = parameter({1});
    const auto untouched = parameter({1, 2});
    Sgd<double> sgd({untouched, p}, {.learning_rate = 0.5, .momentum = 0.5, .weight_decay = 0.5});
    give_gradient(p, {0});
    sgd.step();
    CHECK(untouched.value().to_values() == std::vector<double>{1, 2});
    CHECK(p.value().item() == 0.75);
}

TEST_CASE("Sgd has a state with momentum alone", "[optim][state]") {
    const auto p = parameter({1, 2});
    CHECK(test::state_lines<double>(Sgd<double>({p})).empty());
    const Sgd<double> sgd({p}, {.momentum = 0.5});
    CHECK(test::state_lines<double>(sgd) == std::vector<std::string>{"0.velocity 2"});
}

TEST_CASE("Sgd refuses options outside their range", "[optim][errors]") {
    const auto with = [](const SgdOptions& options) { return Sgd<double>({}, options); };
    CHECK_THROWS_WITH(with({.learning_rate = -1}),
                      "sgd: learning_rate must be finite and not negative, got -1.000000");
    CHECK_THROWS_WITH(with({.momentum = 1}), "sgd: momentum must lie in [0, 1), got 1.000000");
    CHECK_THROWS_WITH(with({.weight_decay = -1}),
                      "sgd: weight_decay must be finite and not negative, got -1.000000");
    CHECK_THROWS_WITH(with({.nesterov = true}),
                      "sgd: nesterov needs a momentum above 0, got 0.000000");
    Sgd<double> sgd({});
    CHECK_THROWS_AS(sgd.set_learning_rate(-1), OptionError);
    sgd.set_learning_rate(2);
    CHECK(sgd.learning_rate() == 2);
}
