#include <oldphoto/nn/dropout.hpp>
#include <oldphoto/nn/sequential.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

using namespace oldphoto;

TEST_CASE("Dropout hands its input on until training begins", "[nn][forward]") {
    Rng rng(1);
    Sequential<float> net{Dropout(0.5, rng)};
    const Variable<float, 4> x(Tensor<float, 4>::ones({1, 1, 50, 50}));
    CHECK(net(x).value().to_values() == x.value().to_values());
    CHECK(rng.streams_drawn() == 0);

    net.set_training(true);
    const auto first = net(x).value().to_values();
    const auto dropped = std::count(first.begin(), first.end(), 0.0F);
    CHECK(dropped > 1100);
    CHECK(dropped < 1400);
    CHECK(dropped + std::count(first.begin(), first.end(), 2.0F) == 2500);
    CHECK(net(x).value().to_values() != first);
    CHECK(rng.streams_drawn() == 2);

    // The rng's state is all there is to bring back.
    rng = Rng(1);
    CHECK(net(x).value().to_values() == first);
    net.set_training(false);
    CHECK(net(x).value().to_values() == x.value().to_values());
}

TEST_CASE("Dropout asks for a probability", "[nn][error]") {
    Rng rng;
    const Variable<float, 2> x(Tensor<float, 2>::ones({1, 1}));
    CHECK_THROWS_WITH(Dropout(1.5, rng)(x), Catch::StartsWith("dropout: p must lie in [0, 1]"));
}
