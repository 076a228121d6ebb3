#include <oldphoto/core/functors.hpp>
#include <oldphoto/tensor/deferred.hpp>
#include <oldphoto/tensor/reduce.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"
#include "../support/threads.hpp"

using namespace oldphoto;

namespace {

using Values = std::vector<double>;
using Picture = Tensor<double, 4>;

/// Two channels, 1 2 / 3 4 and -1 -2 / -3 -4.
Picture picture() {
    return Picture::from_values({1, 2, 2, 2}, {1, 2, 3, 4, -1, -2, -3, -4});
}
Picture per_plane(double first, double second) {
    return Picture::from_values({1, 2, 1, 1}, {first, second});
}

}  // namespace

TEST_CASE("a tensor with nothing pending is its own value", "[tensor][deferred]") {
    const auto x = picture();
    const Deferred<double> d(x);
    CHECK(d.plain());
    CHECK(d.affine_only());
    CHECK(d.materialized().data() == x.data());
    CHECK(d.shape() == x.shape());
}

TEST_CASE("annotations change the value and share the raw tensor", "[tensor][deferred]") {
    const auto x = picture();
    const auto normed = Deferred<double>(x).with_affine(per_plane(2, -1), per_plane(-5, 0.5));
    CHECK_FALSE(normed.plain());
    CHECK(normed.affine_only());
    CHECK(normed.raw().data() == x.data());
    // 2 x - 5 and -x + 0.5.
    CHECK(normed.materialized().to_values() == Values{-3, -1, 1, 3, 1.5, 2.5, 3.5, 4.5});

    const auto active = normed.with_activation(fn::LeakyReluFn{0.5F});
    CHECK_FALSE(active.affine_only());
    CHECK(active.raw().data() == x.data());
    CHECK(active.materialized().to_values() == Values{-1.5, -0.5, 1, 3, 1.5, 2.5, 3.5, 4.5});

    const auto summed = normed.with_addend(Picture::full({1, 2, 2, 2}, 10));
    CHECK_FALSE(summed.affine_only());
    CHECK(summed.materialized().to_values() == Values{7, 9, 11, 13, 11.5, 12.5, 13.5, 14.5});
    // An annotation returns a new value and leaves the old one.
    CHECK(normed.affine_only());
}

TEST_CASE("a border is put around the activated value", "[tensor][deferred]") {
    const auto x = picture();
    const auto active = Deferred<double>(x)
                            .with_affine(per_plane(1, 1), per_plane(1, 1))
                            .with_activation(fn::ReluFn{});
    const auto zeros = active.with_padding({.left = 1, .bottom = 1});
    CHECK(zeros.shape() == Shape<4>{1, 2, 3, 3});
    // 2 3 / 4 5 and 0 0 / 0 0, zeros on the left and below: not relu(0 + 1).
    CHECK(zeros.materialized().to_values() ==
          Values{0, 2, 3, 0, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    const auto mirrored = active.with_padding(Padding::all(1, PaddingMode::reflect));
    CHECK(mirrored.materialized().slice(1, 0, 1).to_values() ==
          Values{5, 4, 5, 4, 3, 2, 3, 2, 5, 4, 5, 4, 3, 2, 3, 2});
}

TEST_CASE("a border that cannot be is refused when it is annotated", "[tensor][error]") {
    const Deferred<double> d(picture());
    CHECK_THROWS_AS(d.with_padding(Padding::all(2, PaddingMode::reflect)), ShapeError);
    CHECK_NOTHROW(d.with_padding(Padding::all(2, PaddingMode::replicate)));
}

TEST_CASE("moments are the producer's, or are computed", "[tensor][deferred]") {
    const Deferred<double> d(picture());
    const auto moments = *d.moments();
    REQUIRE(moments.size() == 2);
    CHECK(moments[0].count == 4);
    CHECK(moments[0].mean == 2.5);
    CHECK(moments[0].biased_variance() == 1.25);
    CHECK(moments[0].unbiased_variance() == Approx(5.0 / 3).epsilon(1e-15));
    CHECK(moments[1].mean == -2.5);

    const Deferred<double> told(picture(), {{4, 7, 0}, {4, 8, 0}});
    CHECK((*told.moments())[1].mean == 8);
    const auto annotated = told.with_affine(per_plane(1, 1), per_plane(0, 0));
    CHECK((*annotated.moments())[0].mean == 7);
}

TEST_CASE("moments are exact beside a large mean", "[tensor][accuracy]") {
    const auto noise = test::random_tensor<float>(Shape<4>{1, 1, 70, 700}, 1);
    const Deferred<float> d(evaluate(noise + 1000));
    const Moments m = d.moments()->front();
    const auto exact = evaluate(noise + 1000).cast<double>();
    const double mean_value = mean(exact);
    CHECK(m.mean == Approx(mean_value).epsilon(1e-8));
    CHECK(m.biased_variance() == Approx(mean(square(exact - mean_value))).epsilon(1e-5));
}

TEST_CASE("a deferred value is dense even if its tensor is a view", "[tensor][deferred]") {
    const auto x = picture();
    const Deferred<double> d(x.transpose(2, 3));
    CHECK(d.raw().contiguous());
    CHECK(d.materialized().to_values() == Values{1, 3, 2, 4, -1, -3, -2, -4});
}

TEST_CASE("materialising has the same bits with any number of threads", "[tensor][determinism]") {
    const auto x = test::random_tensor<float>(Shape<4>{2, 3, 67, 71}, 2);
    const auto scale = test::random_tensor<float>(Shape<4>{2, 3, 1, 1}, 3);
    const auto d = Deferred<float>(x)
                       .with_affine(scale, scale)
                       .with_activation(fn::TanhFn{})
                       .with_padding(Padding::all(3, PaddingMode::reflect));
    CHECK(test::same_for_any_threads([&] { return d.materialized().to_values(); }));
    CHECK(test::same_for_any_threads([&] {
        std::vector<double> numbers;
        const auto moments = Deferred<float>(x).moments();
        for (const auto& m : *moments) {
            numbers.insert(numbers.end(), {m.count, m.mean, m.m2});
        }
        return numbers;
    }));
}
