#include <oldphoto/nn/nonlocal.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/fixtures.hpp"
#include "../support/random.hpp"
#include "../support/state.hpp"
#include "../support/threads.hpp"
#include <algorithm>
#include <cmath>
#include <map>

using namespace oldphoto;
using test::Lines;

namespace {

constexpr NonlocalKind kinds[] = {NonlocalKind::gaussian, NonlocalKind::embedded_gaussian,
                                  NonlocalKind::dot_product, NonlocalKind::concatenation};

using Numbers = std::vector<double>;

template <class List>
auto& at(List& list, Index place) {
    return list[static_cast<std::size_t>(place)];
}

/// The block written out for one sample, with a matrix of all pairs, in double precision.
class NaiveNonlocal {
public:
    /// @param moments, height, width  of x; those that it has no axis for are 1.
    template <std::size_t Axes, class T>
    NaiveNonlocal(const Nonlocal<Axes, T>& block, Index moments, Index height, Index width)
        : options_(block.options()),
          channels_(block.options().channels),
          moments_(moments),
          height_(height),
          width_(width) {
        for (const auto& [name, variable] : state_of<T>(block)) {
            const auto values = variable.value().to_values();
            // "g.0.weight" and "g.weight" are the same here.
            const auto dot = name.find('.');
            const bool norm = name.starts_with("W.1");
            state_[(norm ? "norm" : name.substr(0, dot)) + name.substr(name.rfind('.'))] =
                Numbers(values.begin(), values.end());
        }
    }

    [[nodiscard]] Numbers operator()(const Numbers& x) const {
        const Index positions = moments_ * height_ * width_;
        const Numbers values = pooled(convolved("g", x));
        const bool embedded = options_.kind != NonlocalKind::gaussian;
        const Numbers theta = embedded ? convolved("theta", x) : x;
        const Numbers phi = pooled(embedded ? convolved("phi", x) : x);
        const Index inner = Index(values.size()) / keys();
        Numbers y(static_cast<std::size_t>(inner * positions));
        for (Index i = 0; i < positions; ++i) {
            const Numbers weights = weights_of(theta, i, phi);
            for (Index c = 0; c < inner; ++c) {
                for (Index j = 0; j < keys(); ++j) {
                    at(y, c * positions + i) += at(weights, j) * at(values, c * keys() + j);
                }
            }
        }
        Numbers z = normed(convolved("W", y));
        for (std::size_t k = 0; k < z.size(); ++k) z[k] += x[k];
        return z;
    }

private:
    /// Outside training, with the running statistics.
    [[nodiscard]] Numbers normed(Numbers y) const {
        if (!options_.batch_norm) return y;
        const Index positions = Index(y.size()) / channels_;
        for (Index k = 0; k < Index(y.size()); ++k) {
            const auto of_channel = [&](const char* name) {
                return at(state_.at(name), k / positions);
            };
            at(y, k) = (at(y, k) - of_channel("norm.running_mean")) /
                           std::sqrt(of_channel("norm.running_var") + 1e-5) *
                           of_channel("norm.weight") +
                       of_channel("norm.bias");
        }
        return y;
    }
    [[nodiscard]] Index keys() const {
        const Index pooled_height = height_ > 1 ? height_ / 2 : 1;
        return options_.sub_sample ? moments_ * pooled_height * (width_ / 2)
                                   : moments_ * height_ * width_;
    }
    [[nodiscard]] Numbers convolved(const std::string& name, const Numbers& x) const {
        const Numbers& weight = state_.at(name + ".weight");
        const Numbers& bias = state_.at(name + ".bias");
        const Index outputs = Index(bias.size());
        const Index inputs = Index(weight.size()) / outputs;
        const Index positions = Index(x.size()) / inputs;
        Numbers y;
        for (Index o = 0; o < outputs; ++o) {
            for (Index p = 0; p < positions; ++p) {
                double sum = at(bias, o);
                for (Index c = 0; c < inputs; ++c) {
                    sum += at(weight, o * inputs + c) * at(x, c * positions + p);
                }
                y.push_back(sum);
            }
        }
        return y;
    }
    [[nodiscard]] Numbers pooled(const Numbers& x) const {
        if (!options_.sub_sample) return x;
        const Index step = height_ > 1 ? 2 : 1;
        const Index planes = Index(x.size()) / (height_ * width_);
        Numbers y;
        for (Index plane = 0; plane < planes; ++plane) {
            for (Index row = 0; row + step <= height_; row += step) {
                for (Index column = 0; column + 2 <= width_; column += 2) {
                    double largest = -INFINITY;
                    for (Index k = 0; k < 2 * step; ++k) {
                        const Index place = (plane * height_ + row + k / 2) * width_;
                        largest = std::max(largest, at(x, place + column + k % 2));
                    }
                    y.push_back(largest);
                }
            }
        }
        return y;
    }
    [[nodiscard]] Numbers weights_of(const Numbers& theta, Index i, const Numbers& phi) const {
        const Index positions = moments_ * height_ * width_;
        const Index depth = Index(phi.size()) / keys();
        Numbers f;
        for (Index j = 0; j < keys(); ++j) {
            double similarity = 0;
            for (Index d = 0; d < depth; ++d) {
                const double a = at(theta, d * positions + i);
                const double b = at(phi, d * keys() + j);
                if (options_.kind == NonlocalKind::concatenation) {
                    const Numbers& w = state_.at("concat_project.weight");
                    similarity += at(w, d) * a + at(w, depth + d) * b;
                } else {
                    similarity += a * b;
                }
            }
            f.push_back(similarity);
        }
        double divisor = double(keys());
        if (options_.kind == NonlocalKind::concatenation) {
            for (double& number : f) number = std::max(number, 0.0);
        } else if (options_.kind != NonlocalKind::dot_product) {
            divisor = 0;
            for (double& number : f) divisor += number = std::exp(number);
        }
        for (double& number : f) number /= divisor;
        return f;
    }

    NonlocalOptions options_;
    Index channels_;
    Index moments_;
    Index height_;
    Index width_;
    std::map<std::string, Numbers> state_;
};

/// A block with no number of its state at zero, so that all of them matter.
template <std::size_t Axes, class T>
Nonlocal<Axes, T> random_block(const NonlocalOptions& o) {
    Rng rng(5);
    const Nonlocal<Axes, T> block(o, rng);
    std::uint64_t seed = 6;
    for (const auto& [name, variable] : state_of<T>(block)) {
        if (name.ends_with("tracked")) continue;
        const auto drawn = test::random_tensor<T>(Shape<1>{variable.size()}, seed++);
        variable.value().assign(T(0.4) * drawn);
        if (name.ends_with("running_var")) variable.value().assign(abs(drawn) + T(0.5));
    }
    return block;
}

/// max|block(x) - naive(x)| / max|naive(x)| over a batch of two.
/// @param sides  of x, one for each axis
template <class T, std::size_t Axes>
double error_of(const NonlocalOptions& o, const Shape<Axes>& sides) {
    Shape<Axes + 2> shape{2, o.channels};
    std::copy_n(sides.extents, Axes, shape.extents + 2);
    const auto block = random_block<Axes, T>(o);
    const auto x = test::random_tensor<T>(shape, 7);
    const auto z = block(Variable<T, Axes + 2>(x)).value();
    const NaiveNonlocal naive(block, Axes == 3 ? sides[0] : 1, Axes == 1 ? 1 : sides[Axes - 2],
                              sides[Axes - 1]);
    double worst = 0;
    for (Index n = 0; n < 2; ++n) {
        const auto input = x.slice(0, n, n + 1).to_values();
        const auto expected = naive(Numbers(input.begin(), input.end()));
        const auto actual = z.slice(0, n, n + 1).to_values();
        double largest = 0;
        double difference = 0;
        for (std::size_t k = 0; k < expected.size(); ++k) {
            const double error = std::abs(double(actual[k]) - expected[k]);
            difference = error <= difference ? difference : std::isnan(error) ? INFINITY : error;
            largest = std::max(largest, std::abs(expected[k]));
        }
        worst = std::max(worst, difference / largest);
    }
    return worst;
}

template <class T>
void check_values(double tolerance) {
    for (const auto kind : kinds) {
        for (const bool sub_sample : {false, true}) {
            INFO("kind " << static_cast<int>(kind) << ", sub_sample " << sub_sample);
            const NonlocalOptions o{.channels = 5, .kind = kind, .sub_sample = sub_sample};
            CHECK(error_of<T, 1>(o, {17}) < tolerance);
            CHECK(error_of<T, 2>(o, {6, 7}) < tolerance);
            CHECK(error_of<T, 3>(o, {3, 5, 4}) < tolerance);
        }
    }
    CHECK(error_of<T, 2>({.channels = 4, .inner_channels = 7, .batch_norm = false}, {4, 4}) <
          tolerance);
    CHECK(error_of<T, 2>({.channels = 1}, {2, 2}) < tolerance);
}

}  // namespace

TEST_CASE("a nonlocal block equals its definition for every kind and number of axes",
          "[nn][forward]") {
    check_values<double>(1e-13);
    check_values<float>(1e-5);
}

TEST_CASE("a nonlocal block's gradients match central differences", "[nn][gradient]") {
    for (const auto kind : kinds) {
        INFO("kind " << static_cast<int>(kind));
        auto block = random_block<2, double>({.channels = 4, .kind = kind});
        block.set_training(true);
        const auto x = test::random_variable(Shape<4>{2, 4, 4, 5}, 3);
        auto inputs = parameters_of<double>(block);
        inputs.push_back(x);
        CHECK(testing::gradcheck([&] { return block(x); }, inputs) < 1e-7);
    }
}

TEST_CASE("a nonlocal block's gradients match central differences along one axis and three",
          "[nn][gradient]") {
    const NonlocalOptions o{.channels = 2, .batch_norm = false};
    const auto line = random_block<1, double>(o);
    const auto x = test::random_variable(Shape<3>{2, 2, 6}, 3);
    auto inputs = parameters_of<double>(line);
    inputs.push_back(x);
    CHECK(testing::gradcheck([&] { return line(x); }, inputs) < 1e-7);
    const auto film = random_block<3, double>(o);
    const auto y = test::random_variable(Shape<5>{1, 2, 2, 3, 4}, 3);
    inputs = parameters_of<double>(film);
    inputs.push_back(y);
    CHECK(testing::gradcheck([&] { return film(y); }, inputs) < 1e-7);
}

TEST_CASE("a new nonlocal block hands its input on", "[nn][state]") {
    Rng rng(1);
    const auto x = test::random_tensor<float>(Shape<4>{1, 4, 6, 6}, 2);
    for (const auto kind : kinds) {
        for (const bool batch_norm : {false, true}) {
            const Nonlocal<2> block({.channels = 4, .kind = kind, .batch_norm = batch_norm}, rng);
            CHECK(block(Variable<float, 4>(x)).value().to_values() == x.to_values());
        }
    }
}

TEST_CASE("a nonlocal block names its layers by its options", "[nn][state]") {
    const auto init = Init::zeros();
    CHECK(test::state_lines<float>(Nonlocal<1>(
              {.channels = 6, .kind = NonlocalKind::gaussian, .batch_norm = false}, init)) ==
          Lines{"g.0.weight 3x6x1", "g.0.bias 3", "W.weight 6x3x1", "W.bias 6"});
    CHECK(test::state_lines<float>(Nonlocal<2>(
              {.channels = 6, .inner_channels = 2, .sub_sample = false, .batch_norm = false},
              init)) == Lines{"g.weight 2x6x1x1", "g.bias 2", "W.weight 6x2x1x1", "W.bias 6",
                              "theta.weight 2x6x1x1", "theta.bias 2", "phi.weight 2x6x1x1",
                              "phi.bias 2"});
    CHECK(test::state_lines<float>(
              Nonlocal<3>({.channels = 6, .kind = NonlocalKind::concatenation}, init)) ==
          Lines{"g.0.weight 3x6x1x1x1", "g.0.bias 3", "W.0.weight 6x3x1x1x1", "W.0.bias 6",
                "W.1.weight 6", "W.1.bias 6", "W.1.running_mean 6", "W.1.running_var 6",
                "W.1.num_batches_tracked ", "theta.weight 3x6x1x1x1", "theta.bias 3",
                "phi.0.weight 3x6x1x1x1", "phi.0.bias 3", "concat_project.0.weight 1x6x1x1"});
}

TEST_CASE("a nonlocal block has the same bits for 1, 2 and 3 threads", "[nn][determinism]") {
    const auto x = test::random_variable<float>(Shape<4>{1, 6, 40, 30}, 3);
    for (const auto kind : kinds) {
        const auto block = random_block<2, float>({.channels = 6, .kind = kind});
        CHECK(test::same_for_any_threads([&] {
            Program program;
            Variable<float, 0> loss;
            {
                const auto recording = program.record();
                loss = sum(square(block(x)));
            }
            program.backward(loss, ParameterList<float>{x});
            return std::pair{loss.item(), x.gradient().to_values()};
        }));
    }
}

TEST_CASE("a nonlocal block names the rule that is broken", "[nn][error]") {
    const auto init = Init::zeros();
    CHECK_THROWS_WITH(Nonlocal<1>({.channels = 0}, init),
                      "nonlocal: channels must be positive, got 0");
    CHECK_THROWS_WITH(Nonlocal<1>({.channels = 2, .inner_channels = -1}, init),
                      "nonlocal: inner_channels must not be negative, got -1");
    const Nonlocal<2> block({.channels = 2}, init);
    CHECK_THROWS_WITH(block(Variable<float, 4>(Tensor<float, 4>::ones({1, 3, 4, 4}))),
                      "nonlocal: x must have the channels of the block\n"
                      "  x (N, C, ...) = (1, 3, 4, 4)\n"
                      "  C = (2)");
    CHECK_THROWS_WITH(
        block(Variable<float, 4>(Tensor<float, 4>::ones({1, 2, 1, 4}))),
        Catch::StartsWith("max_pool2d: the padded picture must not be smaller than a window\n"));
}
