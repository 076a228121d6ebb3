#include <oldphoto/nn/residual.hpp>
#include <oldphoto/ops/resample.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"
#include "../support/streaming.hpp"
#include "../support/threads.hpp"

using namespace oldphoto;

namespace {

Variable<float, 4> variable(const Shape<4>& shape, std::uint64_t seed) {
    return Variable<float, 4>(test::random_tensor<float>(shape, seed));
}
Variable<float, 1> bias(Index channels) {
    return Variable<float, 1>(test::random_tensor<float>(Shape<1>{channels}, 9));
}

/// Values and moments of what `compute` gives, and that a consumer sees the same rows.
template <class Compute>
void check_streamed(const Compute& compute) {
    const auto read = [&] {
        const Variable<float, 4> y = compute();
        std::vector<double> numbers;
        const auto moments = y.deferred().moments();
        for (const Moments& m : *moments) {
            numbers.insert(numbers.end(), {m.count, m.mean, m.m2});
        }
        for (const float value : y.value().to_values()) numbers.push_back(double(value));
        return numbers;
    };
    const auto whole = read();
    const bool same = test::streamed(0, read) == whole;
    CHECK(same);
}

}  // namespace

TEST_CASE("a streamed convolution has the bits of a kept one", "[ops][streaming]") {
    const auto options = GENERATE(
        Conv2dOptions{}, Conv2dOptions{.padding = 1}, Conv2dOptions{.stride = 2, .padding = 1},
        Conv2dOptions{.stride = {3, 1}, .padding = {4, 0}, .dilation = {2, 1}},
        Conv2dOptions{.padding = 1, .groups = 2});
    const Index height = GENERATE(5, 8, 21, 40);
    const Index width = GENERATE(7, 33, 600);
    const Index kernel = GENERATE(3, 4);
    const auto x = variable({2, 8, height, width}, 1);  // enough channels for transforms
    const auto w = variable({10, 8 / options.groups, kernel, kernel}, 2);
    CAPTURE(height, width, kernel, options.stride.h, options.padding.h, options.groups);
    check_streamed([&] { return conv2d(x, w, bias(10), options); });
}

TEST_CASE("a streamed transposed convolution has the bits of a kept one", "[ops][streaming]") {
    const auto options =
        GENERATE(ConvTranspose2dOptions{}, ConvTranspose2dOptions{.stride = 2, .padding = 1},
                 ConvTranspose2dOptions{.stride = 3, .padding = 2, .output_padding = 2},
                 ConvTranspose2dOptions{.stride = 5, .output_padding = 4},
                 ConvTranspose2dOptions{.stride = 2, .padding = 3, .dilation = 2, .groups = 2});
    const Index height = GENERATE(5, 8, 21);
    const Index width = GENERATE(9, 40, 520);
    const Index kernel = GENERATE(1, 3, 4);
    if (kernel == 1 && options.padding.h > 1) return;  // would leave no pixel of small pictures
    const auto x = variable({2, 8, height, width}, 3);
    const auto w = variable({8, 10 / options.groups, kernel, kernel}, 4);
    CAPTURE(height, width, kernel, options.stride.h, options.padding.h, options.groups);
    check_streamed([&] { return conv_transpose2d(x, w, bias(10), options); });
}

TEST_CASE("what is pending on a streamed value is applied to its bands", "[ops][streaming]") {
    const Index height = GENERATE(9, 16, 27);
    const auto mode = GENERATE(PaddingMode::zero, PaddingMode::reflect, PaddingMode::replicate);
    const Index pixels = GENERATE(1, 3, 8);
    const auto x = variable({1, 3, height, 19}, 5);
    const auto w1 = variable({4, 3, 3, 3}, 6);
    const auto w2 = variable({5, 4, 3, 3}, 7);
    const auto addend = variable({1, 4, height, 19}, 8);
    const Variable<float, 1> none(Tensor<float, 1>::zeros({0}));
    const auto w3 = variable({4, 5, 4, 4}, 10);
    check_streamed([&] {
        const auto first = conv2d(x, w1, bias(4), {.padding = 1});
        const Variable<float, 4> active = relu(instance_norm(first, none, none));
        const auto padded = pad(active, Padding::all(pixels, mode));
        return conv2d(padded, w2, bias(5), {.stride = 2});
    });
    check_streamed([&] {
        const auto first = conv2d(x, w1, bias(4), {.padding = 1});
        const Variable<float, 4> sum = instance_norm(first, none, none) + addend;
        const auto padded = pad(sum, {.top = 1, .bottom = pixels, .mode = mode});
        return conv_transpose2d(padded, w3, bias(5), {.stride = 2});
    });
}

TEST_CASE("a kernel that knows nothing of bands reads a streamed value", "[ops][streaming]") {
    const auto x = variable({1, 3, 30, 20}, 11);
    const auto w = variable({4, 3, 3, 3}, 12);
    check_streamed([&] {
        return resample(conv2d(x, w, bias(4)), {40, 33}, ResampleMode::bilinear);
    });
}

TEST_CASE("a chain of streamed values has the same bits with any number of threads",
          "[ops][streaming][determinism]") {
    Rng rng(3);
    const Init init(rng);
    const Sequential<float> net{
        Pad2d{3, PaddingMode::reflect},
        Conv2d<float>({.in_channels = 3, .out_channels = 4, .kernel = 7}, init),
        InstanceNorm2d<float>(4, true),
        Relu{},
        Conv2d<float>({.in_channels = 4, .out_channels = 6, .kernel = 4, .stride = 2, .padding = 1},
                      init),
        InstanceNorm2d<float>(6),
        Relu{},
        ResidualBlock<float>({.channels = 6, .dilation = 2}, init),
        BatchNorm2d<float>(6),
        ConvTranspose2d<float>(
            {.in_channels = 6, .out_channels = 4, .kernel = 4, .stride = 2, .padding = 1}, init),
        InstanceNorm2d<float>(4),
        Relu{},
        Pad2d{3, PaddingMode::reflect},
        Conv2d<float>({.in_channels = 4, .out_channels = 3, .kernel = 7}, init),
        Tanh{}};
    const auto x = variable({1, 3, 52, 36}, 13);
    const auto whole = net(x).value().to_values();
    for (const double above : {0.0, 13000.0, 20000.0}) {
        CAPTURE(above);
        const auto compute = [&] {
            return test::streamed(above, [&] { return net(x).value().to_values(); });
        };
        CHECK(compute() == whole);
        CHECK(test::same_for_any_threads(compute));
    }
}

TEST_CASE("a streamed value is computed when it is read, and at no other time",
          "[ops][streaming]") {
    const auto x = variable({1, 3, 32, 16}, 14);
    const auto w = variable({4, 3, 3, 3}, 15);
    test::Streaming monitor(0);
    const Monitor::Scope scope(&monitor);
    const auto y = conv2d(x, w, bias(4), {.padding = 1});
    CHECK(monitor.streamed() == 1);
    CHECK(monitor.operations() == 0);
    static_cast<void>(y.deferred().moments());
    const double once = 2.0 * 4 * 32 * 16 * 27;
    CHECK(monitor.operations() == once);
    // Kept from here on.
    static_cast<void>(y.value());
    static_cast<void>(y.value());
    CHECK(monitor.operations() == 2 * once);
}
