#include <oldphoto/ops/conv2d.hpp>
#include <oldphoto/ops/norm.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/gradients.hpp"
#include "../support/random.hpp"
#include "../support/threads.hpp"
#include <algorithm>
#include <cmath>

using namespace oldphoto;

namespace {

template <class T>
void check_instance_norm(const test::OpCase& fixture) {
    const auto x = fixture.input<T, 4>("x");
    const auto w = fixture.input<T, 1>("w");
    const auto b = fixture.input<T, 1>("b");
    test::check_op<T>(
        fixture, {{"x", x}, {"w", w}, {"b", b}}, [&] { return instance_norm(x, w, b); },
        fixture.name == "tiny_variance" ? 1e-4 : 1e-5);
}

}  // namespace

TEST_CASE("instance_norm equals PyTorch, values and gradients", "[ops][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("ops/instance_norm.npz");
    const auto cases = test::op_cases("ops/instance_norm.npz");
    CHECK(cases.size() == 3);
    for (const auto& fixture : cases) {
        check_instance_norm<float>(fixture);
        check_instance_norm<double>(fixture);
    }
}

TEST_CASE("instance_norm gives each plane its weight as deviation and its bias as mean",
          "[ops][forward]") {
    // Planes 1 3 and 8 12: means 2 and 10, variances 1 and 4.
    const Variable<double, 4> x(Tensor<double, 4>::from_values({1, 2, 1, 2}, {1, 3, 8, 12}));
    const Variable<double, 1> weight(Tensor<double, 1>::from_values({2}, {4, 5}));
    const Variable<double, 1> bias(Tensor<double, 1>::from_values({2}, {0.5, -7}));
    CHECK(instance_norm(x, weight, bias, 0).value().to_values() ==
          std::vector<double>{-3.5, 4.5, -12, -2});
    // With eps = 3 the first plane's deviation counts as sqrt(1 + 3) = 2.
    CHECK(instance_norm(x, weight, bias, 3).value()[1] == 2.5);
}

TEST_CASE("instance_norm makes a constant plane its bias", "[ops][forward]") {
    const Variable<double, 4> x(Tensor<double, 4>::full({1, 1, 3, 3}, 0.7));
    const Variable<double, 1> weight(Tensor<double, 1>::from_values({1}, {4}));
    const Variable<double, 1> bias(Tensor<double, 1>::from_values({1}, {-2}));
    for (const double value : instance_norm(x, weight, bias).value().to_values()) {
        CHECK(value == Approx(-2).epsilon(1e-12));
    }
}

TEST_CASE("instance_norm leaves the arithmetic to its consumer", "[ops][forward]") {
    const auto x = test::random_variable<double, 4>({1, 2, 5, 4}, 1);
    const auto y = instance_norm(x, test::none, test::none);
    CHECK(y.deferred().affine_only());
    CHECK_FALSE(y.deferred().plain());
    CHECK(y.deferred().raw().data() == x.value().data());
}

TEST_CASE("instance_norm takes the moments that a convolution has gathered", "[ops][forward]") {
    const auto x = test::random_variable<float, 4>({2, 3, 20, 70}, 2);
    const auto w = test::random_variable<float, 4>({4, 3, 3, 3}, 3);
    const auto bias = test::random_variable<float, 1>({4}, 4);
    const Variable<float, 1> empty(Tensor<float, 1>::zeros({0}));
    const auto h = conv2d(x, w, bias, {.padding = 1});
    const auto gathered = instance_norm(h, empty, empty);
    const auto computed = instance_norm(Variable<float, 4>(h.value().clone()), empty, empty);
    CHECK(gathered.value().to_values() == computed.value().to_values());
}

TEST_CASE("instance_norm keeps a small deviation beside a large mean", "[ops][forward]") {
    // 1000 +- 1/16: variance 1/256 = 0.00390625, to which eps adds 1e-5.
    std::vector<float> values(64);
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = 1000.0F + (i % 2 == 0 ? 0.0625F : -0.0625F);
    }
    const Variable<float, 4> x(Tensor<float, 4>::from_values({1, 1, 8, 8}, values));
    const Variable<float, 1> empty(Tensor<float, 1>::zeros({0}));
    const auto y = instance_norm(x, empty, empty).value();
    const double expected = 0.0625 / std::sqrt(0.00390625 + 1e-5);
    // Scale and shift are floats: what is left of 1000 / 0.0625 is 16000 * 2^-24 or so.
    CHECK(double(y[0]) == Approx(expected).margin(2e-3));
    CHECK(double(y[1]) == Approx(-expected).margin(2e-3));
}

TEST_CASE("instance_norm gradients match central differences", "[ops][gradient]") {
    const auto x = test::random_variable<double, 4>({2, 3, 4, 5}, 3);
    const auto weight = test::random_variable<double, 1>({3}, 4);
    const auto bias = test::random_variable<double, 1>({3}, 5);
    CHECK(testing::gradcheck([&] { return instance_norm(x, test::none, test::none); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return instance_norm(x, weight, bias, 0.1); },
                             {x, weight, bias}) < 1e-7);
    const auto twice = [&] {
        const Variable<double, 4> h = tanh(instance_norm(x, weight, bias));
        return instance_norm(h, test::none, test::none);
    };
    CHECK(testing::gradcheck(twice, {x, weight, bias}) < 1e-7);
}

TEST_CASE("instance_norm names the rule and the shapes that break it", "[ops][error]") {
    const auto x = test::random_variable<double, 4>({1, 3, 4, 5}, 6);
    CHECK_THROWS_WITH(instance_norm(x, test::random_variable<double, 1>({2}, 7),
                                    test::random_variable<double, 1>({2}, 7)),
                      "instance_norm: weight and bias have one number for each channel, or none\n"
                      "  x (N, C, H, W) = (1, 3, 4, 5)\n"
                      "  weight (C) = (2)\n"
                      "  bias (C) = (2)");
    CHECK_THROWS_AS(instance_norm(x, test::random_variable<double, 1>({3}, 7), test::none),
                    ShapeError);
    CHECK_THROWS_WITH(
        instance_norm(test::random_variable<double, 4>({1, 3, 0, 5}, 6), test::none, test::none),
        "instance_norm: statistics need at least one pixel\n"
        "  x (N, C, H, W) = (1, 3, 0, 5)");
}

TEMPLATE_TEST_CASE("batch_norm equals PyTorch, values, gradients and running statistics",
                   "[ops][parity]", float, double) {
    OLDPHOTO_NEEDS_FIXTURE("ops/batch_norm.npz");
    const auto cases = test::op_cases("ops/batch_norm.npz");
    const auto is_train = [](const test::OpCase& c) { return c.name == "train"; };
    const auto train = std::find_if(cases.begin(), cases.end(), is_train);
    REQUIRE(cases.size() == 2);
    REQUIRE(train != cases.end());
    for (const auto& fixture : cases) {
        const bool training = is_train(fixture);
        // The evaluation goes on from the statistics that the training has left.
        const std::string at = training ? "0" : "1";
        const auto mean = train->template tensor<TestType, 1>("running_mean" + at);
        const auto variance = train->template tensor<TestType, 1>("running_var" + at);
        const auto x = fixture.template input<TestType, 4>("x");
        const auto w = fixture.template input<TestType, 1>("w");
        const auto b = fixture.template input<TestType, 1>("b");
        test::check_op<TestType>(fixture, {{"x", x}, {"w", w}, {"b", b}}, [&] {
            return batch_norm(x, w, b, mean, variance, {.training = training});
        });
        CHECK(test::relative_error(mean.to_values(), train->values("running_mean1")) < 1e-6);
        CHECK(test::relative_error(variance.to_values(), train->values("running_var1")) < 1e-6);
    }
}

TEST_CASE("batch_norm takes its statistics from the batch in training and keeps a record",
          "[ops][forward]") {
    // Channel 0 has 1 3 5 7: mean 4, biased variance 5, unbiased 20/3. Channel 1 is 2 everywhere.
    const Variable<double, 4> x(
        Tensor<double, 4>::from_values({2, 2, 1, 2}, {1, 3, 2, 2, 5, 7, 2, 2}));
    const Variable<double, 1> weight(Tensor<double, 1>::from_values({2}, {3, 1}));
    const Variable<double, 1> bias(Tensor<double, 1>::from_values({2}, {10, -1}));
    const auto mean = Tensor<double, 1>::zeros({2});
    const auto variance = Tensor<double, 1>::ones({2});
    const BatchNormOptions training{.eps = 4, .momentum = 0.25, .training = true};
    // sqrt(5 + 4) = 3 = the weight: channel 0 is x - 4 + 10.
    const auto y = batch_norm(x, weight, bias, mean, variance, training).value();
    const std::vector<double> expected{7, 9, -1, -1, 11, 13, -1, -1};
    for (Index i = 0; i < 8; ++i) {
        CHECK(y[i] == Approx(expected[static_cast<std::size_t>(i)]).epsilon(1e-14));
    }
    CHECK(mean[0] == 1);
    CHECK(mean[1] == 0.5);
    CHECK(variance[0] == Approx(0.75 + 0.25 * 20 / 3).epsilon(1e-14));
    CHECK(variance[1] == 0.75);
}

TEST_CASE("batch_norm outside training leaves the running statistics and only annotates",
          "[ops][forward]") {
    const auto x = test::random_variable<double, 4>({2, 2, 3, 4}, 8);
    const auto mean = Tensor<double, 1>::from_values({2}, {1, -1});
    const auto variance = Tensor<double, 1>::from_values({2}, {4, 0.25});
    const auto y = batch_norm(x, test::none, test::none, mean, variance, {.eps = 0});
    CHECK(y.deferred().affine_only());
    CHECK(y.deferred().raw().data() == x.value().data());
    CHECK(mean.to_values() == std::vector<double>{1, -1});
    CHECK(variance.to_values() == std::vector<double>{4, 0.25});
    // (x - 1) / 2 in channel 0, (x + 1) * 2 in channel 1.
    CHECK(y.value()(1, 0, 2, 3) == Approx((x.value()(1, 0, 2, 3) - 1) / 2).epsilon(1e-14));
    CHECK(y.value()(1, 1, 0, 1) == Approx((x.value()(1, 1, 0, 1) + 1) * 2).epsilon(1e-14));
}

TEST_CASE("batch_norm gradients match central differences", "[ops][gradient]") {
    const auto x = test::random_variable<double, 4>({3, 2, 2, 3}, 9);
    const auto weight = test::random_variable<double, 1>({2}, 10);
    const auto bias = test::random_variable<double, 1>({2}, 11);
    const auto mean = Tensor<double, 1>::from_values({2}, {0.3, -0.2});
    const auto variance = Tensor<double, 1>::from_values({2}, {1.5, 0.7});
    for (const bool training : {true, false}) {
        INFO("training " << training);
        // With a momentum of 0 the checks do not move what they evaluate with.
        const BatchNormOptions options{.momentum = 0, .training = training};
        const auto y = [&] { return batch_norm(x, weight, bias, mean, variance, options); };
        CHECK(testing::gradcheck(y, {x, weight, bias}) < 1e-7);
        const auto bare = [&] {
            return tanh(batch_norm(x, test::none, test::none, mean, variance, options));
        };
        CHECK(testing::gradcheck(bare, {x}) < 1e-7);
    }
}

TEST_CASE("batch_norm may move its statistics between a forward and its backward",
          "[ops][gradient]") {
    const auto x = test::random_variable<double, 4>({2, 1, 2, 2}, 12);
    const auto mean = Tensor<double, 1>::zeros({1});
    const auto variance = Tensor<double, 1>::full({1}, 4);
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        const auto weight = Variable<double, 1>(Tensor<double, 1>::ones({1}), true);
        loss = sum(batch_norm(x, weight, weight, mean, variance, {.eps = 0}));
    }
    mean.fill(100);
    variance.fill(100);
    program.backward(loss, ParameterList<double>{x});
    CHECK(x.gradient().to_values() == std::vector<double>(8, 0.5));
}

TEST_CASE("norms have the same bits with any number of threads", "[ops][determinism]") {
    Rng rng(13);
    const Variable<float, 4> x(normal<float, 4>({3, 4, 37, 53}, rng), true);
    const Variable<float, 1> weight(normal<float, 1>({4}, rng), true);
    const Variable<float, 1> bias(normal<float, 1>({4}, rng), true);
    const auto mean = Tensor<float, 1>::zeros({4});
    const auto variance = Tensor<float, 1>::ones({4});
    const auto results_of = [&](const auto& norm) {
        return test::same_for_any_threads([&] {
            Program program;
            Variable<float, 4> y;
            Variable<float, 0> loss;
            {
                const auto recording = program.record();
                y = norm();
                loss = sum(square(y) * 0.5);
            }
            program.backward(loss, ParameterList<float>{x, weight});
            return std::tuple{y.value().to_values(), x.gradient().to_values(),
                              weight.gradient().to_values()};
        });
    };
    CHECK(results_of([&] { return instance_norm(x, weight, bias); }));
    CHECK(results_of(
        [&] { return batch_norm(x, weight, bias, mean, variance, {.training = true}); }));
}

TEST_CASE("batch_norm names the rule and the shapes that break it", "[ops][error]") {
    const auto x = test::random_variable<double, 4>({1, 3, 1, 1}, 14);
    const auto two = Tensor<double, 1>::ones({2});
    const auto three = Tensor<double, 1>::ones({3});
    CHECK_THROWS_WITH(batch_norm(x, test::none, test::none, three, two),
                      "batch_norm: running statistics have one number for each channel\n"
                      "  x (N, C, H, W) = (1, 3, 1, 1)\n"
                      "  running_mean (C) = (3)\n"
                      "  running_var (C) = (2)");
    CHECK_THROWS_WITH(batch_norm(x, test::none, test::none, three, three, {.training = true}),
                      "batch_norm: training needs at least two values a channel\n"
                      "  x (N, C, H, W) = (1, 3, 1, 1)");
}
