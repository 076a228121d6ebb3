#include <oldphoto/pipeline/hole_restorers.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include "../support/random.hpp"
#include "../support/scratch.hpp"
#include "../support/streaming.hpp"
#include "../support/threads.hpp"
#include <chrono>
#include <cmath>
#include <stop_token>
#include <thread>

using namespace oldphoto;

namespace {

using Networks = TripletTranslation<>;

Networks small_networks(NormKind norm = NormKind::instance) {
    Rng rng(1);
    const VaeOptions vae{.width = 8, .max_width = 8, .norm = norm};
    const Init init(rng);
    return {Vae<>(vae, init),
            Mapping<>({.base = 8, .max_width = 16, .blocks = 2, .widen = 1, .norm = norm}, init),
            Vae<>(vae, init),
            {.kind = ToneKind::carried}};
}

template <class Map, class Options>
auto masked_networks(const Options& mapping) {
    Rng rng(2);
    const VaeOptions vae{.width = 4, .max_width = 6};
    const Init init(rng);
    return TripletTranslation<float, Cpu, Vae<>, Map>(
        Vae<>(vae, init), Map(mapping, init), Vae<>(vae, init), {.kind = ToneKind::carried});
}
const MappingOptions small_mapping{.base = 6, .max_width = 12, .blocks = 1, .widen = 1};

Tensor<float, 4> photo_tensor(Index height, Index width) {
    return evaluate(0.5F * tanh(test::random_tensor<float>(Shape<4>{1, 3, height, width}, 3)));
}
Tensor<float, 4> mask_tensor(Index height, Index width) {
    const auto mask = Tensor<float, 4>::zeros({1, 1, height, width});
    mask.slice(2, height / 4, height / 2).slice(3, width / 4, width / 2).fill(1);
    return mask;
}

/// A picture without repetition.
Image noise(Size size, Index channels) {
    const auto values =
        test::random_tensor<float>(Shape<1>{size.width * size.height * channels}, 4).to_values();
    std::vector<std::uint8_t> samples;
    for (const float v : values) {
        samples.push_back(static_cast<std::uint8_t>(128 + 100 * std::tanh(v)));
    }
    return Image::from_samples(size, channels, std::move(samples));
}

/// Networks whose convolutions are computed in every way there is.
TripletTranslation<> wide_networks() {
    Rng rng(5);
    const VaeOptions vae{.width = 16, .max_width = 24, .norm = NormKind::affine_instance};
    const Init init(rng);
    return {Vae<>(vae, init),
            Mapping<>({.base = 24, .max_width = 64, .blocks = 1, .widen = 2}, init),
            Vae<>(vae, init),
            {.kind = ToneKind::carried}};
}

/// A hole of a tenth of the photo.
Image mask_of(Size size) {
    auto mask = Image::black(size, 1);
    std::fill_n(mask.samples().begin() + size.width * (size.height / 2),
                size.width * (size.height / 10), std::uint8_t{255});
    return mask;
}

/// Calls compute() on a new thread, with so many threads that have computed nothing yet.
template <class Compute>
void with_new_threads(int threads, const Compute& compute) {
    const int before = thread_count();
    set_thread_count(threads);
    std::thread(compute).join();
    set_thread_count(before);
}

/// Whether the result has the same bits whatever is streamed, with any number of threads.
template <class Compute>
void check_any_bands(const Compute& compute) {
    const auto whole = compute();
    for (const double bytes_a_pixel : {0.0, 3.0, 7.0, 15.0}) {
        CAPTURE(bytes_a_pixel);
        const double above = bytes_a_pixel * 50 * 40;
        const auto banded = [&] { return test::streamed(above, compute); };
        const bool same = banded() == whole;
        CHECK(same);
    }
    CHECK(test::same_for_any_threads([&] { return test::streamed(7.0 * 50 * 40, compute); }));
}

}  // namespace

TEST_CASE("a photo computed in bands has the bits of the whole", "[pipeline][streaming]") {
    const auto norm =
        GENERATE(NormKind::instance, NormKind::affine_instance, NormKind::batch, NormKind::none);
    const auto networks = small_networks(norm);
    const auto x = photo_tensor(57, 38);
    check_any_bands([&] { return networks(x).to_values(); });
}

TEST_CASE("a thin or a tiny photo computed in bands has the bits of the whole",
          "[pipeline][streaming]") {
    const auto networks = small_networks();
    for (const Pair size : {Pair{1, 1}, Pair{90, 3}, Pair{3, 90}, Pair{33, 64}}) {
        const auto x = photo_tensor(size.h, size.w);
        check_any_bands([&] { return networks(x).to_values(); });
    }
}

TEST_CASE("a photo with holes computed in bands has the bits of the whole",
          "[pipeline][streaming]") {
    const auto x = photo_tensor(53, 70);
    const auto mask = mask_tensor(53, 70);
    const auto attention = masked_networks<ScratchMapping<>>(ScratchMappingOptions{
        .mapping = small_mapping, .attention = {.cosine = true}, .local_blocks = 1});
    check_any_bands([&] { return attention(x, mask).to_values(); });
    const auto patches = masked_networks<HighResolutionMapping<>>(
        HighResolutionMappingOptions{.mapping = small_mapping, .patches = {4, 2, 1}});
    check_any_bands([&] { return patches(x, mask).to_values(); });
}

TEST_CASE("a photo keeps within the memory that it is given, with the same result",
          "[pipeline][plan]") {
    const Restorer<> restorer(small_networks());
    const Image photo = noise({1003, 901}, 3);
    const auto whole = restorer(photo);
    CHECK(whole.plan.bytes == 0);  // none was asked for
    const RestorePlan plan = restorer.plan(photo.size());
    CHECK_FALSE(plan.streams());
    CHECK(whole.bytes == Approx(plan.bytes).epsilon(0.15));
    for (const double share : {0.9, 0.75, 0.6}) {
        CAPTURE(share);
        const double limit = share * plan.bytes;
        const auto result = restorer(photo, {.max_memory = limit});
        CHECK(result.plan.streams());
        CHECK(result.plan.bytes <= limit);
        CHECK(result.bytes == Approx(result.plan.bytes).epsilon(0.15));
        CHECK(result.bytes < 1.05 * limit);
        CHECK(result.photo == whole.photo);
    }
}

TEST_CASE("a photo takes the memory that is planned, with any number of threads",
          "[pipeline][plan]") {
    const Restorer<> restorer(wide_networks());
    const auto threads = GENERATE(1, 2, 3);
    const auto size = GENERATE(Size{300, 200}, Size{97, 411}, Size{1000, 100});
    CAPTURE(threads, size.width, size.height);
    const Image photo = noise(size, 3);
    with_new_threads(threads, [&] {
        const auto whole = restorer(photo);
        const RestorePlan plan = restorer.plan(size);
        CHECK(whole.bytes <= 1.02 * plan.bytes);
        CHECK(whole.bytes >= 0.95 * plan.bytes);
        const auto banded = restorer(photo, {.max_memory = 0.9 * plan.bytes});
        CHECK(banded.plan.streams());
        CHECK(banded.bytes <= 1.05 * banded.plan.bytes);
        CHECK(banded.bytes >= 0.95 * banded.plan.bytes);
        CHECK(banded.photo == whole.photo);
    });
}

TEST_CASE("a photo with holes takes the memory that is planned", "[pipeline][plan]") {
    const Restorer restorer(
        masked_networks<ScratchMapping<>>(ScratchMappingOptions{.mapping = small_mapping}));
    const auto threads = GENERATE(1, 3);
    const Size size{260, 180};
    const Image photo = noise(size, 3);
    with_new_threads(threads, [&] {
        const auto whole = restorer(photo, mask_of(size));
        const RestorePlan plan = restorer.plan(size);
        CHECK(whole.bytes <= 1.02 * plan.bytes);
        CHECK(whole.bytes >= 0.9 * plan.bytes);
        const auto banded = restorer(photo, mask_of(size), {}, {.max_memory = 0.95 * plan.bytes});
        CHECK(banded.plan.streams());
        CHECK(banded.bytes <= 1.02 * banded.plan.bytes);
        CHECK(banded.bytes >= 0.9 * banded.plan.bytes);
    });
}

TEST_CASE("the kernels of whole pipelines hold what they say", "[pipeline][plan]") {
    const auto x = photo_tensor(120, 90);
    const auto check = [&](const auto& compute) {
        for (const double above : {1e9, 1e5, 0.0}) {
            test::Streaming monitor(above);
            const double held = test::scratch_held(1, [&] {
                const Monitor::Scope scope(&monitor);
                compute();
            });
            const double told = monitor.kernels().kept(1);
            CHECK(held > 0);
            // A band of a transposed convolution may begin between two tiles.
            CHECK(held == Approx(told).epsilon(monitor.streamed() > 0 ? 0.01 : 0));
        }
    };
    const auto networks = wide_networks();
    check([&] { static_cast<void>(networks(x)); });
    const auto mask = mask_tensor(120, 90);
    const auto attention = masked_networks<ScratchMapping<>>(
        ScratchMappingOptions{.mapping = small_mapping, .local_blocks = 1});
    check([&] { static_cast<void>(attention(x, mask)); });
    const auto patches = masked_networks<HighResolutionMapping<>>(
        HighResolutionMappingOptions{.mapping = small_mapping, .patches = {4, 2, 1}});
    check([&] { static_cast<void>(patches(x, mask)); });
}

TEST_CASE("what the program takes itself is counted", "[pipeline][plan]") {
    const Restorer<> restorer(small_networks());
    const Size size{200, 150};
    const RestorePlan alone = restorer.plan(size);
    const RestorePlan plan = restorer.plan(size, {.own_memory = 1e8});
    CHECK(plan.bytes == Approx(alone.bytes + 1e8));
    const auto result = restorer(noise(size, 3), {.own_memory = 1e8});
    CHECK(result.bytes == Approx(plan.bytes).epsilon(0.01));
    const RestoreOptions too_little{.max_memory = 0.9e8, .own_memory = 1e8};
    CHECK_THROWS_AS(static_cast<void>(restorer.plan(size, too_little)), MemoryError);
}

TEST_CASE("memory for attention is planned too", "[pipeline][plan]") {
    const Restorer restorer(
        masked_networks<ScratchMapping<>>(ScratchMappingOptions{.mapping = small_mapping}));
    const Image photo = noise({320, 400}, 1);
    const Image mask = mask_of(photo.size());
    const auto whole = restorer(photo, mask);
    const RestorePlan plan = restorer.plan(photo.size());
    CHECK(whole.bytes == Approx(plan.bytes).epsilon(0.15));
    CHECK(plan.pair_operations > 0);
    const auto result = restorer(photo, mask, {}, {.max_memory = 0.9 * plan.bytes});
    CHECK(result.plan.streams());
    CHECK(result.photo == whole.photo);
}

TEST_CASE("a plan for a larger photo takes more memory and more time", "[pipeline][plan]") {
    const Restorer<> restorer(small_networks());
    const RestorePlan small = restorer.plan({400, 300});
    const RestorePlan large = restorer.plan({4000, 3000});
    CHECK(large.bytes > 50 * small.bytes);
    CHECK(large.bytes < 101 * small.bytes);
    CHECK(large.pixel_operations > 90 * small.pixel_operations);  // 100 times the pixels
    const RestorePlan tight = restorer.plan({4000, 3000}, {.max_memory = 0.8 * large.bytes});
    CHECK(tight.bytes <= 0.8 * large.bytes);
    CHECK(tight.pixel_operations > large.pixel_operations);
}

TEST_CASE("what no plan can do is refused, with the least memory that would do",
          "[pipeline][plan][error]") {
    const Restorer<> restorer(small_networks());
    const Image photo = noise({301, 222}, 3);
    const auto message = test::message_of<MemoryError>(
        [&] { static_cast<void>(restorer(photo, {.max_memory = mebibytes(1)})); });
    CHECK(message.starts_with("restore: a photo of 304 x 224 pixels takes at least "));
    CHECK(message.ends_with(" MiB, max_memory is 1 MiB"));
}

TEST_CASE("progress only grows, and ends at 1", "[pipeline][plan]") {
    const Restorer<> restorer(small_networks());
    std::vector<double> fractions;
    const auto note = [&](const RestoreProgress& p) {
        fractions.push_back(p.fraction);
        CHECK(p.seconds_left >= 0);
    };
    static_cast<void>(restorer(noise({130, 90}, 3), {.progress = note}));
    REQUIRE(fractions.size() > 10);
    CHECK(std::is_sorted(fractions.begin(), fractions.end()));
    CHECK(fractions.front() < 0.3);
    CHECK(fractions[fractions.size() - 2] == Approx(1).margin(0.05));
    CHECK(fractions.back() == 1);
}

TEST_CASE("a photo that is stopped throws, and the next one is as ever", "[pipeline][plan]") {
    const Restorer<> restorer(small_networks());
    const Image photo = noise({130, 90}, 3);
    const auto before = restorer(photo).photo;
    std::stop_source source;
    const auto stop_at_half = [&](const RestoreProgress& p) {
        if (p.fraction > 0.5) source.request_stop();
    };
    RestoreOptions options{.progress = stop_at_half};
    options.stop = source.get_token();
    CHECK_THROWS_AS(restorer(photo, options), Cancelled);
    CHECK(test::message_of<Cancelled>([&] { static_cast<void>(restorer(photo, options)); }) ==
          "restore: stopped");
    CHECK(Monitor::current() == nullptr);
    CHECK(restorer(photo).photo == before);
}

TEST_CASE("holes are filled from windows when the whole photo would take too long",
          "[pipeline][plan]") {
    const Restorer restorer(
        masked_networks<ScratchMapping<>>(ScratchMappingOptions{.mapping = small_mapping}));
    const Image photo = noise({640, 512}, 1);
    auto mask = Image::black(photo.size(), 1);
    std::fill_n(mask.samples().begin() + 640 * 200, 640 * 20, std::uint8_t{255});
    const auto exact = restorer(photo, mask, {}, {.max_time = 1e6});
    CHECK(exact.plan.window == 0);
    CHECK(exact.photo == restorer(photo, mask).photo);
    // 160 x 128 pixels of the latent: windows of 3 x 16 by 3 x 16 are a ninth of them.
    const auto fast = restorer(photo, mask, {}, {.max_time = 1e-6});
    CHECK(fast.plan.window == 16);
    CHECK(fast.plan.exact_seconds > fast.plan.seconds);
    CHECK(fast.plan.pair_operations == Approx(exact.plan.pair_operations * 2304 / 20480));
    CHECK(fast.photo.size() == photo.size());
    CHECK_FALSE(fast.photo == exact.photo);
    // A network without attention is none the faster.
    CHECK(Restorer<>(small_networks())(noise({30, 20}, 3), {.max_time = 1e-6}).plan.window == 0);
}
