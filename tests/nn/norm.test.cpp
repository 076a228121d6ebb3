#include <oldphoto/nn/norm.hpp>

#include <catch2/catch.hpp>

#include "../support/state.hpp"
#include <cmath>

using namespace oldphoto;
using test::Lines;

namespace {

using Numbers = std::vector<double>;

// Channel 0 holds 1 3 | 5 7: mean 4, biased variance 5, unbiased 20 / 3. Channel 1: 0 0 | 0 4: mean
// 1, biased variance 3, unbiased 4.
Variable<double, 4> batch() {
    return Variable<double, 4>(
        Tensor<double, 4>::from_values({2, 2, 1, 2}, {1, 3, 0, 0, 5, 7, 0, 4}));
}

template <class Net>
Numbers values_of(const Net& net, const std::string& name) {
    for (const auto& entry : state_of<double>(net)) {
        if (entry.name == name) return entry.variable.value().to_values();
    }
    FAIL("no " << name);
    return {};
}

void check_close(const Numbers& actual, const Numbers& expected) {
    REQUIRE(actual.size() == expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
        CHECK(actual[i] == Approx(expected[i]).margin(1e-12));
    }
}

}  // namespace

TEST_CASE("each norm has the state of its kind", "[nn][state]") {
    const auto lines = [](NormKind kind) {
        return test::state_lines<double>(make_norm<double, Cpu>(kind, 3));
    };
    CHECK(lines(NormKind::instance).empty());
    CHECK(lines(NormKind::none).empty());
    CHECK(lines(NormKind::affine_instance) == Lines{"weight 3", "bias 3"});
    CHECK(lines(NormKind::batch) ==
          Lines{"weight 3", "bias 3", "running_mean 3", "running_var 3", "num_batches_tracked "});
}

TEST_CASE("a batch norm that is not affine has running statistics alone", "[nn][state]") {
    const BatchNorm2d<double> norm(2, {.affine = false});
    CHECK(test::state_lines<double>(norm) ==
          Lines{"running_mean 2", "running_var 2", "num_batches_tracked "});
    CHECK(norm(batch()).value().to_values() == BatchNorm2d<double>(2)(batch()).value().to_values());
}

TEST_CASE("only a norm's weight and bias are trained", "[nn][state]") {
    const auto norm = make_norm<double, Cpu>(NormKind::batch, 3);
    CHECK(count_parameters<double>(norm) == 6);
    CHECK(parameters_of<double>(norm).size() == 2);
}

TEST_CASE("norms begin as what they are without weight and bias", "[nn][forward]") {
    const auto x = batch();
    const auto values = [&](NormKind kind) {
        return make_norm<double, Cpu>(kind, 2)(x).value().to_values();
    };
    // Planes 1 3, 0 0, 5 7, 0 4 have variances 1, 0, 1, 4.
    const double one = 1 / std::sqrt(1 + 1e-5);
    const double two = 2 / std::sqrt(4 + 1e-5);
    check_close(values(NormKind::instance), {-one, one, 0, 0, -one, one, -two, two});
    CHECK(values(NormKind::affine_instance) == values(NormKind::instance));
    CHECK(values(NormKind::none) == x.value().to_values());
}

TEST_CASE("BatchNorm2d takes the batch's statistics in training and keeps a running mean of them",
          "[nn][forward]") {
    // Behind an AnyLayer, as networks hold it.
    AnyLayer<double> norm = BatchNorm2d<double>(2);
    const auto x = batch();
    const double untouched = 1 / std::sqrt(1 + 1e-5);
    check_close(norm(x).value().to_values(), {1 * untouched, 3 * untouched, 0, 0, 5 * untouched,
                                              7 * untouched, 0, 4 * untouched});
    CHECK(values_of(norm, "num_batches_tracked") == Numbers{0});

    norm.set_training(true);
    const double a = 1 / std::sqrt(5 + 1e-5);
    const double b = 1 / std::sqrt(3 + 1e-5);
    check_close(norm(x).value().to_values(), {-3 * a, -a, -b, -b, a, 3 * a, -b, 3 * b});
    check_close(values_of(norm, "running_mean"), {0.4, 0.1});
    check_close(values_of(norm, "running_var"), {0.9 + 2.0 / 3, 0.9 + 0.4});
    CHECK(values_of(norm, "num_batches_tracked") == Numbers{1});

    norm.set_training(false);
    const double c = 1 / std::sqrt(0.9 + 2.0 / 3 + 1e-5);
    const double d = 1 / std::sqrt(1.3 + 1e-5);
    check_close(norm(x).value().to_values(),
                {0.6 * c, 2.6 * c, -0.1 * d, -0.1 * d, 4.6 * c, 6.6 * c, -0.1 * d, 3.9 * d});
    CHECK(values_of(norm, "num_batches_tracked") == Numbers{1});
}

TEST_CASE("BatchNorm2d does not count a batch that it refuses", "[nn][error]") {
    BatchNorm2d<double> norm(3);
    norm.set_training(true);
    CHECK_THROWS_AS(norm(batch()), ShapeError);
    CHECK(values_of(norm, "num_batches_tracked") == Numbers{0});
}
