#include <oldphoto/nn/conv2d.hpp>
#include <oldphoto/nn/norm.hpp>
#include <oldphoto/nn/sequential.hpp>
#include <oldphoto/optim/ema.hpp>
#include <oldphoto/pipeline/weights.hpp>

#include <catch2/catch.hpp>

#include "../support/state.hpp"

using namespace oldphoto;

namespace {

/// Sets the whole state of a network, parameters and buffers, to one number.
template <class Net>
void fill(const Net& net, double number) {
    for (const auto& entry : state_of<double>(net)) entry.variable.value().fill(number);
}

template <class Net>
std::vector<double> first_values(const Net& net) {
    std::vector<double> values;
    for (const auto& entry : state_of<double>(net)) values.push_back(entry.variable.value()[0]);
    return values;
}

}  // namespace

TEST_CASE("an average follows parameters slowly and buffers at once", "[optim][forward]") {
    // weight, bias | running_mean, running_var, num_batches_tracked
    const BatchNorm2d<double> net(2);
    fill(net, 1);
    Ema<double> ema(net, 0.75);
    fill(net, 5);
    CHECK(first_values(ema) == std::vector<double>{1, 1, 1, 1, 1});
    ema.update();
    CHECK(first_values(ema) == std::vector<double>{2, 2, 5, 5, 5});
    fill(net, 10);
    ema.update();
    CHECK(first_values(ema) == std::vector<double>{4, 4, 10, 10, 10});
    CHECK(first_values(net) == std::vector<double>{10, 10, 10, 10, 10});
}

TEST_CASE("swapping exchanges the average and the network's values", "[optim][forward]") {
    const BatchNorm2d<double> net(1);
    fill(net, 1);
    Ema<double> ema(net, 0.5);
    fill(net, 9);
    ema.update();
    ema.swap();
    CHECK(first_values(net) == std::vector<double>{5, 5, 9, 9, 9});
    CHECK(first_values(ema) == std::vector<double>{9, 9, 9, 9, 9});
    ema.swap();
    CHECK(first_values(net) == std::vector<double>{9, 9, 9, 9, 9});
    CHECK(first_values(ema) == std::vector<double>{5, 5, 9, 9, 9});
}

TEST_CASE("an average is saved as its network is", "[optim][state]") {
    Rng rng(1);
    const Init init(rng);
    const auto make = [&] {
        return Sequential<double>{
            Conv2d<double>({.in_channels = 2, .out_channels = 3, .kernel = 3}, init),
            BatchNorm2d<double>(3)};
    };
    const auto net = make();
    const Ema<double> ema(net, 0.9);
    CHECK(test::state_lines<double>(ema) == test::state_lines<double>(net));

    NamedArrays saved;
    save_state<double>(ema, saved, "");
    const auto copy = make();
    fill(copy, 7);
    load_state<double>(copy, saved, "average");
    CHECK(first_values(copy) == first_values(net));
}

TEST_CASE("an average refuses a decay outside its range", "[optim][errors]") {
    const BatchNorm2d<double> net(1);
    CHECK_THROWS_WITH(Ema<double>(net, 1), "ema: decay must lie in [0, 1), got 1.000000");
    CHECK_THROWS_AS(Ema<double>(net, -0.1), OptionError);
}
