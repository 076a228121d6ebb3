#include <oldphoto/nn/init.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

using namespace oldphoto;

namespace {

// fan_in 32 * 9 = 288, fan_out 16 * 9 = 144.
const Shape<4> weight_shape{16, 32, 3, 3};

std::vector<double> weights(InitKind kind, std::uint64_t seed = 1) {
    Rng rng(seed);
    return Init(rng, kind).weight<double, Cpu>(weight_shape).to_values();
}

std::vector<double> biases(InitKind kind) {
    Rng rng(2);
    return Init(rng, kind).bias<double, Cpu>(5000, weight_shape).to_values();
}

struct Statistics {
    double mean;
    double deviation;
    double largest;  // of the absolute values
};

Statistics statistics_of(const std::vector<double>& x) {
    const auto n = static_cast<double>(x.size());
    const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
    double squares = 0;
    double largest = 0;
    for (const double v : x) {
        squares += (v - mean) * (v - mean);
        largest = std::max(largest, std::abs(v));
    }
    return {mean, std::sqrt(squares / n), largest};
}

// Of 4608 numbers the mean strays by deviation / 68 and the deviation by 1 % or so.
void check_normal(const std::vector<double>& x, double deviation) {
    const auto s = statistics_of(x);
    CHECK(std::abs(s.mean) < 4 * deviation / 68);
    CHECK(s.deviation == Approx(deviation).epsilon(0.04));
    CHECK(s.largest > 3 * deviation);
}

void check_uniform(const std::vector<double>& x, double bound) {
    const auto s = statistics_of(x);
    CHECK(std::abs(s.mean) < 4 * bound / std::sqrt(3) / 68);
    CHECK(s.deviation == Approx(bound / std::sqrt(3)).epsilon(0.04));
    CHECK(s.largest <= bound);
    CHECK(s.largest > 0.99 * bound);
}

bool all_zero(const std::vector<double>& x) {
    return std::all_of(x.begin(), x.end(), [](double v) { return v == 0; });
}

/// The largest element of |M M^T - 1|, or of |M^T M - 1| where M has more rows than columns.
double distance_from_orthogonal(const std::vector<double>& matrix, Index rows, Index columns) {
    const bool wide = rows <= columns;
    const Index count = std::min(rows, columns);
    const Index length = std::max(rows, columns);
    const auto element = [&](Index k, Index i) {
        return matrix[static_cast<std::size_t>(wide ? k * columns + i : i * columns + k)];
    };
    double worst = 0;
    for (Index a = 0; a < count; ++a) {
        for (Index b = 0; b < count; ++b) {
            double dot = a == b ? -1 : 0;
            for (Index i = 0; i < length; ++i) dot += element(a, i) * element(b, i);
            worst = std::max(worst, std::abs(dot));
        }
    }
    return worst;
}

}  // namespace

TEST_CASE("init draws weights with the mean, spread and bounds of their kind", "[nn][init]") {
    CHECK(all_zero(weights(InitKind::zeros)));
    check_uniform(weights(InitKind::uniform_fan_in), 1 / std::sqrt(288));
    check_normal(weights(InitKind::normal), 0.02);
    check_normal(weights(InitKind::he_normal), std::sqrt(2.0 / 288));
    check_uniform(weights(InitKind::xavier_uniform), std::sqrt(6.0 / (288 + 144)));
}

TEST_CASE("init draws biases from +-1 / sqrt(fan_in) or leaves them zero", "[nn][init]") {
    check_uniform(biases(InitKind::uniform_fan_in), 1 / std::sqrt(288));
    check_uniform(biases(InitKind::normal), 1 / std::sqrt(288));
    for (const auto kind :
         {InitKind::zeros, InitKind::he_normal, InitKind::xavier_uniform, InitKind::orthogonal}) {
        CHECK(all_zero(biases(kind)));
    }
}

TEST_CASE("init gives the same numbers for the same seed and others for the next draw",
          "[nn][init]") {
    for (const auto kind : {InitKind::uniform_fan_in, InitKind::he_normal, InitKind::orthogonal}) {
        CHECK(weights(kind, 7) == weights(kind, 7));
        CHECK(weights(kind, 7) != weights(kind, 8));
        Rng rng(7);
        const Init init(rng, kind);
        const auto first = init.weight<double, Cpu>(weight_shape).to_values();
        CHECK(init.weight<double, Cpu>(weight_shape).to_values() != first);
    }
}

TEST_CASE("init stands for PyTorch's default when it is given an Rng alone", "[nn][init]") {
    Rng rng(1);
    const Init init = rng;
    CHECK(init.weight<double, Cpu>(weight_shape).to_values() ==
          weights(InitKind::uniform_fan_in, 1));
}

TEST_CASE("orthogonal weights have orthonormal rows, or columns where those are fewer",
          "[nn][init]") {
    const std::vector<Shape<2>> shapes{{1, 1}, {1, 9}, {9, 1}, {12, 12}, {8, 50}, {50, 8}};
    for (const auto& shape : shapes) {
        Rng rng(3);
        const auto matrix = Init(rng, InitKind::orthogonal).weight<double, Cpu>(shape).to_values();
        CHECK(distance_from_orthogonal(matrix, shape[0], shape[1]) < 1e-13);
    }
    // A convolution's matrix has a row for each output: 16 x 288.
    CHECK(distance_from_orthogonal(weights(InitKind::orthogonal), 16, 288) < 1e-13);
    check_normal(weights(InitKind::orthogonal), 1 / std::sqrt(288));

    Rng rng(3);
    const auto single = Init(rng, InitKind::orthogonal).weight<float, Cpu>(weight_shape);
    const auto values = single.to_values();
    CHECK(distance_from_orthogonal({values.begin(), values.end()}, 16, 288) < 1e-6);
}

TEST_CASE("orthonormalize keeps the first direction and removes it from the second", "[nn][init]") {
    // (3, 4) has length 5; of (1, 2) its part along (0.6, 0.8), 2.2, is taken off.
    std::vector<double> vectors{3, 4, 1, 2};
    detail::orthonormalize(vectors, 2, 2);
    CHECK(vectors[0] == Approx(0.6));
    CHECK(vectors[1] == Approx(0.8));
    CHECK(vectors[2] == Approx(-0.8));
    CHECK(vectors[3] == Approx(0.6));
}

TEST_CASE("a unit vector has length 1, or is zeros where a file will fill it", "[nn][init]") {
    for (const auto kind : {InitKind::uniform_fan_in, InitKind::normal, InitKind::orthogonal}) {
        Rng rng(1);
        const Init init(rng, kind);
        const auto u = init.unit_vector<double, Cpu>(5);
        CHECK(norm_l2(u) == Approx(1));
        CHECK(init.unit_vector<double, Cpu>(5).to_values() != u.to_values());
    }
    CHECK(Init::zeros().unit_vector<double, Cpu>(3).to_values() == std::vector<double>(3, 0));
}
