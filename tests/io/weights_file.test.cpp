#include <oldphoto/io/weights_file.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include "../support/shared.hpp"
#include <algorithm>
#include <filesystem>
#include <string>

namespace {

using oldphoto::Array;
using oldphoto::IoError;
using oldphoto::read_weights;
using oldphoto::Safetensors;
using oldphoto::test::fixture_path;
using oldphoto::test::message_of;
using oldphoto::test::TemporaryFolder;
using oldphoto::test::write_text;

std::string weights_error(const std::string& path) {
    return message_of<IoError>([&] { (void)read_weights(path); });
}

bool equal(const oldphoto::NamedArrays& a, const oldphoto::NamedArrays& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
        return x.name == y.name && x.value.dtype() == y.value.dtype() &&
               x.value.dims() == y.value.dims() &&
               std::ranges::equal(x.value.bytes(), y.value.bytes());
    });
}

}  // namespace

TEST_CASE("read_weights reads safetensors and their metadata under any name",
          "[io][weights_file]") {
    const TemporaryFolder folder;
    oldphoto::NamedArrays arrays;
    arrays.insert("w", Array::from_values<float>({2}, {1, 2}));
    oldphoto::Metadata metadata;
    metadata.insert("vae", "{}");
    oldphoto::write_safetensors(folder / "w.pth", arrays, metadata);

    CHECK(oldphoto::is_safetensors(folder / "w.pth"));
    const Safetensors weights = read_weights(folder / "w.pth");
    CHECK(equal(weights.tensors, arrays));
    CHECK(weights.metadata.at("vae") == "{}");
}

TEST_CASE("read_weights reads checkpoints of both containers under any name",
          "[io][weights_file]") {
    const TemporaryFolder folder;
    for (const std::string name : {"edge_cases.zip.pth", "edge_cases.legacy.pth",
                                   "protocol2.legacy.pth", "protocol4.legacy.pth"}) {
        CAPTURE(name);
        const std::string checkpoint = fixture_path("ckpt/" + name);
        std::filesystem::copy_file(checkpoint, folder / name + ".safetensors");
        CHECK_FALSE(oldphoto::is_safetensors(checkpoint));
        const Safetensors weights = read_weights(folder / name + ".safetensors");
        CHECK(equal(weights.tensors, oldphoto::read_pytorch(checkpoint)));
        CHECK_FALSE(weights.tensors.empty());
        CHECK(weights.metadata.empty());
    }
}

TEST_CASE("read_weights says what is wrong with a file of neither format",
          "[io][weights_file][errors]") {
    const TemporaryFolder folder;
    const std::string path = folder / "w";
    CHECK(weights_error(path) == path + ": cannot be read (No such file or directory)");
    CHECK(weights_error(folder.path()) == folder.path() + ": is a folder, not a file");
    write_text(path, "12345678");
    CHECK(weights_error(path) ==
          path +
              ": header length 4050765991979987505 must be at most 100000000 "
              "and fit into the file's 8 bytes");
    write_text(path, "a text that is not weights");
    CHECK(weights_error(path) == path +
                                     ": is neither a zip archive nor a pickle, so it is not a "
                                     "PyTorch checkpoint");
    write_text(path, std::string("\2\0\0\0\0\0\0\0{]", 10));
    CHECK(weights_error(path).starts_with(path + ": header: byte 1: "));
}
