#include <oldphoto/ops/spectral_norm.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/random.hpp"
#include <cmath>

using namespace oldphoto;

namespace {

using Numbers = std::vector<double>;

Tensor<double, 2> matrix(const Shape<2>& shape, const Numbers& values) {
    return Tensor<double, 2>::from_values(shape, values);
}

void check_close(const Tensor<double, 2>& actual, const Numbers& expected) {
    const auto values = actual.to_values();
    REQUIRE(values.size() == expected.size());
    for (std::size_t i = 0; i < values.size(); ++i) CHECK(values[i] == Approx(expected[i]));
}

template <std::size_t R>
double error_of_gradient(const Shape<R>& w_shape, const Shape<R>& u_shape,
                         const Shape<R>& v_shape) {
    const auto w = test::random_variable(w_shape, 1);
    const auto u = test::random_tensor(u_shape, 2);
    const auto v = test::random_tensor(v_shape, 3);
    power_iteration(w.value(), u, v);
    return testing::gradcheck([&] { return spectral_norm(w, u, v); }, {w});
}

}  // namespace

TEST_CASE("a step of the power iteration turns u and v towards the largest singular vectors",
          "[ops][forward]") {
    // M = diag(3, 4): M^T (0.8, 0.6) = (2.4, 2.4), M (1, 1) / sqrt 2 = (3, 4) / sqrt 2.
    const auto w = matrix({2, 2}, {3, 0, 0, 4});
    const auto u = matrix({2, 1}, {0.8, 0.6});
    const auto v = matrix({1, 2}, {0, 0});
    power_iteration(w, u, v);
    const double half = std::sqrt(0.5);
    check_close(v, {half, half});
    check_close(u, {0.6, 0.8});
    // sigma = (0.6 * 3 + 0.8 * 4) / sqrt 2 = 5 / sqrt 2
    const double sigma = 5 * half;
    check_close(spectral_norm(Variable<double, 2>(w), u, v).value(), {3 / sigma, 0, 0, 4 / sigma});

    for (int k = 0; k < 100; ++k) power_iteration(w, u, v);
    CHECK(sum(w * u * v) == Approx(4));
}

TEST_CASE("the rows of the matrix may lie along any axis of the weight", "[ops][forward]") {
    const auto w = test::random_tensor(Shape<4>{3, 4, 2, 5}, 1);
    const auto turned = w.transpose(0, 1).clone();
    const auto u = test::random_tensor(Shape<4>{3, 1, 1, 1}, 2);
    const auto v = test::random_tensor(Shape<4>{1, 4, 2, 5}, 3);
    const auto turned_u = u.transpose(0, 1).clone();
    const auto turned_v = v.transpose(0, 1).clone();
    power_iteration(w, u, v);
    power_iteration(turned, turned_u, turned_v);
    for (Index i = 0; i < u.size(); ++i) CHECK(turned_u[i] == Approx(u[i]));
    for (Index i = 0; i < v.size(); ++i) CHECK(turned_v[i] == Approx(v[i]));
    CHECK(sum(turned * turned_u * turned_v) == Approx(sum(w * u * v)));
}

TEST_CASE("power iteration and sigma are those of the published layer", "[ops][parity]") {
    const auto arrays = test::read_npz(test::fixture_path("ops/spectral_norm.npz"));
    const auto stored = [&](const std::string& name) { return arrays.at(name).values<float>(); };
    const auto w = test::tensor_of<float, 4>(arrays.at("weight_orig"));
    const auto u = test::tensor_of<float, 1>(arrays.at("weight_u")).reshape(Shape<4>{5, 1, 1, 1});
    const auto v = Tensor<float, 4>::zeros({1, 3, 4, 4});
    power_iteration(w, u, v);
    CHECK(test::relative_error(u.to_values(), stored("weight_u_after")) < 1e-5);
    CHECK(test::relative_error(v.to_values(), stored("weight_v_after")) < 1e-5);
    CHECK(test::relative_error(std::vector{sum(w * u * v)}, stored("sigma")) < 1e-5);
}

TEST_CASE("the gradient of spectral_norm takes u and v as constants", "[ops][gradient]") {
    CHECK(error_of_gradient(Shape<2>{3, 4}, Shape<2>{3, 1}, Shape<2>{1, 4}) < 1e-7);
    CHECK(error_of_gradient(Shape<4>{3, 2, 2, 3}, Shape<4>{3, 1, 1, 1}, Shape<4>{1, 2, 2, 3}) <
          1e-7);
    CHECK(error_of_gradient(Shape<4>{3, 2, 2, 3}, Shape<4>{1, 2, 1, 1}, Shape<4>{3, 1, 2, 3}) <
          1e-7);
}

TEST_CASE("a recorded spectral_norm keeps the u and v that it was given", "[ops][gradient]") {
    const auto gradient = [](bool iterate_between) {
        const auto w = test::random_variable(Shape<2>{3, 4}, 1);
        const auto u = test::random_tensor(Shape<2>{3, 1}, 2);
        const auto v = test::random_tensor(Shape<2>{1, 4}, 3);
        power_iteration(w.value(), u, v);
        Program program;
        Variable<double, 0> loss;
        {
            const auto recording = program.record();
            loss = sum(square(spectral_norm(w, u, v)));
        }
        if (iterate_between) power_iteration(w.value(), u, v);
        program.backward(loss, ParameterList<double>{w});
        return w.gradient().to_values();
    };
    CHECK(gradient(true) == gradient(false));
}

TEST_CASE("spectral_norm names the shapes that do not fit", "[ops][error]") {
    const Variable<double, 2> w(Tensor<double, 2>::ones({3, 4}));
    const auto norm = [&](const Shape<2>& u, const Shape<2>& v) {
        return spectral_norm(w, Tensor<double, 2>::ones(u), Tensor<double, 2>::ones(v));
    };
    CHECK_THROWS_WITH(norm({4, 1}, {1, 3}),
                      "spectral_norm: u times v must have the shape of the weight\n"
                      "  w = (3, 4)\n"
                      "  u = (4, 1)\n"
                      "  v = (1, 3)");
    CHECK_THROWS_AS(norm({3, 4}, {3, 4}), ShapeError);
}
