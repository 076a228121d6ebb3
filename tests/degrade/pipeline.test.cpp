#include <oldphoto/degrade/pipeline.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include "../support/pictures.hpp"
#include "../support/statistics.hpp"
#include <map>

using namespace oldphoto;
using namespace oldphoto::test;

namespace {

/// Each of the published degradations with this probability.
DegradeOptions with_probability(double probability) {
    DegradeOptions options;
    options.blur.probability = options.noise.probability = probability;
    options.low_resolution.probability = options.jpeg.probability = probability;
    return options;
}

/// b, l, j, g for their first letters, n for the three kinds of noise.
std::string letters_of(const std::vector<std::string>& steps) {
    std::string letters;
    for (const auto& step : steps) {
        if (step.starts_with("blur"))
            letters += 'b';
        else if (step.starts_with("low"))
            letters += 'l';
        else if (step.starts_with("JPEG"))
            letters += 'j';
        else if (step.starts_with("grain"))
            letters += 'g';
        else
            letters += 'n';
    }
    return letters;
}

/// What degrade() does to one pixel.
std::string steps_at(Rng& rng, const DegradeOptions& options) {
    std::vector<std::string> steps;
    static_cast<void>(degrade(grey({1, 1}, {128}), rng, options, &steps));
    return letters_of(steps);
}

}  // namespace

TEST_CASE("each published degradation comes with probability 0.7, by itself", "[degrade][random]") {
    constexpr int draws = 3000;
    Rng rng(1);
    std::map<char, int> found;
    int all = 0;
    int none = 0;
    for (int i = 0; i < draws; ++i) {
        const std::string steps = steps_at(rng, DegradeOptions{});
        for (const char step : steps) ++found[step];
        all += steps.size() == 4 ? 1 : 0;
        none += steps.empty() ? 1 : 0;
    }
    for (const char step : {'b', 'n', 'l', 'j'}) CHECK(is_share(found[step], draws, 0.7));
    CHECK(found.count('g') == 0);
    CHECK(is_share(all, draws, 0.2401));   // 0.7^4
    CHECK(is_share(none, draws, 0.0081));  // 0.3^4
}

TEST_CASE("all orders of the degradations are equally likely", "[degrade][random]") {
    constexpr int draws = 2400;
    Rng rng(2);
    std::map<std::string, int> orders;
    for (int i = 0; i < draws; ++i) ++orders[steps_at(rng, with_probability(1.0))];
    CHECK(orders.size() == 24);
    for (const auto& [order, found] : orders) {
        INFO(order);
        CHECK(is_share(found, draws, 1.0 / 24.0));
    }
}

TEST_CASE("a photo stays as it is when nothing is done to it", "[degrade][forward]") {
    const Image photo = pattern({9, 7}, 3);
    Rng rng(3);
    std::vector<std::string> steps;
    CHECK(degrade(photo, rng, with_probability(0.0), &steps) == photo);
    CHECK(steps.empty());
}

TEST_CASE("the same seed degrades alike, another one otherwise", "[degrade][random]") {
    const Image photo = pattern({31, 23}, 3);
    const auto degraded = [&](std::uint64_t seed) {
        Rng rng(seed);
        return degrade(photo, rng, with_probability(1.0));
    };
    CHECK(degraded(4) == degraded(4));
    CHECK(degraded(4) != degraded(5));
}

TEST_CASE("a photo keeps its size, its channels and its alpha", "[degrade][forward]") {
    DegradeOptions options = with_probability(1.0);
    options.grain.probability = 1.0;
    Rng rng(6);
    for (const Size size : {Size{1, 1}, Size{1, 9}, Size{2, 1}, Size{33, 18}}) {
        for (const Index channels : {1, 3}) {
            Image photo = pattern(size, channels);
            std::vector<std::uint8_t> alpha(static_cast<std::size_t>(size.width * size.height), 9);
            alpha[0] = 200;
            photo.set_alpha(alpha);
            std::vector<std::string> steps;
            const Image degraded = degrade(photo, rng, options, &steps);
            CHECK(degraded.size() == size);
            CHECK(degraded.channels() == channels);
            CHECK(alpha_of(degraded) == alpha);
            CHECK(steps.size() == 5);
        }
    }
}

TEST_CASE("what was done is told in order", "[degrade][forward]") {
    const Image photo = pattern({16, 16}, 3);
    DegradeOptions options = with_probability(0.0);
    options.blur = {.probability = 1.0, .kernel = {9, 9}, .sigma = {6.0, 6.0}};
    options.jpeg = {.probability = 1.0, .quality = {30, 30}};
    Rng rng(7);
    for (int i = 0; i < 10; ++i) {
        std::vector<std::string> steps;
        const Image degraded = degrade(photo, rng, options, &steps);
        const std::string blur = "blur, 9 px wide, sigma 6 px";
        const std::string jpeg = "JPEG, quality 30";
        if (steps == std::vector{blur, jpeg}) {
            CHECK(degraded == with_jpeg_artefacts(gaussian_blur(photo, 9, 6.0), 30));
        } else {
            CHECK(steps == std::vector{jpeg, blur});
            CHECK(degraded == gaussian_blur(with_jpeg_artefacts(photo, 30), 9, 6.0));
        }
    }
}

TEST_CASE("random_degradation is degrade with options", "[degrade][forward]") {
    const Image photo = pattern({16, 16}, 3);
    const Degradation degradation = random_degradation(with_probability(1.0));
    Rng a(8);
    Rng b(8);
    CHECK(degradation(photo, a) == degrade(photo, b, with_probability(1.0)));
}

TEST_CASE("degrade says which option is out of range", "[degrade][error]") {
    const auto message = [](const DegradeOptions& options) {
        Rng rng(0);
        return message_of<OptionError>([&] {
            static_cast<void>(degrade(grey({1, 1}, {0}), rng, options));
        });
    };
    CHECK(message({.blur = {.probability = 1.5}}) ==
          "degrade: blur.probability must lie in 0 .. 1, got 1.5");
    CHECK(message({.blur = {.kernel = {4, 7}}}) ==
          "degrade: both ends of blur.kernel must be odd, got 4 .. 7");
    CHECK(message({.blur = {.kernel = {-3, 7}}}) ==
          "degrade: blur.kernel must be a range within 1 .. 999, got -3 .. 7");
    CHECK(message({.blur = {.sigma = {5.0, 1.0}}}) ==
          "degrade: blur.sigma must be a range within 0 .. 999, got 5 .. 1");
    CHECK(message({.noise = {.probability = -0.1}}) ==
          "degrade: noise.probability must lie in 0 .. 1, got -0.1");
    CHECK(message({.noise = {.deviation = {0.0, 256.0}}}) ==
          "degrade: noise.deviation must be a range within 0 .. 255, got 0 .. 256");
    CHECK(message({.noise = {.salt_and_pepper = {-1.0, 0.0}}}) ==
          "degrade: noise.salt_and_pepper must be a range within 0 .. 1, got -1 .. 0");
    CHECK(message({.noise = {.salt = {0.0, std::nan("")}}}) ==
          "degrade: noise.salt must be a range within 0 .. 1, got 0 .. nan");
    CHECK(message({.low_resolution = {.probability = std::nan("")}}) ==
          "degrade: low_resolution.probability must lie in 0 .. 1, got nan");
    CHECK(message({.low_resolution = {.scale = {0.5, 2.0}}}) ==
          "degrade: low_resolution.scale must be a range within 0 .. 1, got 0.5 .. 2");
    CHECK(message({.low_resolution = {.nearest_probability = 2.0}}) ==
          "degrade: low_resolution.nearest_probability must lie in 0 .. 1, got 2");
    CHECK(message({.jpeg = {.quality = {0, 50}}}) ==
          "degrade: jpeg.quality must be a range within 1 .. 100, got 0 .. 50");
    CHECK(message({.grain = {.size = {0.0, 1.0}}}) ==
          "degrade: grain.size must be a range within 0.1 .. 100, got 0 .. 1");
    CHECK_THROWS_WITH(random_degradation({.jpeg = {.probability = 7.0}}),
                      "degrade: jpeg.probability must lie in 0 .. 1, got 7");
}

TEST_CASE("degrade refuses 16 bits", "[degrade][error]") {
    const auto deep = Image::from_samples({1, 1}, 1, std::vector<std::uint16_t>{1});
    Rng rng(9);
    CHECK_THROWS_WITH(degrade(deep, rng, with_probability(0.0)),
                      "degrade: expected 8 bits a sample, got 16; to_8_bit() converts a picture");
}
