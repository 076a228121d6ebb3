#include <oldphoto/backend/cpu/conv.hpp>
#include <oldphoto/tensor/random.hpp>

#include <catch2/catch.hpp>

#include <vector>

using namespace oldphoto;

namespace {

using Picture = Tensor<float, 4>;

struct Layer {
    ConvGeometry g;
    Picture x;
    Picture w;

    [[nodiscard]] std::vector<float> forward() const {
        const TensorRows<float> rows(x.view());
        const Pair size = g.output_size({x.dim(2), x.dim(3)});
        const auto y = Picture::uninitialized({1, w.dim(0), size.h, size.w});
        cpu::conv2d<float>(g, RowSource<float>(rows), w.view(), nullptr, y.view(), nullptr);
        return y.to_values();
    }
    /// The adjoint, of x as if it were an output.
    [[nodiscard]] std::vector<float> back() const {
        const TensorRows<float> rows(x.view());
        const Index h = (x.dim(2) - 1) * g.stride.h - 2 * g.padding.h + g.kernel.h;
        const Index width = (x.dim(3) - 1) * g.stride.w - 2 * g.padding.w + g.kernel.w;
        const auto y = Picture::uninitialized({1, w.dim(1), h, width});
        cpu::conv2d_data<float>(g, RowSource<float>(rows), w.view(), nullptr, y.view(), nullptr);
        return y.to_values();
    }
};

}  // namespace

TEST_CASE("kept weights give the bits of those transformed anew", "[backend][weights]") {
    Rng rng(1);
    const Layer layers[]{
        {{3, 1, 1, 1, 1},
         normal<float, 4>({1, 9, 20, 17}, rng),
         normal<float, 4>({9, 9, 3, 3}, rng)},
        {{4, 2, 1, 1, 1},
         normal<float, 4>({1, 9, 20, 18}, rng),
         normal<float, 4>({9, 9, 4, 4}, rng)},
    };
    WeightCache cache;
    std::size_t before = 0;
    for (const Numerics numerics : {Numerics::fast, Numerics::accurate}) {
        const NumericsScope scope(numerics);
        for (const Layer& layer : layers) {
            const auto forward = layer.forward();
            const auto back = layer.back();
            CHECK(cache.bytes() == before);
            for (int round = 0; round < 2; ++round) {
                const WeightCache::Use use(cache);
                CHECK(layer.forward() == forward);
                CHECK(layer.back() == back);
            }
            // Windows of 4 x 4 are not transformed where accuracy is asked for.
            const bool transformed = layer.g.kernel == Pair(3) || numerics == Numerics::fast;
            CHECK((cache.bytes() > before) == transformed);
            before = cache.bytes();
        }
    }
    cache.clear();
    CHECK(cache.bytes() == 0);
}

TEST_CASE("weights that begin at one place but differ in size are kept apart",
          "[backend][weights]") {
    WeightCache cache;
    const float weights = 0;
    const WeightCache::Key key{&weights, &weights, false};
    const auto numbers = [](float value, Index count) {
        return [=](float* to) { std::fill_n(to, count, value); };
    };
    CHECK(*cache.get(key, 4, numbers(1, 4)) == 1);
    CHECK(*cache.get(key, 8, numbers(2, 8)) == 2);
    CHECK(*cache.get(key, 4, numbers(3, 4)) == 1);
    CHECK(cache.bytes() == 12 * sizeof(float));
    CHECK(WeightCache::current() == nullptr);
}
