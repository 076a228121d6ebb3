#include <oldphoto/models/tone.hpp>

#include <catch2/catch.hpp>

using namespace oldphoto;

TEST_CASE("a tone is taken off and given back", "[models][forward]") {
    // Two planes of four pixels: means 2.5 and -1, variances 1.25 and 0.
    const auto x = Tensor<double, 4>::from_values({1, 2, 2, 2}, {1, 2, 3, 4, -1, -1, -1, -1});
    const auto tone = tone_of(x, {.kind = ToneKind::carried, .eps = 0.01});
    CHECK(tone.mean.to_values() == std::vector<double>{2.5, -1});
    CHECK(tone.deviation(0, 0, 0, 0) == Approx(std::sqrt(1.26)));
    CHECK(tone.deviation(0, 1, 0, 0) == Approx(0.1));
    const auto toneless = tone.taken_off(x);
    CHECK(toneless(0, 0, 0, 0) == Approx(-1.5 / std::sqrt(1.26)));
    CHECK(toneless(0, 1, 1, 1) == 0);
    const Tensor<double, 4> back = tone.given_to(toneless);
    for (Index i = 0; i < 8; ++i) CHECK(back.data()[i] == Approx(x.data()[i]));
}

TEST_CASE("a tone is that of what no hole covers", "[models][forward]") {
    // Of pixels 1 2 3 100 the last is a hole: mean 2, variance 2/3. Half of 3 is one as well:
    // mean (1 + 2 + 1.5) / 2.5 = 1.8, variance (0.64 + 0.04 + 0.72) / 2.5 = 0.56.
    const auto x = Tensor<double, 4>::from_values({2, 1, 1, 4}, {1, 2, 3, 100, 1, 2, 3, 100});
    const auto mask = Tensor<double, 4>::from_values({2, 1, 1, 4}, {0, 0, 0, 1, 0, 0, 0.5, 1});
    const auto tone = tone_of(x, mask, {.kind = ToneKind::carried, .eps = 0.01});
    CHECK(tone.mean[0] == Approx(2));
    CHECK(tone.mean[1] == Approx(1.8));
    CHECK(tone.deviation[0] == Approx(std::sqrt(2.0 / 3 + 0.01)));
    CHECK(tone.deviation[1] == Approx(std::sqrt(0.57)));

    const auto none = Tensor<double, 4>::zeros(x.shape());
    const auto whole = tone_of(x, none, {.kind = ToneKind::carried});
    CHECK(whole.mean[0] == Approx(tone_of(x, {.kind = ToneKind::carried}).mean[0]));
    CHECK(whole.deviation[1] == Approx(tone_of(x, {.kind = ToneKind::carried}).deviation[1]));
    CHECK(tone_of(x, mask, {}).taken_off(x).to_values() == x.to_values());

    const auto all = Tensor<double, 4>::ones(x.shape());
    CHECK_THROWS_WITH(tone_of(x, all, {.kind = ToneKind::carried}),
                      "tone: a picture is nothing but a hole, it has no tone to carry");
    CHECK_NOTHROW(tone_of(x, all, {}));
}

TEST_CASE("a free tone changes nothing", "[models][forward]") {
    const auto x = Tensor<double, 4>::from_values({1, 1, 1, 3}, {1, 2, 4});
    const auto tone = tone_of(x, {});
    CHECK(tone.taken_off(x).to_values() == x.to_values());
}

TEST_CASE("eps keeps a tone's deviation from 0", "[models][errors]") {
    CHECK_THROWS_AS((ToneOptions{.eps = 0}.check()), OptionError);
    CHECK_THROWS_AS((ToneOptions{.eps = 2}.check()), OptionError);
}
