#include <oldphoto/io/safetensors.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include "../support/shared.hpp"
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using oldphoto::Array;
using oldphoto::DType;
using oldphoto::Index;
using oldphoto::IoError;
using oldphoto::Metadata;
using oldphoto::NamedArrays;
using oldphoto::OptionError;
using oldphoto::Safetensors;
using oldphoto::test::fixture_path;
using oldphoto::test::message_of;
using oldphoto::test::TemporaryFolder;

/// The bytes of a file with that header and data, whatever they say.
std::string safetensors_file(const std::string& header, const std::string& data = "") {
    std::string text(8, '\0');
    for (std::size_t k = 0; k < 8; ++k) text[k] = static_cast<char>(header.size() >> (8 * k));
    return text + header + data;
}

/// The message, less the path, with which a file of these bytes is refused.
std::string safetensors_error(const std::string& bytes) {
    static const TemporaryFolder folder;
    const std::string path = folder / "w.safetensors";
    oldphoto::test::write_text(path, bytes);
    const std::string message =
        message_of<IoError>([&] { (void)oldphoto::read_safetensors(path); });
    CHECK(message_of<IoError>([&] { (void)oldphoto::read_safetensors_header(path); }) == message);
    if (message.empty()) return message;
    REQUIRE(message.rfind(path + ": ", 0) == 0);
    return message.substr(path.size() + 2);
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
    return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
           ",\"data_offsets\":" + offsets + "}";
}

bool equal(const Array& a, const Array& b) {
    return a.dtype() == b.dtype() && a.dims() == b.dims() &&
           std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end());
}

/// Two tensors and metadata in 184 bytes.
std::string small_file() {
    const TemporaryFolder folder;
    NamedArrays tensors;
    tensors.insert("w", Array::from_values<float>({2, 1}, {1.5F, -2.0F}));
    tensors.insert("n", Array::from_values<std::int64_t>({}, {7}));
    Metadata metadata;
    metadata.insert("format", "oldphoto");
    oldphoto::write_safetensors(folder / "a", tensors, metadata);
    return oldphoto::test::read_text(folder / "a");
}

}  // namespace

TEST_CASE("a safetensors file is written byte by byte as the format says", "[io][safetensors]") {
    const std::string header = R"({"__metadata__":{"format":"oldphoto"},)"
                               R"("w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
                               R"("n":{"dtype":"I64","shape":[],"data_offsets":[8,16]}})";
    const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
    // 1.5 = 0x3FC00000 and -2 = 0xC0000000, low byte first
    const std::string data("\0\0\xC0\x3F\0\0\0\xC0\x07\0\0\0\0\0\0\0", 16);
    CHECK(small_file() == safetensors_file(padded, data));
}

TEST_CASE("tensors and metadata come back in their order", "[io][safetensors]") {
    const TemporaryFolder folder;
    NamedArrays tensors;
    tensors.insert("z.weight", Array::from_values<double>({1, 2, 1}, {0.1, -0.2}));
    tensors.insert("a \"quoted\"\n\xC3\xA9", Array::from_values<bool>({3}, {true, false, true}));
    tensors.insert("", Array(DType::f32, {2, 0, 3}));
    for (int code = 0; code <= static_cast<int>(DType::boolean); ++code) {
        Array array(static_cast<DType>(code), {3});
        std::fill(array.bytes().begin(), array.bytes().end(), static_cast<std::byte>(code));
        tensors.insert("type " + std::to_string(code), std::move(array));
    }
    Metadata metadata;
    metadata.insert("vae_a", R"({"ngf": 32, "norm": "instance"})");
    metadata.insert("empty", "");
    oldphoto::write_safetensors(folder / "a", tensors, metadata);

    const Safetensors copy = oldphoto::read_safetensors(folder / "a");
    REQUIRE(copy.tensors.size() == tensors.size());
    CHECK(std::equal(
        tensors.begin(), tensors.end(), copy.tensors.begin(),
        [](const auto& a, const auto& b) { return a.name == b.name && equal(a.value, b.value); }));
    CHECK(std::equal(
        metadata.begin(), metadata.end(), copy.metadata.begin(), copy.metadata.end(),
        [](const auto& a, const auto& b) { return a.name == b.name && a.value == b.value; }));
    CHECK(folder.count() == 1);
}

TEST_CASE("a file without tensors is a file", "[io][safetensors]") {
    const TemporaryFolder folder;
    oldphoto::write_safetensors(folder / "a", {});
    CHECK(oldphoto::test::read_text(folder / "a") == safetensors_file("{}      "));
    CHECK(oldphoto::read_safetensors(folder / "a").tensors.empty());
}

TEST_CASE("the header may list tensors in another order than they lie in", "[io][safetensors]") {
    const TemporaryFolder folder;
    const std::string header = "{" + entry("b", "U8", "[2]", "[1,3]") + "," +
                               entry("empty", "U8", "[0]", "[1,1]") + "," +
                               entry("a", "U8", "[1]", "[0,1]") + "}";
    oldphoto::test::write_text(folder / "a", safetensors_file(header, "xyz"));
    const Safetensors file = oldphoto::read_safetensors(folder / "a");
    CHECK(file.tensors.begin()->name == "b");
    CHECK(file.tensors.at("a").values<int>() == std::vector<int>{'x'});
    CHECK(file.tensors.at("b").values<int>() == std::vector<int>{'y', 'z'});
    CHECK(file.tensors.at("empty").size() == 0);
}

TEST_CASE("read_safetensors_header tells what a file holds", "[io][safetensors]") {
    const TemporaryFolder folder;
    oldphoto::test::write_text(folder / "a", small_file());
    const auto header = oldphoto::read_safetensors_header(folder / "a");
    REQUIRE(header.tensors.size() == 2);
    CHECK(header.tensors[0].name == "w");
    CHECK(header.tensors[0].dtype == DType::f32);
    CHECK(header.tensors[0].dims == std::vector<Index>{2, 1});
    CHECK(header.tensors[1].name == "n");
    CHECK(header.tensors[1].begin == 8);
    CHECK(header.tensors[1].end == 16);
    CHECK(header.data_begin == small_file().size() - 16);
    CHECK(header.metadata.at("format") == "oldphoto");
}

TEST_CASE("a file in memory is read as one on the disk", "[io][safetensors]") {
    const std::string bytes = small_file();
    oldphoto::InputFile file(std::as_bytes(std::span(bytes)), "w");
    const Safetensors contents = oldphoto::read_safetensors(file);
    CHECK(contents.tensors.at("w").values<float>() == std::vector<float>{1.5F, -2.0F});
    CHECK(contents.metadata.at("format") == "oldphoto");
}

TEST_CASE("a header length that cannot be is refused before memory is taken",
          "[io][safetensors][errors]") {
    CHECK(safetensors_error("") == "0 bytes are too few for a safetensors file");
    CHECK(safetensors_error("1234567") == "7 bytes are too few for a safetensors file");
    CHECK(safetensors_error(std::string("\x03\0\0\0\0\0\0\0{}", 10)) ==
          "header length 3 must be at most 100000000 and fit into the file's 10 bytes");
    CHECK(safetensors_error(std::string(8, '\xFF') + "{}") ==
          "header length 18446744073709551615 must be at most 100000000 and fit into the file's "
          "10 bytes");

    const TemporaryFolder folder;  // a file with a hole as large as its header claims to be
    oldphoto::test::write_text(folder / "a", std::string("\x01\xE1\xF5\x05\0\0\0\0{}", 10));
    std::filesystem::resize_file(folder / "a", 200'000'000);
    CHECK(message_of<IoError>([&] { (void)oldphoto::read_safetensors(folder / "a"); }) ==
          folder /
              "a: header length 100000001 must be at most 100000000 and fit into the file's "
              "200000000 bytes");
}

TEST_CASE("a header that is not the format's JSON is refused", "[io][safetensors][errors]") {
    const std::vector<std::pair<std::string, std::string>> faults = {
        {"", "header: byte 0: expected '{'"},
        {" {}", "header: byte 0: expected '{'"},
        {"{", "header: byte 1: expected '\"'"},
        {"{}x", "header: byte 2: expected the end of the text"},
        {R"({"__metadata__":{"a":1}})", "header: byte 21: expected '\"'"},
        {R"({"__metadata__":{"a":"1","a":"2"}})", R"(header: byte 28: name "a" stands twice)"},
        {R"({"w":[]})", "header: byte 5: expected '{'"},
        {R"({"w":{"dtype":3}})", "header: byte 14: expected '\"'"},
        {"{" + entry("w", "U8", "[-1]", "[0,1]") + "}",
         "header: byte 30: expected an integer from 0 to 2^63 - 1, got -1"},
        {"{" + entry("w", "U8", "[1]", "[0,1.0]") + "}",
         "header: byte 52: expected an integer from 0 to 2^63 - 1, got 1.0"},
        {"{" + entry("w", "U8", "[]", "[0,1]") + "," + entry("w", "U8", "[]", "[1,2]") + "}",
         R"(header: byte 55: name "w" stands twice)"},
    };
    for (const auto& [header, message] : faults) {
        CAPTURE(header);
        CHECK(safetensors_error(safetensors_file(header, "x")) == message);
    }
}

TEST_CASE("a tensor that cannot be is named with its values", "[io][safetensors][errors]") {
    const std::vector<std::pair<std::string, std::string>> faults = {
        {entry("w", "F8_E4M3", "[1]", "[0,1]"), R"("w": dtype "F8_E4M3" is not supported)"},
        {R"("w":{"dtype":"U8","shape":[1]})", R"("w": needs dtype, shape, two data_offsets)"},
        {R"("w":{})", R"("w": needs dtype, shape, two data_offsets)"},
        {entry("w", "U8", "[1]", "[0]"), R"("w": needs dtype, shape, two data_offsets)"},
        {R"("w":{"dtype":"U8","strides":[1]})", R"("w": unknown key "strides")"},
        {entry("w", "F32", "[2,2]", "[0,12]"),
         R"("w": float32 (2, 2) does not fill data_offsets (0, 12))"},
        {entry("w", "U8", "[1]", "[1,0]"), R"("w": uint8 (1) does not fill data_offsets (1, 0))"},
        {entry("w", "F64", "[4294967296,4294967296]", "[0,0]"),
         R"("w": float64 (4294967296, 4294967296) does not fill data_offsets (0, 0))"},
        {entry("\\u001b[31m", "U8", "[2]", "[0,1]"),
         R"("\u001b[31m": uint8 (2) does not fill data_offsets (0, 1))"},
        {entry("w", "U8", "[1]", "[1,2]"),
         R"("w": begins at byte 1 of the data, but the tensors before it end at 0)"},
        {entry("a", "U8", "[2]", "[0,2]") + "," + entry("w", "U8", "[1]", "[1,2]"),
         R"("w": begins at byte 1 of the data, but the tensors before it end at 2)"},
        {entry("a", "U8", "[1]", "[0,1]") + "," + entry("w", "U8", "[0]", "[2,2]"),
         R"("w": begins at byte 2 of the data, but the tensors before it end at 1)"},
    };
    for (const auto& [entries, message] : faults) {
        CAPTURE(entries);
        CHECK(safetensors_error(safetensors_file("{" + entries + "}", "xy")) ==
              "tensor " + message);
    }
}

TEST_CASE("data that is shorter or longer than the tensors is refused",
          "[io][safetensors][errors]") {
    const std::string header = "{" + entry("w", "U8", "[2]", "[0,2]") + "}";
    CHECK(safetensors_error(safetensors_file(header, "x")) ==
          "tensors take 2 bytes, but the file holds 1");
    CHECK(safetensors_error(safetensors_file(header, "xyz")) ==
          "tensors take 2 bytes, but the file holds 3");
    CHECK(safetensors_error(safetensors_file(header, "xy")).empty());
}

TEST_CASE("a file that ends anywhere too early is refused", "[io][safetensors][fuzz]") {
    const std::string whole = small_file();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        CHECK_FALSE(safetensors_error(whole.substr(0, size)).empty());
    }
    CHECK(safetensors_error(whole).empty());
}

TEST_CASE("a file with a wrong byte anywhere is read or refused", "[io][safetensors][fuzz]") {
    const std::string whole = small_file();
    std::size_t refused = 0;
    for (std::size_t place = 0; place < whole.size(); ++place) {
        for (const int flip : {0x01, 0x10, 0x80, 0xFF}) {
            std::string changed = whole;
            changed[place] = static_cast<char>(changed[place] ^ flip);
            refused += safetensors_error(changed).empty() ? 0 : 1;
        }
    }
    CHECK(refused > whole.size());
}

TEST_CASE("what cannot be read back is not written", "[io][safetensors][errors]") {
    const TemporaryFolder folder;
    const auto message = [&](const std::string& name, const std::string& text) {
        return message_of<OptionError>([&] {
            NamedArrays tensors;
            tensors.insert(name, Array(DType::u8, {}));
            Metadata metadata;
            metadata.insert("key", text);
            oldphoto::write_safetensors(folder / "a", tensors, metadata);
        });
    };
    CHECK(message("__metadata__", "") == "write_safetensors: no tensor may be named __metadata__");
    CHECK(message("\xFF", "") == "quote_json: text must be valid UTF-8");
    CHECK(message("w", "\xFF") == "quote_json: text must be valid UTF-8");
    CHECK(message("w", std::string(100'000'000, 'x')).find("the format allows 100000000") !=
          std::string::npos);
    CHECK(folder.count() == 0);
}

TEST_CASE("the checkpoints of the fixtures are read", "[io][safetensors][fixture]") {
    OLDPHOTO_NEEDS_FIXTURE("ckpt/mapping_scratch.safetensors");
    const std::vector<std::pair<std::string, std::pair<std::size_t, Index>>> expected = {
        {"vae_A", {44, 33735}},           {"vae_B", {44, 33735}},
        {"mapping_quality", {24, 57300}}, {"mapping_quality_dil2_feat", {22, 46962}},
        {"mapping_scratch", {44, 90948}}, {"detection", {156, 149837}}};
    for (const auto& [name, counts] : expected) {
        CAPTURE(name);
        const auto path = fixture_path("ckpt/" + name + ".safetensors");
        const Safetensors file = oldphoto::read_safetensors(path);
        Index values = 0;
        for (const auto& [key, array] : file.tensors) values += array.size();
        CHECK(file.tensors.size() == counts.first);
        CHECK(values == counts.second);

        const TemporaryFolder folder;
        oldphoto::write_safetensors(folder / "copy", file.tensors, file.metadata);
        CHECK(oldphoto::test::read_text(folder / "copy") == oldphoto::test::read_text(path));
    }
}

TEST_CASE("a fixture's names, shapes and values are those that PyTorch stored",
          "[io][safetensors][fixture]") {
    OLDPHOTO_NEEDS_FIXTURE("ckpt/detection.safetensors");
    const Safetensors file = oldphoto::read_safetensors(fixture_path("ckpt/detection.safetensors"));
    CHECK(file.tensors.begin()->name == "first.1.weight");
    CHECK(file.tensors.at("first.1.weight").dims() == std::vector<Index>{4, 1, 7, 7});
    const Array& batches = file.tensors.at("down_path.0.block.2.num_batches_tracked");
    CHECK(batches.dtype() == DType::i64);
    CHECK(batches.dims().empty());
    CHECK(file.metadata.empty());
}

TEST_CASE("the starter model is read with its options", "[io][safetensors][fixture]") {
    OLDPHOTO_NEEDS_SHARED("models/starter.safetensors");
    const auto path = oldphoto::test::shared_path("models/starter.safetensors");
    const Safetensors file = oldphoto::read_safetensors(path);
    CHECK(file.tensors.size() == 76);
    CHECK(file.metadata.size() == 5);
    CHECK(file.metadata.at("format") == "oldphoto");
    const auto vae = oldphoto::parse_flat_object(file.metadata.at("vae_b"), path + ": vae_b");
    CHECK(vae.at("ngf") == 32.0);
    CHECK(vae.at("output") == "linear");
    const auto tone = oldphoto::parse_flat_object(file.metadata.at("tone"), path + ": tone");
    CHECK(tone.at("eps") == 1e-4);
    CHECK(file.tensors.at("vae_a.encoder.1.weight").dims() == std::vector<Index>{32, 3, 7, 7});
    CHECK(file.tensors.at("mapping.model.0.weight").dims() == std::vector<Index>{96, 48, 3, 3});
}
