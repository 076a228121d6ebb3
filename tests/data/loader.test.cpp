#include <oldphoto/data/loader.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include "../support/pictures.hpp"
#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <thread>

using namespace oldphoto;
using namespace oldphoto::test;

namespace {

/// Pictures of one pixel whose level is random.
TrainingSample random_level(Rng& rng) {
    const auto level = [&] { return static_cast<std::uint8_t>(rng.integer(256)); };
    const std::uint8_t input = level();
    return {flat({1, 1}, 3, input), flat({1, 1}, 3, level()), rng.integer(2) == 1};
}

/// All numbers of the next `count` batches.
template <class L>
std::vector<float> numbers_of(L& loader, int count) {
    std::vector<float> numbers;
    for (int i = 0; i < count; ++i) {
        const Batch<> batch = loader.next();
        for (const float v : batch.input.to_values()) numbers.push_back(v);
        for (const float v : batch.target.to_values()) numbers.push_back(v);
        for (const bool old : batch.real_old) numbers.push_back(old ? 1.0F : 0.0F);
    }
    return numbers;
}

}  // namespace

TEST_CASE("a batch holds its samples one after another, in [-1, 1]", "[data][loader]") {
    const auto draw = [](Rng& rng) {
        static_cast<void>(rng);
        return TrainingSample{pattern({5, 4}, 3), flat({5, 4}, 3, 255), true};
    };
    Loader<double> loader(draw, {.batch_size = 2});
    const Batch<double> batch = loader.next();
    CHECK(batch.input.shape() == Shape<4>{2, 3, 4, 5});
    const auto one = to_tensor<double>(pattern({5, 4}, 3)).to_values();
    auto two = one;
    two.insert(two.end(), one.begin(), one.end());
    CHECK(batch.input.to_values() == two);
    CHECK(batch.target.to_values() == std::vector<double>(120, 1.0));
    CHECK(batch.real_old == std::vector<bool>{true, true});
}

TEST_CASE("sample i of batch b is drawn from seed, b and i", "[data][loader]") {
    Loader<> loader(random_level, {.batch_size = 3, .seed = 11, .first_batch = 5});
    for (std::uint64_t b = 5; b < 8; ++b) {
        const Batch<> batch = loader.next();
        for (Index i = 0; i < 3; ++i) {
            Rng rng = derived_rng(11, b, static_cast<std::uint64_t>(i));
            const TrainingSample sample = random_level(rng);
            CHECK(batch.input.to_values()[static_cast<std::size_t>(3 * i)] ==
                  to_tensor(sample.input).to_values()[0]);
            CHECK(batch.target.to_values()[static_cast<std::size_t>(3 * i)] ==
                  to_tensor(sample.target).to_values()[0]);
            CHECK(batch.real_old[static_cast<std::size_t>(i)] == sample.real_old);
        }
    }
}

TEST_CASE("the samples are the same for any number of workers", "[data][loader]") {
    const auto slow_sometimes = [](Rng& rng) {
        const TrainingSample sample = random_level(rng);
        if (sample.real_old) std::this_thread::sleep_for(std::chrono::microseconds(200));
        return sample;
    };
    std::vector<std::vector<float>> results;
    for (const int workers : {0, 1, 3}) {
        for (const Index prefetch : {1, 4}) {
            Loader<> loader(
                slow_sometimes,
                {.batch_size = 3, .seed = 12, .workers = workers, .prefetch = prefetch});
            results.push_back(numbers_of(loader, 40));
        }
    }
    CHECK(std::set<float>(results[0].begin(), results[0].end()).size() > 100);
    for (const auto& result : results) CHECK(result == results[0]);
}

TEST_CASE("a loader goes on where another one was interrupted", "[data][loader]") {
    for (const int workers : {0, 2}) {
        LoaderOptions options{.batch_size = 2, .seed = 13, .workers = workers};
        Loader<> whole(random_level, options);
        static_cast<void>(numbers_of(whole, 7));
        CHECK(whole.next_batch() == 7);
        options.first_batch = whole.next_batch();
        Loader<> resumed(random_level, options);
        CHECK(numbers_of(resumed, 5) == numbers_of(whole, 5));
        CHECK(resumed.next_batch() == 12);
    }
}

TEST_CASE("a failure reaches the caller at its batch, now and ever after", "[data][loader]") {
    // The first level of 250 or more stands in the same batch whoever draws it.
    const auto fails_sometimes = [](Rng& rng) {
        const TrainingSample sample = random_level(rng);
        const int level = sample.input.samples()[0];
        if (level >= 250) throw IoError("photo " + std::to_string(level) + " is damaged");
        return sample;
    };
    std::set<std::pair<std::uint64_t, std::string>> failures;
    for (const int workers : {0, 1, 3}) {
        Loader<> loader(fails_sometimes, {.batch_size = 2, .seed = 14, .workers = workers});
        std::string message;
        while (message.empty()) {
            message = message_of<IoError>([&] { static_cast<void>(loader.next()); });
        }
        failures.emplace(loader.next_batch(), message);
        CHECK(message_of<IoError>([&] { static_cast<void>(loader.next()); }) == message);
        CHECK(loader.next_batch() == failures.begin()->first);
    }
    CHECK(failures.size() == 1);
    CHECK(failures.begin()->first > 0);
}

TEST_CASE("workers draw ahead, but no further than asked", "[data][loader]") {
    const auto drawn = std::make_shared<std::atomic<int>>(0);
    const auto counting = [drawn](Rng& rng) {
        ++*drawn;
        return random_level(rng);
    };
    Loader<> loader(counting, {.batch_size = 3, .workers = 4, .prefetch = 2});
    const auto settles_at = [&](int expected) {
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (*drawn < expected && std::chrono::steady_clock::now() < give_up) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return *drawn == expected;
    };
    CHECK(settles_at(6));
    static_cast<void>(loader.next());
    CHECK(settles_at(9));
}

TEST_CASE("without workers nothing is drawn ahead", "[data][loader]") {
    const auto drawn = std::make_shared<std::atomic<int>>(0);
    const auto caller = std::this_thread::get_id();
    const auto counting = [drawn, caller](Rng& rng) {
        CHECK(std::this_thread::get_id() == caller);
        ++*drawn;
        return random_level(rng);
    };
    Loader<> loader(counting, {.batch_size = 3, .workers = 0, .prefetch = 5});
    CHECK(*drawn == 0);
    static_cast<void>(loader.next());
    CHECK(*drawn == 3);
}

TEST_CASE("a loader ends while its workers are drawing", "[data][loader]") {
    const auto drawing = std::make_shared<std::atomic<int>>(0);
    const auto slow = [drawing](Rng& rng) {
        ++*drawing;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        --*drawing;
        return random_level(rng);
    };
    for (int i = 0; i < 5; ++i) {
        Loader<> loader(slow, {.batch_size = 100, .workers = 3, .prefetch = 10});
        while (*drawing == 0) std::this_thread::yield();
    }
    CHECK(*drawing == 0);
}

TEST_CASE("a worker leaves the library's threads to others", "[data][loader]") {
    const auto foreign = std::make_shared<std::atomic<int>>(0);
    const auto draw = [foreign](Rng& rng) {
        const auto self = std::this_thread::get_id();
        for_each_chunk({64, 1}, [&](Index, Index) {
            std::this_thread::yield();
            if (std::this_thread::get_id() != self) ++*foreign;
        });
        return random_level(rng);
    };
    const int before = thread_count();
    set_thread_count(3);
    {
        Loader<> loader(draw, {.batch_size = 4, .workers = 2});
        static_cast<void>(numbers_of(loader, 5));
    }
    set_thread_count(before);
    CHECK(*foreign == 0);
}

TEST_CASE("samples of different sizes make no batch", "[data][error]") {
    const auto draw = [](Rng& rng) {
        const Index width = 1 + rng.integer(1000);
        return TrainingSample{flat({width, 1}, 3, 0), flat({1, 1}, 3, 0)};
    };
    Loader<> loader(draw, {.batch_size = 2});
    CHECK_THROWS_AS(loader.next(), ShapeError);
}

TEST_CASE("a loader says which option is out of range", "[data][error]") {
    CHECK_THROWS_WITH(Loader<>(random_level, {.batch_size = 0}),
                      "Loader: batch_size must be positive, got 0");
    CHECK_THROWS_WITH(Loader<>(random_level, {.prefetch = 0}),
                      "Loader: prefetch must be positive, got 0");
    CHECK_THROWS_WITH(Loader<>(random_level, {.workers = -1}),
                      "Loader: workers must lie in 0 .. 64, got -1");
    CHECK_THROWS_WITH(Loader<>(random_level, {.workers = 65}),
                      "Loader: workers must lie in 0 .. 64, got 65");
}
