#include <oldphoto/core/shared.hpp>
#include <oldphoto/image/color.hpp>
#include <oldphoto/image/tensor.hpp>
#include <oldphoto/tensor/deferred.hpp>

#include <catch2/catch.hpp>

#include "../support/streaming.hpp"

using namespace oldphoto;

namespace {

/// Row y of channel c is filled with 100 c + y; counts the rows that it computes.
class Stripes final : public RowProducer<float> {
public:
    explicit Stripes(Index height) : height_(height) {}

    [[nodiscard]] Shape<4> shape() const override { return {1, 2, height_, 3}; }
    [[nodiscard]] bool at_once() const override { return true; }
    [[nodiscard]] Shared<Pass> pass() const override {
        return Shared<Pass>(new Walk(*this));
    }

    mutable Index computed = 0;

private:
    class Walk final : public Pass {
    public:
        explicit Walk(const Stripes& owner) : owner_(owner) {}
        void next(const View<float, 4>& y, Moments* moments) override {
            for (Index i = 0; i < y.shape.size(); ++i) {
                const Index row = i / 3 % y.shape[2];
                y.data[i] = static_cast<float>(100 * (i / (3 * y.shape[2])) + next_ + row);
            }
            if (moments != nullptr) Cpu::moments_of_planes(y, moments);
            next_ += y.shape[2];
            owner_.computed += y.shape[2];
        }

    private:
        const Stripes& owner_;
        Index next_ = 0;
    };

    Index height_;
};

float pulled(const RollingRows<float, Cpu>& rows, Index c, Index y) {
    float number = -1;
    rows.pull({0, c, y, y + 1, 1, 2}, &number, 1);
    return number;
}

}  // namespace

TEST_CASE("rolling rows compute each row once, and no band too many", "[tensor][streaming]") {
    test::Streaming monitor(0);  // bands of 8 rows
    const Monitor::Scope scope(&monitor);
    const Stripes stripes(29);
    RollingRows<float, Cpu> rows(stripes);
    rows.move_to({0, 5});
    CHECK(stripes.computed == 8);
    CHECK(pulled(rows, 1, 4) == 104);
    rows.move_to({3, 10});
    CHECK(stripes.computed == 16);
    CHECK(pulled(rows, 0, 3) == 3);
    CHECK(pulled(rows, 1, 9) == 109);
    rows.move_to({17, 29});
    CHECK(stripes.computed == 29);
    CHECK(pulled(rows, 1, 28) == 128);
    float window[4]{};
    rows.pull({0, 0, 23, 25, 0, 2}, window, 2);  // across two bands
    CHECK(window[0] == 23);
    CHECK(window[3] == 24);
}

TEST_CASE("a kept value is computed at once, a streamed one on every walk", "[tensor][streaming]") {
    const Shared<const Stripes> producer(new Stripes(20));
    const Deferred<float> kept(producer);
    CHECK_FALSE(kept.streamed());
    CHECK(producer->computed == 20);
    CHECK((*kept.moments())[1].mean == 109.5);
    CHECK(producer->computed == 20);

    const auto streamed = Deferred<float>::always_streamed(producer);
    CHECK(streamed.streamed());
    CHECK((*streamed.moments())[1].mean == 109.5);
    CHECK(producer->computed == 40);
    const auto y = streamed.with_padding({.top = 1, .mode = PaddingMode::replicate}).materialized();
    CHECK(y.shape() == Shape<4>{1, 2, 21, 3});
    CHECK(y(0, 1, 0, 2) == 100);
    CHECK(y(0, 1, 20, 0) == 119);
    CHECK(producer->computed == 60);
}

TEST_CASE("a photo is streamed with the numbers of to_tensor", "[image][streaming]") {
    const auto grey = Image::from_samples<std::uint8_t>({2, 2}, 1, {0, 51, 128, 255});
    const auto x = to_deferred(grey);
    CHECK(x.streamed());
    CHECK(x.shape() == Shape<4>{1, 3, 2, 2});
    const auto rgb = to_tensor(to_rgb(grey));
    CHECK(x.materialized().to_values() == rgb.to_values());
    CHECK((*x.moments())[2].mean == (*Deferred<float>(rgb).moments())[2].mean);
    const auto deep = Image::from_samples<std::uint16_t>({1, 1}, 1, {7});
    CHECK_THROWS_AS(to_deferred(deep), OptionError);
}
