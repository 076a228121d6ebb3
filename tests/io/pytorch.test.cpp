#include <oldphoto/io/pytorch.hpp>
#include <oldphoto/io/safetensors.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include "../support/npz.hpp"
#include "../support/pickles.hpp"
#include "../support/shared.hpp"
#include "../support/zip.hpp"
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::string_literals;  // they may hold zeros

using oldphoto::Array;
using oldphoto::DType;
using oldphoto::Index;
using oldphoto::IoError;
using oldphoto::NamedArrays;
using oldphoto::PytorchOptions;
using oldphoto::read_pytorch;
using oldphoto::test::fixture_path;
using oldphoto::test::legacy_checkpoint;
using oldphoto::test::little_endian;
using oldphoto::test::message_of;
using oldphoto::test::op_call;
using oldphoto::test::op_dict;
using oldphoto::test::op_global;
using oldphoto::test::op_integer;
using oldphoto::test::op_integers;
using oldphoto::test::op_storage;
using oldphoto::test::op_tensor;
using oldphoto::test::op_text;
using oldphoto::test::op_tuple;
using oldphoto::test::pickle;
using oldphoto::test::read_text;
using oldphoto::test::StoredBytes;
using oldphoto::test::TemporaryFolder;
using oldphoto::test::write_zip;
using oldphoto::test::ZipMember;

NamedArrays read_bytes(const std::string& text, const PytorchOptions& options = {}) {
    return read_pytorch(std::as_bytes(std::span(text)), "f", options);
}

/// The message, less the name, with which these bytes are refused.
std::string pytorch_error(const std::string& text, const PytorchOptions& options = {}) {
    const std::string message = message_of<IoError>([&] { (void)read_bytes(text, options); });
    return message.rfind("f: ", 0) == 0 ? message.substr(3) : message;
}

/// The bytes of an archive.
std::string zip_of(const std::vector<ZipMember>& members) {
    const TemporaryFolder folder;
    write_zip(folder / "a.zip", members);
    return read_text(folder / "a.zip");
}

/// n bytes 0, 1, 2 ... and the storage "0" that holds them.
StoredBytes byte_storage(int n) {
    StoredBytes storage{"0", n, ""};
    for (int k = 0; k < n; ++k) storage.bytes += static_cast<char>(k);
    return storage;
}

/// A tensor of uint8 in a storage "0" of 6 elements.
std::string byte_tensor(std::int32_t offset, const std::vector<std::int32_t>& dims,
                        const std::vector<std::int32_t>& strides) {
    return op_tensor(op_storage("0", 6, "ByteStorage"), offset, dims, strides);
}

/// A file whose dictionary holds these keys and values, and the storage of byte_tensor.
std::string byte_file(const std::string& items) {
    return legacy_checkpoint(op_dict(items), {byte_storage(6)});
}

std::vector<int> ints_of(const NamedArrays& arrays, const std::string& name) {
    return arrays.at(name).values<int>();
}

std::vector<std::string> names_of(const NamedArrays& arrays) {
    std::vector<std::string> names;
    for (const auto& entry : arrays) names.push_back(entry.name);
    return names;
}

void check_equal(const NamedArrays& a, const NamedArrays& b) {
    REQUIRE(names_of(a) == names_of(b));
    for (const auto& [name, array] : a) {
        CAPTURE(name);
        const Array& other = b.at(name);
        CHECK(array.dtype() == other.dtype());
        CHECK(array.dims() == other.dims());
        CHECK(std::equal(array.bytes().begin(), array.bytes().end(), other.bytes().begin(),
                         other.bytes().end()));
    }
}

struct Counts {
    std::string name;
    std::size_t entries;
    Index values;
};

}  // namespace

TEST_CASE("every checkpoint of the fixtures holds as much as PyTorch stored",
          "[io][pytorch][fixture]") {
    OLDPHOTO_NEEDS_SHARED("fixtures/ckpt/vae_A.zip.pth");
    const std::vector<Counts> files = {{"detection.legacy.pt", 156, 149837},
                                       {"detection.zip.pt", 156, 149837},
                                       {"disc_feat.zip.pth", 10, 12093},
                                       {"disc_image.zip.pth", 20, 23034},
                                       {"disc_image3.zip.pth", 30, 34551},
                                       {"disc_image_sn.legacy.pth", 40, 25652},
                                       {"disc_image_sn.zip.pth", 40, 25652},
                                       {"edge_cases.legacy.pth", 18, 115},
                                       {"edge_cases.zip.pth", 18, 115},
                                       {"face_spade.zip.pth", 234, 150547},
                                       {"face_spade_parsing.zip.pth", 234, 60183},
                                       {"mapping_hr.zip.pth", 66, 182868},
                                       {"mapping_quality.zip.pth", 24, 57300},
                                       {"mapping_quality_dil2_feat.zip.pth", 22, 46962},
                                       {"mapping_scratch.legacy.pth", 44, 90948},
                                       {"mapping_scratch.zip.pth", 44, 90948},
                                       {"nonlocal_v0.zip.pth", 20, 8472},
                                       {"nonlocal_v1.zip.pth", 20, 8472},
                                       {"nonlocal_v2.zip.pth", 20, 8472},
                                       {"nonlocal_v3.zip.pth", 20, 8472},
                                       {"protocol2.legacy.pth", 1, 24},
                                       {"protocol2.zip.pth", 1, 24},
                                       {"protocol3.legacy.pth", 1, 24},
                                       {"protocol3.zip.pth", 1, 24},
                                       {"protocol4.legacy.pth", 1, 24},
                                       {"protocol4.zip.pth", 1, 24},
                                       {"vae_A.legacy.pth", 44, 33735},
                                       {"vae_A.zip.pth", 44, 33735},
                                       {"vae_B.legacy.pth", 44, 33735}};
    for (const auto& [name, entries, values] : files) {
        CAPTURE(name);
        const NamedArrays arrays = read_pytorch(fixture_path("ckpt/" + name));
        Index count = 0;
        for (const auto& [key, array] : arrays) count += array.size();
        CHECK(arrays.size() == entries);
        CHECK(count == values);
    }
}

TEST_CASE("both containers and safetensors hold the same tensors in the same order",
          "[io][pytorch][fixture]") {
    OLDPHOTO_NEEDS_SHARED("fixtures/ckpt/vae_A.zip.pth");
    for (const std::string name : {"vae_A", "vae_B", "mapping_quality", "mapping_quality_dil2_feat",
                                   "mapping_scratch", "detection"}) {
        CAPTURE(name);
        const std::string path = fixture_path("ckpt/" + name);
        const std::string extension = name == "detection" ? ".pt" : ".pth";
        const NamedArrays expected = oldphoto::read_safetensors(path + ".safetensors").tensors;
        int containers = 0;
        for (const std::string container : {".zip", ".legacy"}) {
            std::string file = path;
            file.append(container).append(extension);
            if (!std::filesystem::exists(file)) continue;
            ++containers;
            const NamedArrays arrays = read_pytorch(file);
            REQUIRE(arrays.size() == expected.size());
            for (const auto& [key, array] : arrays) {
                CAPTURE(key);
                const Array& other = expected.at(key);
                CHECK(array.dtype() == other.dtype());
                CHECK(array.dims() == other.dims());
                CHECK(std::equal(array.bytes().begin(), array.bytes().end(), other.bytes().begin(),
                                 other.bytes().end()));
            }
        }
        CHECK(containers > 0);
    }
    for (const std::string name : {"vae_A", "mapping_scratch", "disc_image_sn"}) {
        CAPTURE(name);
        const std::string path = fixture_path("ckpt/" + name);
        check_equal(read_pytorch(path + ".zip.pth"), read_pytorch(path + ".legacy.pth"));
    }
}

TEST_CASE("views, shared storages, parameters and every element type come back exactly",
          "[io][pytorch][fixture]") {
    OLDPHOTO_NEEDS_FIXTURE("ckpt/edge_cases.zip.pth");
    const auto expected = oldphoto::test::read_npz(fixture_path("ckpt_expected/edge_cases.npz"));
    const NamedArrays arrays = read_pytorch(fixture_path("ckpt/edge_cases.zip.pth"));
    check_equal(arrays, read_pytorch(fixture_path("ckpt/edge_cases.legacy.pth")));
    CHECK(names_of(arrays) ==
          std::vector<std::string>{"plain", "transposed_view", "shared_a", "shared_b", "parameter",
                                   "frozen_parameter", "half", "double", "bfloat16", "int64",
                                   "int32", "int16", "uint8", "int8", "bool", "scalar", "empty",
                                   "name with / and \xC3\xA9"});
    CHECK(arrays.at("half").dtype() == DType::f16);
    CHECK(arrays.at("double").dtype() == DType::f64);
    CHECK(arrays.at("bfloat16").dtype() == DType::bf16);
    CHECK(arrays.at("int8").dtype() == DType::i8);
    CHECK(arrays.at("bool").dtype() == DType::boolean);
    CHECK(arrays.at("scalar").dims().empty());
    REQUIRE(arrays.size() == expected.size());
    for (const auto& [name, array] : arrays) {
        CAPTURE(name);
        const bool renamed = name.rfind("name with", 0) == 0;
        const auto& values = expected.at(renamed ? "name_with___and_e" : name);
        CHECK(array.dims() == values.dims);
        if (values.type == "<i8") {
            CHECK(array.values<std::int64_t>() == values.values<std::int64_t>());
        } else {
            CHECK(array.values<float>() == values.values<float>());
        }
    }
}

TEST_CASE("pickle protocols 2, 3 and 4 say the same", "[io][pytorch][fixture]") {
    OLDPHOTO_NEEDS_FIXTURE("ckpt/protocol2.zip.pth");
    const NamedArrays arrays = read_pytorch(fixture_path("ckpt/protocol2.zip.pth"));
    CHECK(arrays.at("w").dims() == std::vector<Index>{4, 6});
    CHECK(arrays.at("w").values<float>()[0] == std::bit_cast<float>(0x3F75FCF0U));
    for (const std::string name : {"2.legacy", "3.zip", "3.legacy", "4.zip", "4.legacy"}) {
        CAPTURE(name);
        check_equal(read_pytorch(fixture_path("ckpt/protocol" + name + ".pth")), arrays);
    }
}

TEST_CASE("a tensor shows its storage by offset, extents and strides", "[io][pytorch]") {
    const NamedArrays arrays = read_bytes(byte_file(
        op_text("all") + byte_tensor(0, {2, 3}, {3, 1}) + op_text("turned") +
        byte_tensor(0, {3, 2}, {1, 3}) + op_text("part") + byte_tensor(1, {2, 2}, {3, 1}) +
        op_text("column") + byte_tensor(2, {2, 1}, {3, 7}) + op_text("repeated") +
        byte_tensor(4, {2, 2}, {0, 1}) + op_text("scalar") + byte_tensor(5, {}, {}) +
        op_text("empty") + byte_tensor(99, {2, 0}, {1, 1})));
    CHECK(ints_of(arrays, "all") == std::vector<int>{0, 1, 2, 3, 4, 5});
    CHECK(ints_of(arrays, "turned") == std::vector<int>{0, 3, 1, 4, 2, 5});
    CHECK(ints_of(arrays, "part") == std::vector<int>{1, 2, 4, 5});
    CHECK(ints_of(arrays, "column") == std::vector<int>{2, 5});
    CHECK(ints_of(arrays, "repeated") == std::vector<int>{4, 5, 4, 5});
    CHECK(ints_of(arrays, "scalar") == std::vector<int>{5});
    CHECK(arrays.at("empty").dims() == std::vector<Index>{2, 0});
}

TEST_CASE("the state dict is found beside other entries", "[io][pytorch]") {
    const std::string w = op_text("w") + byte_tensor(0, {1}, {1});
    const std::string v = op_text("v") + byte_tensor(1, {1}, {1});
    const std::string state = op_text("model_state") + op_dict(w);
    const std::string other = op_text("ema") + op_dict(v);
    using Names = std::vector<std::string>;
    CHECK(names_of(read_bytes(byte_file(op_text("epoch") + "K\7" + other + state))) == Names{"w"});
    CHECK(names_of(read_bytes(byte_file(op_text("state_dict") + op_dict(v) + state))) ==
          Names{"w"});
    CHECK(names_of(read_bytes(byte_file(op_text("model_state") + "N" + op_text("model") +
                                        op_dict(v)))) == Names{"v"});
    CHECK(names_of(read_bytes(byte_file(w + op_text("model_state") + op_dict(v)))) ==
          Names{"w", "model_state.v"});
    CHECK(names_of(read_bytes(byte_file(other + op_text("net") + op_dict(w)))) ==
          Names{"ema.v", "net.w"});
    CHECK(names_of(read_bytes(byte_file(state + other), {.entry = "ema"})) == Names{"v"});
    CHECK(read_bytes(byte_file(op_text("model_state") + "}" + other)).empty());
}

TEST_CASE("names are the keys and places on the way to a tensor", "[io][pytorch]") {
    const std::string tensor = byte_tensor(0, {1}, {1});
    const std::string nested = op_text("a") + "](N" + op_tuple("K\1" + tensor) + "e" +  // a.1.1
                               op_integer(-3) + op_dict(op_text("") + tensor) +         // -3.
                               "N" + tensor +  // no key for a name
                               op_text("p") +
                               op_call("_rebuild_parameter", tensor + "\x88N") +  // p
                               op_text("size") + op_global("torch", "Size") + "K\1\x85\x85R";
    CHECK(names_of(read_bytes(byte_file(op_text("net") + op_dict(nested)))) ==
          std::vector<std::string>{"net.a.1.1", "net.-3.", "net.p"});
}

TEST_CASE("what older and younger versions of PyTorch wrote is read", "[io][pytorch]") {
    // Python 2: OrderedDict([[key, value]]), texts of bytes, a memo that begins at 1.
    const std::string python2 = op_global("collections", "OrderedDict") + "](](U\1w" +
                                byte_tensor(0, {2}, {1}) + "ee\x85q\1R";
    CHECK(ints_of(read_bytes(legacy_checkpoint(python2, {byte_storage(6)})), "w") ==
          std::vector<int>{0, 1});

    // A storage that is a part of another one, and a rebuild function without requires_grad.
    const std::string view = op_tuple(op_text("9") + op_integer(2) + op_integer(3));
    const std::string part =
        op_call("_rebuild_tensor", op_storage("0", 6, "ByteStorage", view) + op_integer(1) +
                                       op_integers({2}) + op_integers({1}));
    CHECK(ints_of(read_bytes(byte_file(op_text("w") + part)), "w") == std::vector<int>{3, 4});

    // Types without a storage class of their own: bytes 2 to 5 as two numbers.
    const std::string storage =
        op_tuple(op_text("storage") + op_global("torch.storage", "UntypedStorage") + op_text("0") +
                 op_text("cpu") + op_integer(6)) +
        "Q";
    const std::string young = op_call(
        "_rebuild_tensor_v3", storage + op_integer(1) + op_integers({2}) + op_integers({1}) +
                                  "\x89N" + op_global("torch", "uint16"));
    const NamedArrays arrays = read_bytes(byte_file(op_text("w") + young));
    CHECK(arrays.at("w").dtype() == DType::u16);
    CHECK(ints_of(arrays, "w") == std::vector<int>{0x0302, 0x0504});
}

TEST_CASE("a zip container is read whatever its folder is called and however it is packed",
          "[io][pytorch]") {
    const std::string object = pickle(op_dict(op_text("w") + byte_tensor(0, {2, 3}, {3, 1})));
    const std::string bytes = byte_storage(6).bytes;
    const TemporaryFolder folder;
    write_zip(folder / "a.pth", {{"caf\xC3\xA9/data.pkl", object, ZIP_CM_DEFLATE},
                                 {"caf\xC3\xA9/byteorder", "little"},
                                 {"caf\xC3\xA9/data/0", bytes, ZIP_CM_DEFLATE},
                                 {"caf\xC3\xA9/code/data.pkl", "another"}});
    const NamedArrays arrays = read_pytorch(folder / "a.pth");
    CHECK(ints_of(arrays, "w") == std::vector<int>{0, 1, 2, 3, 4, 5});
    check_equal(read_bytes(read_text(folder / "a.pth")), arrays);
}

TEST_CASE("a pickle that would run something is refused by name", "[io][pytorch][errors]") {
    const std::string evil = op_global("os", "system") + op_text("touch x") + "\x85R";
    const auto first = legacy_checkpoint("", {}).find("\x80\x02.") + 2;  // of the object's opcodes
    CHECK(pytorch_error(legacy_checkpoint(evil, {})) ==
          "byte " + std::to_string(first) + ": global 'os.system' is forbidden");
    CHECK(pytorch_error(zip_of({{"a/data.pkl", pickle(evil)}})) ==
          "data.pkl: byte 2: global 'os.system' is forbidden");
    CHECK(pytorch_error(zip_of(
              {{"a/data.pkl", pickle(op_global("torch._utils", "_rebuild_sparse_tensor"))}})) ==
          "data.pkl: byte 2: global 'torch._utils._rebuild_sparse_tensor' is forbidden");
    CHECK(pytorch_error(zip_of({{"a/data.pkl", pickle(op_global("torch", "Size") + ")\x81")}})) ==
          "data.pkl: byte 15: opcode NEWOBJ is forbidden");
    CHECK(pytorch_error(zip_of({{"a/data.pkl", pickle(byte_tensor(0, {1}, {1}) + "}b")}}))
              .find("BUILD of a call is forbidden") != std::string::npos);
}

TEST_CASE("a file that is no checkpoint says what it is not", "[io][pytorch][errors]") {
    CHECK(pytorch_error("") == "0 bytes are too few for a checkpoint");
    CHECK(pytorch_error("P") == "1 bytes are too few for a checkpoint");
    CHECK(pytorch_error("GIF89a") ==
          "is neither a zip archive nor a pickle, so it is not a PyTorch checkpoint");
    CHECK(pytorch_error(pickle("N")) == "is a pickle, but not a PyTorch checkpoint");
    CHECK(pytorch_error(pickle("\x8A\x09\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50")) ==
          "is a pickle, but not a PyTorch checkpoint");
    CHECK(pytorch_error("PK\3\4") == "cannot be read as a zip file (Not a zip archive)");
    CHECK(pytorch_error(zip_of({{"data.pkl", pickle("}")}})) ==
          "holds no TOP/data.pkl, so it is not a PyTorch checkpoint");
    CHECK(pytorch_error(zip_of({{"a/data.pkl", pickle("}")}, {"b/data.pkl", pickle("}")}})) ==
          "holds 'a/data.pkl' and 'b/data.pkl'");
    CHECK(pytorch_error(legacy_checkpoint("}", {}, "\x88", 1002)) ==
          "is not of version 1001, the only one of its container");
    CHECK(pytorch_error(legacy_checkpoint("]", {})) ==
          "holds a list, but weights are kept in a dictionary");
    CHECK(pytorch_error(zip_of({{"a/data.pkl", pickle("K\7")}})) ==
          "holds an integer, but weights are kept in a dictionary");
    CHECK(pytorch_error(legacy_checkpoint("}", {}), {.entry = "ema"}) ==
          "holds no dictionary 'ema'");
    CHECK(pytorch_error(legacy_checkpoint(op_dict(op_text("ema") + "N"), {}), {.entry = "ema"}) ==
          "holds no dictionary 'ema'");
    const TemporaryFolder folder;
    CHECK(message_of<IoError>([&] { (void)read_pytorch(folder / "a"); }) ==
          folder / "a: cannot be read (No such file or directory)");
}

TEST_CASE("big-endian checkpoints are refused", "[io][pytorch][errors]") {
    CHECK(pytorch_error(legacy_checkpoint("}", {}, "\x88")).empty());
    for (const std::string op : {"\x89", "N", "K\1"}) {
        CHECK(pytorch_error(legacy_checkpoint("}", {}, op)) ==
              "does not say that its numbers are little-endian");
    }
    CHECK(pytorch_error(zip_of({{"a/data.pkl", pickle("}")}, {"a/byteorder", "big"}})) ==
          "has byte order 'big', but only 'little' is read");
    CHECK(pytorch_error(zip_of({{"a/data.pkl", pickle("}")}, {"a/byteorder", "little"}})).empty());
}

TEST_CASE("element types that are not read are named", "[io][pytorch][errors]") {
    const std::vector<std::pair<std::string, std::string>> types = {
        {"ComplexFloatStorage", "complex64"},
        {"ComplexDoubleStorage", "complex128"},
        {"QInt8Storage", "qint8"},
        {"QUInt8Storage", "quint8"},
        {"QInt32Storage", "qint32"},
        {"QUInt4x2Storage", "quint4x2"}};
    for (const auto& [type, name] : types) {
        const std::string tensor = op_tensor(op_storage("0", 0, type), 0, {0}, {1});
        CHECK(pytorch_error(legacy_checkpoint(op_dict(op_text("w") + tensor), {{"0", 0, ""}})) ==
              "tensor \"w\": dtype " + name + " is not supported");
        // Where they are not weights, they do no harm.
        CHECK(pytorch_error(legacy_checkpoint(op_dict(op_text("model") + op_dict("") +
                                                      op_text("x") + "]" + tensor + "a"),
                                              {{"0", 0, ""}}))
                  .empty());
    }
    const std::string quantised = op_call(
        "_rebuild_qtensor", op_storage("0", 0, "QInt8Storage") + op_integer(0) + op_integers({0}) +
                                op_integers({1}) + op_global("torch", "per_tensor_affine"));
    CHECK(pytorch_error(legacy_checkpoint(op_dict(op_text("w") + quantised), {{"0", 0, ""}})) ==
          "tensor \"w\": dtype qint8 is not supported");
    const auto young = [](const std::string& dtype) {
        return byte_file(op_text("w") +
                         op_call("_rebuild_tensor_v3", op_storage("0", 6, "ByteStorage") +
                                                           op_integer(0) + op_integers({6}) +
                                                           op_integers({1}) + "\x89N" + dtype));
    };
    CHECK(pytorch_error(young(op_global("torch", "float8_e5m2"))) ==
          "tensor \"w\": dtype float8_e5m2 is not supported");
    CHECK(pytorch_error(young(op_global("torch", "Size"))) ==
          "tensor \"w\": its arguments name no dtype");
    CHECK(pytorch_error(young("")) == "tensor \"w\": its arguments name no dtype");
}

TEST_CASE("a tensor that goes beyond its storage is refused", "[io][pytorch][errors]") {
    const auto error = [](std::int32_t offset, const std::vector<std::int32_t>& dims,
                          const std::vector<std::int32_t>& strides) {
        return pytorch_error(byte_file(op_text("w") + byte_tensor(offset, dims, strides)),
                             {.max_growth = std::numeric_limits<std::uint64_t>::max()});
    };
    const std::string beyond = " goes beyond the 6 elements of its storage";
    CHECK(error(0, {6}, {1}).empty());
    CHECK(error(0, {7}, {1}) == "tensor \"w\": uint8 (7) with stride (1) at offset 0" + beyond);
    CHECK(error(1, {6}, {1}) == "tensor \"w\": uint8 (6) with stride (1) at offset 1" + beyond);
    CHECK(error(6, {1}, {1}) == "tensor \"w\": uint8 (1) with stride (1) at offset 6" + beyond);
    CHECK(error(-1, {1}, {1}) == "tensor \"w\": uint8 (1) with stride (1) at offset -1" + beyond);
    CHECK(error(0, {2, 3}, {4, 1}) ==
          "tensor \"w\": uint8 (2, 3) with stride (4, 1) at offset 0" + beyond);
    CHECK(error(0, {3, 3}, {2147483647, 2147483647}) ==
          "tensor \"w\": uint8 (3, 3) with stride (2147483647, 2147483647) at offset 0" + beyond);
    CHECK(error(0, {2147483647, 2147483647, 2147483647}, {1, 1, 1}) ==
          "tensor \"w\": size (2147483647, 2147483647, 2147483647) with stride (1, 1, 1) is no "
          "tensor");
    CHECK(error(0, {2, 3}, {1}) == "tensor \"w\": size (2, 3) with stride (1) is no tensor");
    CHECK(error(0, {-1}, {1}) == "tensor \"w\": its size is not a tuple of integers from 0");
    CHECK(error(0, {1}, {-1}) == "tensor \"w\": its stride is not a tuple of integers from 0");
    CHECK(error(0, std::vector<std::int32_t>(65, 1), {1}) ==
          "tensor \"w\": has 65 axes, the limit is 64");

    const auto error_of_call = [](const std::string& arguments) {
        return pytorch_error(byte_file(op_text("w") + op_call("_rebuild_tensor_v2", arguments) +
                                       op_text("v") + byte_tensor(0, {1}, {1})));
    };
    const std::string storage = op_storage("0", 6, "ByteStorage");
    const std::string wrong = "tensor \"w\": its arguments are not (storage, offset, size, stride)";
    CHECK(error_of_call("") == wrong);
    CHECK(error_of_call(storage + op_integer(0) + op_integers({1})) == wrong);
    CHECK(error_of_call("N" + op_integer(0) + op_integers({1}) + op_integers({1})) == wrong);
    CHECK(error_of_call(storage + "N" + op_integers({1}) + op_integers({1})) == wrong);
    CHECK(error_of_call(storage + op_integer(0) + "N" + op_integers({1})) ==
          "tensor \"w\": its size is not a tuple");
    CHECK(error_of_call(storage + op_integer(0) + op_integers({1}) + op_tuple("N")) ==
          "tensor \"w\": its stride is not a tuple of integers from 0");
}

TEST_CASE("a storage that is not what the object says is refused", "[io][pytorch][errors]") {
    const std::string w = op_dict(op_text("w") + byte_tensor(0, {1}, {1}));
    const auto legacy = [&](const std::vector<StoredBytes>& storages) {
        return pytorch_error(legacy_checkpoint(w, storages));
    };
    const std::string whole = legacy_checkpoint(w, {byte_storage(6)});
    const std::string size = std::to_string(whole.size() - 1);
    CHECK(pytorch_error(whole.substr(0, whole.size() - 1)) == "storage '0': needs 6 bytes at " +
                                                                  std::to_string(whole.size() - 6) +
                                                                  ", but the file ends at " + size);
    CHECK(pytorch_error(whole.substr(0, whole.size() - 7)) ==
          "storage '0': needs 8 bytes at " + std::to_string(whole.size() - 14) +
              ", but the file ends at " + std::to_string(whole.size() - 7));
    CHECK(pytorch_error(whole + "x") == "1 bytes follow the last storage");
    CHECK(legacy({}) == "storage '0': is missing");
    CHECK(legacy({byte_storage(6), {"1", 0, ""}}) == "storage '1': is described nowhere");
    CHECK(legacy({byte_storage(6), byte_storage(6)}) == "storage '0': stands twice");
    CHECK(legacy({byte_storage(5)}) == "storage '0': holds 5 elements, but 6 are described");
    CHECK(legacy({{"0", -1, ""}}) == "storage '0': holds -1 elements, but 6 are described");

    const auto zip = [&](const std::string& content) {
        return pytorch_error(zip_of({{"a/data.pkl", pickle(w)}, {"a/data/0", content}}));
    };
    CHECK(zip("12345") == "storage '0': holds 5 bytes, but 6 are described");
    CHECK(zip("1234567") == "storage '0': holds 7 bytes, but 6 are described");
    CHECK(zip("123456").empty());
    CHECK(pytorch_error(zip_of({{"a/data.pkl", pickle(w)}, {"b/data/0", "123456"}})) ==
          "storage '0': is missing");

    const auto described = [](const std::string& ids) {
        return pytorch_error(legacy_checkpoint(op_dict(op_text("s") + "](" + ids + "e"), {}));
    };
    CHECK(described(op_storage("0", 6) + op_storage("0", 5)) ==
          "storage '0': is described twice, as 24 bytes of torch.FloatStorage and as 20 bytes of "
          "torch.FloatStorage");
    CHECK(described(op_storage("0", 6) + op_storage("0", 6, "IntStorage")) ==
          "storage '0': is described twice, as 24 bytes of torch.FloatStorage and as 24 bytes of "
          "torch.IntStorage");
    CHECK(described(op_storage("0", -1)) == "storage '0': cannot have -1 elements");
    CHECK(described(op_storage(std::string(257, '0'), 6)) ==
          "the key of a storage has 257 characters, the limit is 256");
    CHECK(described(op_storage("0", 6, "Size")) == "storage '0': is no storage");
    CHECK(described("NQ") == "a persistent id is not (\"storage\", class, key, location, n)");
    CHECK(described(op_tuple(op_text("storage")) + "Q") ==
          "a persistent id is not (\"storage\", class, key, location, n)");
    CHECK(described(op_storage("0", 6, "ByteStorage",
                               op_tuple(op_text("v") + op_integer(4) + op_integer(3)))) ==
          "storage '0': its view goes beyond it");
    CHECK(described(op_storage("0", 6, "ByteStorage", "K\1")) ==
          "storage '0': its view is not (key, offset, n)");
}

TEST_CASE("a storage with an absurd count takes no memory", "[io][pytorch][errors]") {
    const std::string count = "\x8A\x08" + little_endian(std::uint64_t{1} << 62U, 8);
    const std::string storage = op_tuple(op_text("storage") + op_global("torch", "ByteStorage") +
                                         op_text("0") + op_text("cpu") + count) +
                                "Q";
    const std::string w = op_dict(op_text("w") + op_tensor(storage, 0, {1}, {1}));
    const std::string file = legacy_checkpoint(w, {{"0", std::int64_t{1} << 62, "x"}});
    CHECK(pytorch_error(file) == "storage '0': needs 4611686018427387904 bytes at " +
                                     std::to_string(file.size() - 1) + ", but the file ends at " +
                                     std::to_string(file.size()));
    CHECK(pytorch_error(zip_of({{"a/data.pkl", pickle(w)}, {"a/data/0", "x"}})) ==
          "storage '0': holds 1 bytes, but 4611686018427387904 are described");
}

TEST_CASE("names that stand twice are refused", "[io][pytorch][errors]") {
    const std::string tensor = byte_tensor(0, {1}, {1});
    CHECK(pytorch_error(byte_file(op_text("w") + tensor + op_text("w") + tensor)) ==
          "key \"w\" stands twice");
    CHECK(pytorch_error(byte_file(op_integer(1) + tensor + op_text("1") + tensor)) ==
          "key \"1\" stands twice");
    CHECK(pytorch_error(
              byte_file(op_text("a.b") + tensor + op_text("a") + op_dict(op_text("b") + tensor))) ==
          "tensor \"a.b\": stands twice");
    const std::string state = op_text("model") + op_dict(op_text("w") + tensor);
    CHECK(pytorch_error(byte_file(state + state)) == "entry 'model' stands twice");
    CHECK(pytorch_error(byte_file(op_text("\xFF\x1b") + tensor)) ==
          "name '\xFF\\x1b' is not UTF-8");

    std::string archive = zip_of({{"a/data.pkl", pickle("}")}, {"a/data.pkk", pickle("}")}});
    for (auto at = archive.find(".pkk"); at != archive.npos; at = archive.find(".pkk")) {
        archive.replace(at, 4, ".pkl");
    }
    CHECK(pytorch_error(archive) == "member 'a/data.pkl' stands twice");
}

TEST_CASE("what would grow far beyond the file is refused", "[io][pytorch][errors]") {
    // One element, repeated 65536 times.
    const std::string wide = byte_file(op_text("w") + byte_tensor(0, {256, 256}, {0, 0}));
    const std::string limit = std::to_string(16 * wide.size());
    CHECK(pytorch_error(wide) == "its names, storages and tensors take more than " + limit +
                                     " bytes, 16 times its own (PytorchOptions::max_growth)");
    CHECK(pytorch_error(wide, {.max_growth = 400}).empty());

    // One tensor of no elements and 64 axes, under 1000 names.
    std::string crowd =
        "}(" + op_text("w") +
        byte_tensor(0, std::vector<std::int32_t>(64, 0), std::vector<std::int32_t>(64, 1)) + "\x94";
    for (int k = 0; k < 1000; ++k) crowd += op_integer(k) + "h\0"s;
    CHECK(pytorch_error(legacy_checkpoint(crowd + "u", {byte_storage(6)}))
              .find("its names, storages and tensors take more than") == 0);
    CHECK(pytorch_error(legacy_checkpoint(crowd + "u", {byte_storage(6)}), {.max_growth = 400})
              .empty());

    const std::string zeros(1'000'000, '\0');
    const std::string tensor = op_tensor(op_storage("0", 1'000'000, "ByteStorage"), 0, {1}, {1});
    const std::string bomb = zip_of({{"a/data.pkl", pickle(op_dict(op_text("w") + tensor))},
                                     {"a/data/0", zeros, ZIP_CM_DEFLATE}});
    CHECK(pytorch_error(bomb) == "storage '0': unpacks to 1000000 bytes, the limit is " +
                                     std::to_string(16 * bomb.size()));
    CHECK(pytorch_error(bomb, {.max_growth = 1000}).empty());

    const std::string nested = zip_of({{"a/data.pkl", pickle(op_text(zeros)), ZIP_CM_DEFLATE}});
    CHECK(pytorch_error(nested) == "a/data.pkl: unpacks to 1000008 bytes, the limit is " +
                                       std::to_string(16 * nested.size()));
    const std::string large =
        zip_of({{"a/data.pkl", std::string((1U << 24U) + 1, '\0'), ZIP_CM_DEFLATE}});
    CHECK(pytorch_error(large, {.max_growth = 1U << 20U}) ==
          "a/data.pkl: unpacks to 16777217 bytes, the limit is 16777216");
}

TEST_CASE("containers that hold themselves or nest without end are refused",
          "[io][pytorch][errors]") {
    CHECK(pytorch_error(legacy_checkpoint(op_dict(op_text("a") + "]\x94h\0a"s), {})) ==
          "holds a container that holds itself");
    CHECK(pytorch_error(legacy_checkpoint("}\x94" + op_text("a") + "h\0s"s, {})) ==
          "holds a container that holds itself");
    std::string deep = "]";
    for (int k = 0; k < 100; ++k) deep += "\x85";
    CHECK(pytorch_error(legacy_checkpoint(op_dict(op_text("a") + deep), {})) ==
          "nests more than 64 containers");

    // Each list holds the one before twice: 2^40 empty ones.
    std::string doubled = "]\x94";
    for (int k = 1; k < 40; ++k) {
        const std::string last = "h" + little_endian(static_cast<unsigned>(k - 1), 1);
        doubled.append("0").append(last).append(last).append("\x86\x94");
    }
    CHECK(pytorch_error(legacy_checkpoint(op_dict(op_text("a") + doubled), {}))
              .find("its names, storages and tensors take more than") == 0);
}

TEST_CASE("a checkpoint that ends anywhere too early is refused", "[io][pytorch][fuzz]") {
    for (const std::string name : {"protocol2.legacy", "protocol4.legacy", "protocol2.zip"}) {
        OLDPHOTO_NEEDS_FIXTURE("ckpt/" + name + ".pth");
        const std::string whole = read_text(fixture_path("ckpt/" + name + ".pth"));
        for (std::size_t size = 0; size < whole.size(); ++size) {
            CAPTURE(name, size);
            CHECK_FALSE(pytorch_error(whole.substr(0, size)).empty());
        }
    }
}

TEST_CASE("a checkpoint with a wrong byte anywhere is read or refused", "[io][pytorch][fuzz]") {
    for (const std::string name : {"edge_cases.legacy", "protocol4.zip"}) {
        OLDPHOTO_NEEDS_FIXTURE("ckpt/" + name + ".pth");
        const std::string whole = read_text(fixture_path("ckpt/" + name + ".pth"));
        std::size_t refused = 0;
        for (std::size_t place = 0; place < whole.size(); ++place) {
            for (const int flip : {0x01, 0x80}) {
                std::string changed = whole;
                changed[place] = static_cast<char>(changed[place] ^ flip);
                refused += pytorch_error(changed).empty() ? 0 : 1;
            }
        }
        CHECK(refused > whole.size() / 4);
    }
}
