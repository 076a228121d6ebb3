#include <oldphoto/nn/spade_block.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"
#include "../support/state.hpp"
#include <cmath>

using namespace oldphoto;
using test::Lines;

namespace {

/// The convolutions with their weights.
Lines convolutions(const SpadeBlockOptions& options) {
    Lines lines;
    for (const auto& line : test::state_lines<float>(SpadeBlock<>(options, Init::zeros()))) {
        if (line.find("weight_orig ") != std::string::npos) lines.push_back(line);
    }
    return lines;
}

/// One entry of a block's state.
Tensor<double, 1> entry(const SpadeBlock<double>& block, const std::string& name) {
    for (const auto& found : state_of<double>(block)) {
        if (found.name == name) return found.variable.value();
    }
    FAIL("no " << name);
    return {};
}

/// Makes a convolution of a block of zero weights hand on element `centre` of its windows: a weight
/// of 5 there, and with it a largest singular value of 5.
void hand_on(const SpadeBlock<double>& block, const std::string& name, Index centre) {
    entry(block, name + ".weight_orig")[centre] = 5;
    entry(block, name + ".weight_u")[0] = 1;
    entry(block, name + ".weight_v")[centre] = 1;
}

Variable<double, 4> pixel(const std::vector<double>& channels) {
    return Variable<double, 4>(
        Tensor<double, 4>::from_values({1, static_cast<Index>(channels.size()), 1, 1}, channels));
}

// With zero weights scales are 1 and shifts 0; running statistics begin as 0 and 1.
const double spade_deviation = std::sqrt(1 + 1e-5);

}  // namespace

TEST_CASE(
    "the smaller number of channels lies in the middle of a block, and a third convolution "
    "leads around it where the number changes",
    "[nn][state]") {
    CHECK(convolutions({4, 2, 3, 5}) == Lines{"conv_0.weight_orig 2x4x3x3",
                                              "conv_1.weight_orig 2x2x3x3",
                                              "conv_s.weight_orig 2x4x1x1"});
    CHECK(convolutions({2, 3, 3, 5}) == Lines{"conv_0.weight_orig 2x2x3x3",
                                              "conv_1.weight_orig 3x2x3x3",
                                              "conv_s.weight_orig 3x2x1x1"});
    CHECK(convolutions({2, 2, 3, 5}) ==
          Lines{"conv_0.weight_orig 2x2x3x3", "conv_1.weight_orig 2x2x3x3"});
}

TEST_CASE("a block adds its input to what two activated convolutions give", "[nn][forward]") {
    const SpadeBlock<double> block({1, 1, 1, 1}, Init::zeros());
    hand_on(block, "conv_0", 4);
    hand_on(block, "conv_1", 4);
    entry(block, "conv_1.bias")[0] = 0.5;
    // Twice a norm and a leaky relu of slope 0.2.
    const double inner = 0.04 * -3 / (spade_deviation * spade_deviation);
    CHECK(block(pixel({-3}), pixel({0})).value().item() == Approx(-3 + inner + 0.5));
}

TEST_CASE("what leads around a block is normalised but not activated", "[nn][forward]") {
    const SpadeBlock<double> block({2, 1, 1, 1}, Init::zeros());
    hand_on(block, "conv_0", 4);
    hand_on(block, "conv_1", 4);
    hand_on(block, "conv_s", 1);
    const double inner = 0.04 * -3 / (spade_deviation * spade_deviation);
    CHECK(block(pixel({-3, -7}), pixel({0})).value().item() ==
          Approx(-7 / spade_deviation + inner));
}

TEST_CASE("the gradients of a block match central differences", "[nn][gradient]") {
    for (const Index outputs : {1, 2, 3}) {
        Rng rng(1);
        const SpadeBlock<double> block({2, outputs, 2, 2}, rng);
        const auto x = test::random_variable(Shape<4>{2, 2, 3, 4}, 2);
        const auto condition = test::random_variable(Shape<4>{2, 2, 3, 4}, 3);
        auto inputs = parameters_of<double>(block);
        inputs.push_back(x);
        inputs.push_back(condition);
        CHECK(testing::gradcheck([&] { return block(x, condition); }, inputs, {.step = 1e-6}) <
              1e-7);
    }
}

TEST_CASE("training reaches the norms and the spectral norms of a block", "[nn][state]") {
    Rng rng(1);
    SpadeBlock<double> block({2, 1, 1, 1}, rng);
    const auto x = test::random_variable(Shape<4>{2, 2, 3, 4}, 2);
    const auto condition = test::random_variable(Shape<4>{2, 1, 3, 4}, 3);
    const auto changed = [&] {
        std::vector<std::vector<double>> before;
        for (const auto& entry : state_of<double>(block)) {
            before.push_back(entry.variable.value().to_values());
        }
        static_cast<void>(block(x, condition).value());
        Lines names;
        const auto after = state_of<double>(block);
        for (std::size_t k = 0; k < after.size(); ++k) {
            const auto& name = after[k].name;
            if (name.ends_with("num_batches_tracked") || name.ends_with("weight_v")) {
                if (after[k].variable.value().to_values() != before[k]) names.push_back(name);
            }
        }
        return names;
    };
    CHECK(changed().empty());
    block.set_training(true);
    CHECK(changed() == Lines{"conv_0.weight_v", "conv_1.weight_v", "conv_s.weight_v",
                             "norm_0.param_free_norm.num_batches_tracked",
                             "norm_1.param_free_norm.num_batches_tracked",
                             "norm_s.param_free_norm.num_batches_tracked"});
    block.set_training(false);
    CHECK(changed().empty());
}
