#include <oldphoto/nn/activation.hpp>
#include <oldphoto/pipeline/restorer.hpp>

#include <catch2/catch.hpp>

#include "../support/arrays.hpp"
#include "../support/files.hpp"
#include "../support/pictures.hpp"
#include "../support/small_model.hpp"
#include "../support/threads.hpp"
#include <filesystem>

using namespace oldphoto;

namespace {

/// A picture without pattern or repetition.
Image noise_picture(Size size, Index channels, std::uint64_t seed = 1) {
    Rng rng(seed);
    const auto numbers =
        uniform<double, 1>({size.width * size.height * channels}, rng, 0, 256).to_values();
    std::vector<std::uint8_t> samples;
    for (const double number : numbers) samples.push_back(static_cast<std::uint8_t>(number));
    return Image::from_samples(size, channels, std::move(samples));
}

/// The small model's restorer, its tone carried or free.
Restorer<> small_restorer(bool carried = true) {
    const test::TemporaryFolder folder;
    test::SmallModel model;
    if (!carried) model.metadata = {};
    model.write(folder / "m.safetensors");
    return Restorer<>::load(folder / "m.safetensors");
}

/// The message of the error with which loading `path` fails, the path replaced by "PATH".
template <class E>
std::string load_message(const std::string& path) {
    auto message = test::message_of<E>([&] { static_cast<void>(Restorer<>::load(path)); });
    if (message.starts_with(path)) message.replace(0, path.size(), "PATH");
    return message;
}

/// The same for a model file of the given content.
std::string load_message(const NamedArrays& arrays, const Metadata& metadata) {
    const test::TemporaryFolder folder;
    write_safetensors(folder / "m.safetensors", arrays, metadata);
    return load_message<IoError>(folder / "m.safetensors");
}

std::string load_message(const test::SmallModel& model) {
    return load_message(model.arrays(), model.metadata);
}

test::SmallModel with_metadata(const std::string& name, const std::string& text) {
    test::SmallModel model;
    model.metadata = {};
    model.metadata.insert(name, text);
    return model;
}

/// A user's own mapping, of a type of its own.
struct Brighten {
    double amount;

    template <class T, class B>
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& z) const {
        return z + amount;
    }
};

}  // namespace

TEST_CASE("a photo of any size is restored at its size", "[pipeline][restorer]") {
    for (const bool carried : {true, false}) {
        const auto restorer = small_restorer(carried);
        for (const Size size : {Size{1, 1}, Size{1, 2}, Size{2, 1}, Size{3, 5}, Size{5, 3},
                                Size{7, 64}, Size{64, 7}, Size{8, 8}, Size{2000, 1}}) {
            INFO(to_string(size));
            for (const Index channels : {1, 3}) {
                const auto photo = noise_picture(size, channels);
                const auto restored = restorer(photo).photo;
                CHECK(restored.size() == size);
                CHECK(restored.channels() == channels);
                CHECK(restored.bits() == 8);
                CHECK_FALSE(restored.has_alpha());
            }
        }
    }
}

TEST_CASE("a restoration follows its photo", "[pipeline][restorer]") {
    const auto restorer = small_restorer();
    const auto first = restorer(noise_picture({20, 16}, 3, 1)).photo;
    CHECK(first == restorer(noise_picture({20, 16}, 3, 1)).photo);
    CHECK_FALSE(first == restorer(noise_picture({20, 16}, 3, 2)).photo);
}

TEST_CASE("a grey photo is restored as its colour copy and made grey again",
          "[pipeline][restorer]") {
    const auto restorer = small_restorer();
    const auto photo = noise_picture({21, 13}, 1);
    const auto restored = restorer(photo).photo;
    CHECK(restored == to_grey(restorer(to_rgb(photo)).photo));
}

TEST_CASE("alpha is kept as it was and changes nothing else", "[pipeline][restorer]") {
    const auto restorer = small_restorer();
    for (const Index channels : {1, 3}) {
        auto photo = noise_picture({9, 10}, channels);
        const auto opaque = restorer(photo).photo;
        const auto alpha = test::samples_of(noise_picture({9, 10}, 1, 5));
        photo.set_alpha(alpha);
        const auto restored = restorer(photo).photo;
        CHECK(test::alpha_of(restored) == alpha);
        CHECK(test::samples_of(restored) == test::samples_of(opaque));
    }
}

TEST_CASE("a 16-bit photo is restored as its 8-bit copy", "[pipeline][restorer]") {
    const auto restorer = small_restorer();
    std::vector<std::uint16_t> samples;
    for (Index i = 0; i < 10 * 9 * 3; ++i) {
        samples.push_back(static_cast<std::uint16_t>(i * 7919 % 65536));
    }
    auto photo = Image::from_samples({10, 9}, 3, samples);
    photo.set_alpha(std::vector<std::uint16_t>(90, 40000));
    const auto restored = restorer(photo).photo;
    CHECK(restored.bits() == 8);
    CHECK(restored == restorer(to_8_bit(photo)).photo);
}

TEST_CASE("a restoration has the same bits with any number of threads", "[pipeline][determinism]") {
    const auto restorer = small_restorer();
    const auto photo = noise_picture({73, 58}, 3);
    CHECK(test::same_for_any_threads([&] { return test::samples_of(restorer(photo).photo); }));
}

TEST_CASE("a mapping of a user's own type takes the place of the usual one",
          "[pipeline][restorer]") {
    const auto usual = small_restorer();
    const auto& networks = usual.translation();
    const auto photo = noise_picture({24, 17}, 3);

    const TripletTranslation<float, Cpu, Vae<>, Identity> without(
        networks.vae_a(), Identity{}, networks.vae_b(), networks.tone());
    const auto identity = Restorer(without)(photo).photo;
    CHECK(identity.size() == photo.size());
    CHECK_FALSE(identity == usual(photo).photo);

    using Brighter = TripletTranslation<float, Cpu, Vae<>, Brighten>;
    const auto brightened = [&](double amount) {
        return Restorer(Brighter(networks.vae_a(), Brighten{amount}, networks.vae_b(),
                                 networks.tone()))(photo)
            .photo;
    };
    CHECK(brightened(0) == identity);
    CHECK_FALSE(brightened(3) == identity);
}

TEST_CASE("a model file may hold more than the restorer reads", "[pipeline][restorer]") {
    test::SmallModel model;
    auto arrays = model.arrays();
    arrays.insert("detector.first.1.weight", Array(DType::f32, {1, 1, 7, 7}));
    model.metadata.insert("detector", R"({"depth": 4})");
    CHECK(load_message(arrays, model.metadata).empty());
}

TEST_CASE("files that are no weights are refused by name", "[pipeline][error]") {
    const test::TemporaryFolder folder;
    CHECK_THAT(load_message<IoError>(folder / "none.safetensors"), Catch::StartsWith("PATH: "));

    const auto path = folder / "m.safetensors";
    test::SmallModel().write(path);
    const auto size = std::filesystem::file_size(path);
    for (const auto kept : {std::uintmax_t{0}, std::uintmax_t{5}, size / 50, size / 2, size - 1}) {
        INFO(kept);
        std::filesystem::resize_file(path, kept);
        CHECK_THAT(load_message<IoError>(path), Catch::StartsWith("PATH: "));
        test::SmallModel().write(path);
    }
    CHECK(load_message<IoError>(path).empty());
}

TEST_CASE("models that do not fit are refused by file and network", "[pipeline][error]") {
    const test::SmallModel model;
    const auto arrays = model.arrays();
    CHECK(load_message(with_prefix(arrays, "vae_a.", "vae_a."), {}) ==
          "PATH: has no weights whose names begin with \"mapping.\"; the first is "
          "\"vae_a.encoder.1.weight\"");

    CHECK(
        load_message(test::replaced(arrays, "vae_a.encoder.4.bias", Array(DType::f32, {5})), {}) ==
        "PATH: vae_a: \"encoder.4.bias\" has another shape\n"
        "  network = (6)\n"
        "  file    = (5)");
    CHECK(
        load_message(test::replaced(arrays, "mapping.model.0.bias", Array(DType::i64, {12})), {}) ==
        "PATH: mapping: \"model.0.bias\" (12) has type int64; expected a floating type");

    auto more = arrays;
    more.insert("vae_b.decoder.99.bias", Array(DType::f32, {2}));
    CHECK(load_message(more, {}) ==
          "PATH: vae_b: \"decoder.99.bias\" (2) is not a part of the network");

    CHECK(load_message(test::without(arrays, "vae_b.decoder.4.bias"), {}) ==
          "PATH: vae_b: \"decoder.4.bias\" is missing; the network has it as (6)");
}

TEST_CASE("networks that do not follow one another are refused", "[pipeline][error]") {
    const auto message_of = [](const VaeOptions& a, const MappingOptions& mapping,
                               const VaeOptions& b) {
        NamedArrays arrays;
        const auto init = Init::zeros();
        save_state<float>(Vae<>(a, init), arrays, "vae_a.");
        save_state<float>(Mapping<>(mapping, init), arrays, "mapping.");
        save_state<float>(Vae<>(b, init), arrays, "vae_b.");
        return load_message(arrays, {});
    };
    const test::SmallModel model;
    CHECK(message_of(model.vae, model.mapping, model.vae).empty());

    auto mapping = model.mapping;
    mapping.base = 5;
    CHECK(message_of(model.vae, mapping, model.vae) ==
          "PATH: vae_a must give as many channels as mapping takes, got 6 and 5");
    mapping = model.mapping;
    mapping.latent_channels = 4;
    CHECK(message_of(model.vae, mapping, model.vae) ==
          "PATH: mapping must give as many channels as vae_b takes, got 4 and 6");
    auto vae = model.vae;
    vae.in_channels = 1;
    CHECK(message_of(vae, model.mapping, model.vae) ==
          "PATH: vae_a must take as many channels as vae_b gives, got 1 and 3");
    CHECK(message_of(vae, model.mapping, vae) ==
          "PATH: photos have 3 channels, the networks take 1");
    vae = model.vae;
    vae.stages = 4;
    CHECK(message_of(model.vae, model.mapping, vae) ==
          "PATH: vae_a must shrink pictures by the factor by which vae_b enlarges them, got 4 "
          "and 8");
}

TEST_CASE("options in a model file that cannot be are refused by file and network",
          "[pipeline][error]") {
    CHECK(load_message(with_metadata("mapping", R"({"dilation": 0})")) ==
          "PATH: mapping: option \"dilation\": expected a whole number of 1..64, got 0");
    CHECK(load_message(with_metadata("vae_b", R"({"output": "sigmoid"})")) ==
          "PATH: vae_b: option \"output\": expected \"tanh\" or \"linear\", got \"sigmoid\"");
    CHECK(load_message(with_metadata("tone", R"({"eps": 0})")) ==
          "PATH: tone: option \"eps\": expected a number of 1e-12..1, got 0");
    CHECK_THAT(load_message(with_metadata("tone", R"({"eps": NaN})")),
               Catch::StartsWith("PATH: metadata \"tone\": byte 8: "));
    CHECK_THAT(load_message(with_metadata("mapping", "[1]")),
               Catch::StartsWith("PATH: metadata \"mapping\": "));
}
