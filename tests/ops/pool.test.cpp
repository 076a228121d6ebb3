#include <oldphoto/ops/norm.hpp>
#include <oldphoto/ops/pad.hpp>
#include <oldphoto/ops/pool.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/gradients.hpp"
#include "../support/random.hpp"
#include "../support/threads.hpp"
#include <limits>

using namespace oldphoto;

namespace {

template <class T>
void check_pool(const test::OpCase& fixture) {
    const auto x = fixture.input<T, 4>("x");
    const Pair kernel = fixture.number("k");
    const Pair stride = fixture.number("stride");
    const Pair padding = fixture.number("padding");
    test::check_op<T>(fixture, {{"x", x}}, [&] {
        return fixture.has("@include_pad")
                   ? avg_pool2d(x, {kernel, stride, padding, fixture.number("include_pad") == 1})
                   : max_pool2d(x, {kernel, stride, padding});
    });
}

Variable<double, 4> line(const std::vector<double>& values) {
    const Shape<4> shape{1, 1, 1, static_cast<Index>(values.size())};
    return Variable<double, 4>(Tensor<double, 4>::from_values(shape, values), true);
}

template <class F>
std::vector<double> gradient_of_sum(const Variable<double, 4>& x, F f) {
    Program program;
    Variable<double, 0> loss;
    {
        const auto recording = program.record();
        loss = sum(f());
    }
    program.backward(loss, ParameterList<double>{x});
    return x.gradient().to_values();
}

}  // namespace

TEST_CASE("pooling equals PyTorch, values and gradients", "[ops][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("ops/pool.npz");
    const auto cases = test::op_cases("ops/pool.npz");
    CHECK(cases.size() == 4);
    for (const auto& fixture : cases) {
        check_pool<float>(fixture);
        check_pool<double>(fixture);
    }
}

TEST_CASE("the stride of a pooling is its kernel unless said otherwise", "[ops][forward]") {
    const auto x = line({1, 3, 8, 4, 9});
    CHECK(max_pool2d(x, {.kernel = {1, 2}}).value().to_values() == std::vector<double>{3, 8});
    CHECK(avg_pool2d(x, {.kernel = {1, 2}}).value().to_values() == std::vector<double>{2, 6});
    CHECK(avg_pool2d(x, {.kernel = {1, 2}, .stride = 1}).value().to_values() ==
          std::vector<double>{2, 5.5, 6, 6.5});
}

TEST_CASE("avg_pool2d counts its padding or leaves it out", "[ops][forward]") {
    const auto x = line({2, 4, 6});
    const Pair kernel{1, 4};
    const Pair padding{0, 2};
    // Windows 0 0 2 4 | 0 2 4 6 | 2 4 6 0 | 4 6 0 0
    CHECK(avg_pool2d(x, {kernel, 1, padding, true}).value().to_values() ==
          std::vector<double>{1.5, 3, 3, 2.5});
    CHECK(avg_pool2d(x, {kernel, 1, padding, false}).value().to_values() ==
          std::vector<double>{3, 4, 4, 5});
}

TEST_CASE("max_pool2d never takes its padding", "[ops][forward]") {
    const auto y = max_pool2d(line({-2, -4, -6}), {{1, 2}, {1, 2}, {0, 1}});
    CHECK(y.value().to_values() == std::vector<double>{-2, -4});
}

TEST_CASE("of equal pixels the first gets the gradient of max_pool2d", "[ops][gradient]") {
    // Overlapping windows 5 5 1 and 1 1 5 and 5 5 2.
    const auto x = line({5, 5, 1, 1, 5, 5, 2});
    CHECK(gradient_of_sum(x, [&] {
              return max_pool2d(x, {{1, 3}, {1, 2}});
          }) == std::vector<double>{1, 0, 0, 0, 2, 0, 0});
    const Variable<double, 4> equal(Tensor<double, 4>::ones({1, 1, 2, 2}), true);
    CHECK(gradient_of_sum(equal, [&] { return max_pool2d(equal, {.kernel = 2}); }) ==
          std::vector<double>{1, 0, 0, 0});
}

TEST_CASE("max_pool2d takes infinities and hands on a NaN", "[ops][forward]") {
    const double inf = std::numeric_limits<double>::infinity();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const auto y = max_pool2d(line({-inf, -inf, 1, nan, nan, 7}), {.kernel = {1, 2}});
    CHECK(y.value()[0] == -inf);
    CHECK(std::isnan(y.value()[1]));
    CHECK(std::isnan(y.value()[2]));
}

TEST_CASE("pooling gradients match central differences", "[ops][gradient]") {
    const auto x = test::random_picture({2, 2, 6, 7});
    CHECK(testing::gradcheck([&] { return max_pool2d(x, {.kernel = 2}); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return max_pool2d(x, {{3, 2}, {2, 1}, 1}); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return avg_pool2d(x, {.kernel = {6, 7}}); }, {x}) < 1e-7);
    CHECK(testing::gradcheck([&] { return avg_pool2d(x, {3, 2, 1, true}); }, {x}) < 1e-7);
    CHECK(testing::gradcheck(
              [&] {
                  return avg_pool2d(x, {{3, 2}, {1, 3}, 1, false});
              },
              {x}) < 1e-7);
}

TEST_CASE("pooling gradients pass through what is pending on its input", "[ops][gradient]") {
    const auto x = test::random_picture({1, 2, 5, 6});
    const auto pending = [&](auto pool) {
        return [&x, pool] {
            const Variable<double, 4> h = tanh(instance_norm(x, test::none, test::none));
            return pool(pad(h, Padding::all(1, PaddingMode::reflect)));
        };
    };
    CHECK(testing::gradcheck(pending([](const auto& h) {
                                 return max_pool2d(h, {3, 2});
                             }),
                             {x}) < 1e-7);
    CHECK(testing::gradcheck(pending([](const auto& h) {
                                 return avg_pool2d(h, {3, 2});
                             }),
                             {x}) < 1e-7);
}

TEST_CASE("pooling has the same bits for 1, 2 and 3 threads", "[ops][determinism]") {
    const auto x = test::random_variable<float, 4>({2, 3, 40, 300}, 2);
    CHECK(test::same_for_any_threads([&] {
        Program program;
        Variable<float, 0> loss;
        Variable<float, 4> y;
        {
            const auto recording = program.record();
            y = max_pool2d(x, {3, 1, 1}) + avg_pool2d(x, {3, 1, 1});
            loss = sum(y * y);
        }
        program.backward(loss, ParameterList<float>{x});
        return std::pair{y.value().to_values(), x.gradient().to_values()};
    }));
}

TEST_CASE("pooling names the rule that is broken", "[ops][error]") {
    const auto x = test::random_picture({1, 2, 3, 4});
    CHECK_THROWS_WITH(max_pool2d(x, {.kernel = 5, .padding = 0}),
                      "max_pool2d: the padded picture must not be smaller than a window\n"
                      "  x (N, C, H, W) = (1, 2, 3, 4)\n"
                      "  kernel = (5, 5)\n"
                      "  padding = (0, 0)");
    CHECK_THROWS_WITH(avg_pool2d(x, {.kernel = 3, .padding = 2}),
                      "avg_pool2d: padding must be at most half the kernel");
    CHECK_THROWS_WITH(avg_pool2d(x, {.kernel = {2, 0}}),
                      "avg_pool2d: kernel must be positive, got (2, 0)");
    CHECK_THROWS_WITH(max_pool2d(test::random_picture({1, 2, 0, 4}), {.kernel = 2, .padding = 1}),
                      Catch::StartsWith("max_pool2d: the picture must not be empty\n"));
}
