#include <oldphoto/data/datasets.hpp>
#include <oldphoto/degrade/pipeline.hpp>

#include <catch2/catch.hpp>

#include "../support/photo_folder.hpp"
#include "../support/pictures.hpp"
#include "../support/statistics.hpp"
#include <set>

using namespace oldphoto;
using namespace oldphoto::test;

namespace {

/// A coloured photo of 12 x 9 pixels, the same for every name.
Image colored(const std::string& /*name*/) {
    return pattern({12, 9}, 3);
}

/// Photos whose name begins with g are grey, with s sepia; the others are coloured.
Image by_name(const std::string& name) {
    const Image grey = pattern({12, 9}, 1);
    if (name[0] == 'g') return grey;
    if (name[0] != 's') return colored(name);
    Image sepia = to_rgb(grey);
    for (std::size_t i = 2; i < sepia.samples().size(); i += 3) sepia.samples()[i] /= 2;
    return sepia;
}

Image unchanged(const Image& photo, Rng& /*rng*/) {
    return photo;
}

Image inverted(const Image& photo, Rng& /*rng*/) {
    Image result = photo;
    for (auto& sample : result.samples()) sample = static_cast<std::uint8_t>(255 - sample);
    return result;
}

bool is_grey(const Image& image) {
    return image == to_rgb(to_grey(image));
}

/// How many of `draws` samples satisfy `holds`.
template <class D, class Holds>
int count_samples(const D& dataset, int draws, std::uint64_t seed, const Holds& holds) {
    int count = 0;
    Rng rng(seed);
    for (int i = 0; i < draws; ++i) count += holds(dataset(rng)) ? 1 : 0;
    return count;
}

}  // namespace

TEST_CASE("clean photos are their own targets, one in ten grey", "[data][random]") {
    const PhotoFolder folder({"a.png"}, colored);
    const CleanPhotos photos(folder.open(), {.crop = 4});
    std::set<std::uint8_t> corners;
    const int grey = count_samples(photos, 2000, 1, [&](const TrainingSample& sample) {
        CHECK(sample.input == sample.target);
        CHECK(sample.input.size() == Size{4, 4});
        CHECK(sample.input.channels() == 3);
        CHECK_FALSE(sample.real_old);
        if (is_grey(sample.input)) return true;
        corners.insert(sample.input.samples()[0]);
        return false;
    });
    CHECK(is_share(grey, 2000, 0.1));
    // 9 x 6 places, each in two directions: the left corner and the right one lie anywhere.
    CHECK(corners.size() == 12 * 6);
}

TEST_CASE("every photo of a folder is as likely as another", "[data][random]") {
    const PhotoFolder folder({"a.png", "b.png", "c.png"}, [](const std::string& name) {
        return flat({4, 4}, 1, static_cast<std::uint8_t>(name[0]));
    });
    const CleanPhotos photos(folder.open(), {.crop = 4});
    for (const char name : {'a', 'b', 'c'}) {
        const int count = count_samples(photos, 3000, 2, [&](const TrainingSample& sample) {
            return sample.input == flat({4, 4}, 3, static_cast<std::uint8_t>(name));
        });
        CHECK(is_share(count, 3000, 1.0 / 3.0));
    }
}

TEST_CASE("a pair has one crop and one flip", "[data][pairs]") {
    const PhotoFolder folder({"a.png"}, colored);
    for (const bool degrade_crop : {false, true}) {
        const PairedPhotos photos(
            folder.open(), inverted,
            {.crop = 5, .grey_probability = 0.0, .degrade_crop = degrade_crop});
        Rng rng(3);
        for (int i = 0; i < 50; ++i) {
            const TrainingSample sample = photos(rng);
            CHECK(sample.input == inverted(sample.target, rng));
        }
    }
}

TEST_CASE("a pair of which nothing was degraded is the same picture twice", "[data][pairs]") {
    const PhotoFolder folder({"a.png"}, colored);
    const PairedPhotos photos(folder.open(),
                              random_degradation({.blur = {.probability = 0.0},
                                                  .noise = {.probability = 0.0},
                                                  .low_resolution = {.probability = 0.0},
                                                  .jpeg = {.probability = 0.0}}),
                              {.crop = 5});
    CHECK(count_samples(photos, 100, 4, [](const TrainingSample& sample) {
              return sample.input == sample.target;
          }) == 100);
}

TEST_CASE("the degradation sees the whole photo or the crop alone", "[data][pairs]") {
    const PhotoFolder folder({"a.png"}, colored);
    std::set<Index> widths;
    const auto watching = [&](const Image& photo, Rng&) {
        widths.insert(photo.width());
        CHECK(photo.channels() == 3);
        return photo;
    };
    Rng rng(5);
    static_cast<void>(PairedPhotos(folder.open(), watching, {.crop = 5})(rng));
    CHECK(widths == std::set<Index>{12});
    static_cast<void>(
        PairedPhotos(folder.open(), watching, {.crop = 5, .degrade_crop = true})(rng));
    CHECK(widths == std::set<Index>{5, 12});
}

TEST_CASE("both pictures of a pair lose their colour together", "[data][pairs]") {
    const PhotoFolder folder({"a.png"}, colored);
    const PairedPhotos photos(folder.open(), inverted, {.crop = 4});
    const int grey = count_samples(photos, 2000, 6, [](const TrainingSample& sample) {
        CHECK(is_grey(sample.input) == is_grey(sample.target));
        return is_grey(sample.input);
    });
    CHECK(is_share(grey, 2000, 0.1));
}

TEST_CASE("half of the old photos are really old, the others degraded", "[data][random]") {
    const PhotoFolder old({"a.png"}, [](const std::string&) { return flat({8, 8}, 1, 50); });
    const PhotoFolder clean({"a.png"}, [](const std::string&) { return flat({8, 8}, 3, 200); });
    const OldPhotos photos(old.open(), clean.open(), inverted, {.crop = 4});
    const int really = count_samples(photos, 2000, 7, [](const TrainingSample& sample) {
        CHECK(sample.input == sample.target);
        CHECK(sample.input == flat({4, 4}, 3, sample.real_old ? 50 : 55));
        return sample.real_old;
    });
    CHECK(is_share(really, 2000, 0.5));
    const OldPhotos never(old.open(), clean.open(), inverted, {.crop = 4, .old_probability = 0.0});
    CHECK(count_samples(never, 50, 8, [](const auto& sample) { return sample.real_old; }) == 0);
}

TEST_CASE("grey tells old photos and degraded ones apart unless it is matched", "[data][random]") {
    // Three of four old photos have one tone.
    const PhotoFolder old({"g.png", "g2.png", "s.png", "c.png"}, by_name);
    const PhotoFolder clean({"c.png"}, by_name);
    struct Counts {
        int old = 0;
        int grey_old = 0;
        int grey_degraded = 0;
    };
    constexpr int draws = 4000;
    const auto counts_with = [&](bool match_grey) {
        const OldPhotos photos(old.open(), clean.open(), unchanged,
                               {.crop = 8, .grey_probability = 0.0, .match_grey = match_grey});
        Counts counts;
        Rng rng(9);
        for (int i = 0; i < draws; ++i) {
            const TrainingSample sample = photos(rng);
            const int grey = is_grey(sample.input) ? 1 : 0;
            counts.old += sample.real_old ? 1 : 0;
            (sample.real_old ? counts.grey_old : counts.grey_degraded) += grey;
        }
        return counts;
    };
    const Counts free = counts_with(false);
    CHECK(is_share(free.grey_old, free.old, 0.5));  // sepia has a colour
    CHECK(free.grey_degraded == 0);
    const Counts matched = counts_with(true);
    CHECK(is_share(matched.grey_old, matched.old, 0.75));
    CHECK(is_share(matched.grey_degraded, draws - matched.old, 0.75));
}

TEST_CASE("a photo smaller than the crop is enlarged", "[data][crop]") {
    const PhotoFolder folder({"a.png"}, [](const std::string&) { return pattern({3, 2}, 1); });
    Rng rng(10);
    CHECK(CleanPhotos(folder.open(), {.crop = 8})(rng).input.size() == Size{8, 8});
    CHECK(PairedPhotos(folder.open(), unchanged, {.crop = 8})(rng).input.size() == Size{8, 8});
}

TEST_CASE("a sample is a function of the generator alone", "[data][random]") {
    const PhotoFolder folder({"a.png", "s.png"}, by_name);
    const OldPhotos photos(folder.open(), folder.open(), random_degradation(),
                           {.crop = 6, .match_grey = true});
    const OldPhotos same(folder.open({.cache_bytes = 0}), folder.open(), random_degradation(),
                         {.crop = 6, .match_grey = true});
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        Rng a(seed);
        Rng b(seed);
        const TrainingSample sample = photos(a);
        const TrainingSample again = same(b);
        CHECK(sample.input == again.input);
        CHECK(sample.real_old == again.real_old);
    }
}

TEST_CASE("data sets say which option is out of range", "[data][error]") {
    const PhotoFolder folder({"a.png"}, colored);
    CHECK_THROWS_WITH(CleanPhotos(folder.open(), {.crop = 0}),
                      "CleanPhotos: crop must be positive, got 0");
    CHECK_THROWS_WITH(CleanPhotos(folder.open(), {.grey_probability = 1.1}),
                      "CleanPhotos: grey_probability must lie in 0 .. 1, got 1.1");
    CHECK_THROWS_WITH(PairedPhotos(folder.open(), unchanged, {.crop = -1}),
                      "PairedPhotos: crop must be positive, got -1");
    CHECK_THROWS_WITH(OldPhotos(folder.open(), folder.open(), unchanged, {.old_probability = -0.5}),
                      "OldPhotos: old_probability must lie in 0 .. 1, got -0.5");
}
