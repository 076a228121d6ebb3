#include <oldphoto/nn/conv2d.hpp>
#include <oldphoto/nn/norm.hpp>
#include <oldphoto/nn/sequential.hpp>
#include <oldphoto/pipeline/weights.hpp>

#include <catch2/catch.hpp>

#include "../support/arrays.hpp"
#include "../support/files.hpp"
#include "../support/state.hpp"
#include <cstring>

using namespace oldphoto;

namespace {

using Numbers = std::vector<float>;

// "0.weight" (1, 1, 1, 2), "0.bias" (1), then a batch norm's "1.weight" ... (1) and its counter ().
Sequential<float> small_net(const Init& init) {
    return {Conv2d<>({.in_channels = 1, .out_channels = 1, .kernel = {1, 2}}, init),
            BatchNorm2d<>(1)};
}

NamedArrays arrays_of(const Sequential<float>& net) {
    NamedArrays arrays;
    save_state<float>(net, arrays, "");
    return arrays;
}

Numbers state_values(const Sequential<float>& net) {
    Numbers values;
    for (const auto& entry : state_of<float>(net)) {
        const auto part = entry.variable.value().to_values();
        values.insert(values.end(), part.begin(), part.end());
    }
    return values;
}

std::string load_message(const NamedArrays& arrays) {
    const auto net = small_net(Init::zeros());
    const auto before = state_values(net);
    const auto message =
        test::message_of<WeightsError>([&] { load_state<float>(net, arrays, "m.safetensors"); });
    CHECK(state_values(net) == before);
    return message;
}

}  // namespace

TEST_CASE("a state comes back from a file as it was", "[pipeline][weights]") {
    const test::TemporaryFolder folder;
    Rng rng(1);
    const auto net = small_net(rng);
    NamedArrays arrays;
    save_state<float>(net, arrays, "vae_a.");
    arrays.insert("mapping.other", Array::from_values<float>({1}, {5}));
    write_safetensors(folder / "m.safetensors", arrays);

    const auto file = read_safetensors(folder / "m.safetensors");
    const auto part = with_prefix(file.tensors, "vae_a.");
    CHECK(part.size() == 7);
    const auto copy = small_net(Init::zeros());
    CHECK(state_values(copy) != state_values(net));
    load_state<float>(copy, part, "m.safetensors");
    CHECK(state_values(copy) == state_values(net));
}

TEST_CASE("states are converted from the type in which they are stored", "[pipeline][weights]") {
    Rng rng(1);
    auto arrays = arrays_of(small_net(rng));
    // 1, -2 as binary16; the counter as PyTorch stores it.
    const Array half = [] {
        Array array(DType::f16, {1, 1, 1, 2});
        constexpr std::uint16_t bits[] = {0x3C00, 0xC000};
        std::memcpy(array.bytes().data(), bits, sizeof bits);
        return array;
    }();
    const Array counter = Array::from_values<std::int64_t>({}, {7});
    arrays =
        test::replaced(test::replaced(arrays, "0.weight", half), "1.num_batches_tracked", counter);
    const auto net = small_net(Init::zeros());
    load_state<float>(net, arrays, "m.safetensors");
    const auto values = state_values(net);
    CHECK(values[0] == 1);
    CHECK(values[1] == -2);
    CHECK(values.back() == 7);
}

TEST_CASE("a prefix is taken off or replaced", "[pipeline][weights]") {
    NamedArrays arrays;
    for (const auto* name : {"vae_a.encoder.1", "vae_a.decoder.1", "mapping.1"}) {
        arrays.insert(name, Array(DType::f32, {}));
    }
    const auto names = [](const NamedArrays& part) {
        std::vector<std::string> list;
        for (const auto& entry : part) list.push_back(entry.name);
        return list;
    };
    using Names = std::vector<std::string>;
    CHECK(names(with_prefix(arrays, "vae_a.")) == Names{"encoder.1", "decoder.1"});
    CHECK(names(with_prefix(arrays, "vae_a.encoder.", "encoder.")) == Names{"encoder.1"});
    CHECK(with_prefix(arrays, "vae_b.").empty());
}

TEST_CASE("a state that does not fit is refused as a whole, by name and shapes",
          "[pipeline][error]") {
    Rng rng(1);
    const auto arrays = arrays_of(small_net(rng));
    CHECK(load_message(test::without(arrays, "0.bias")) ==
          "m.safetensors: \"0.bias\" is missing; the network has it as (1)");

    const Array misshapen(DType::f32, {1, 1, 2, 1});
    CHECK(load_message(test::replaced(arrays, "0.weight", misshapen)) ==
          "m.safetensors: \"0.weight\" has another shape\n"
          "  network = (1, 1, 1, 2)\n"
          "  file    = (1, 1, 2, 1)");

    const Array whole(DType::i32, {1});
    CHECK(load_message(test::replaced(arrays, "1.bias", whole)) ==
          "m.safetensors: \"1.bias\" (1) has type int32; expected a floating type");

    auto more = arrays;
    more.insert("2.weight\n", Array(DType::f32, {3, 4}));
    CHECK(load_message(more) ==
          "m.safetensors: \"2.weight\\u000a\" (3, 4) is not a part of the network");
}
