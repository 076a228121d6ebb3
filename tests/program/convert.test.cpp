#include <oldphoto/io/safetensors.hpp>

#include "program.hpp"
#include "support/arrays.hpp"
#include "support/pickles.hpp"
#include "support/shared.hpp"
#include <algorithm>
#include <filesystem>

using namespace oldphoto;
using namespace oldphoto::test;

namespace {

std::string checkpoint() {
    return fixture_path("ckpt/disc_feat.zip.pth");
}

/// The state of that checkpoint, by the program itself.
NamedArrays state(const TemporaryFolder& folder) {
    REQUIRE(run_program("convert " + checkpoint() + " " + folder / "state.safetensors").status ==
            0);
    return read_safetensors(folder / "state.safetensors").tensors;
}

/// The program's message, less its name and the path, on a state that is not quite the network's.
std::string refusal(const TemporaryFolder& folder, const NamedArrays& arrays) {
    const std::string path = folder / "changed.safetensors";
    write_safetensors(path, arrays);
    const auto outcome = run_program("convert " + path + " " + folder / "out.safetensors" +
                                     " --network latent_discriminator");
    CHECK(outcome.status == 1);
    CHECK(outcome.out.empty());
    CHECK_FALSE(std::filesystem::exists(folder / "out.safetensors"));
    const std::string start = "oldphoto: " + path + ": ";
    REQUIRE(outcome.err.starts_with(start));
    return outcome.err.substr(start.size());
}

/// The output of a network by these weights, as a file.
std::string forward(const TemporaryFolder& folder, const std::string& network,
                    const std::string& weights, const std::string& input,
                    const std::string& extension) {
    const std::string output = folder / "y" + extension;
    REQUIRE(run_program("forward " + network + " --weights " + weights + " --input " + input +
                        " -o " + output)
                .status == 0);
    return read_text(output);
}

}  // namespace

TEST_CASE("convert lists what it writes, and whom it fits", "[program][convert]") {
    const TemporaryFolder folder;
    const std::string command = "convert " + checkpoint() + " " + folder / "w.safetensors";
    const auto plain = run_program(command);
    REQUIRE(plain.status == 0);
    CHECK(has_line(plain, "scale0_layer0.0.weight ", "  (4, 12, 4, 4)   float32"));
    CHECK(plain.lines().back() == "10 tensors, 12093 parameters, 48372 bytes");
    CHECK(plain.out == run_program("inspect " + folder / "w.safetensors").out);

    const auto checked = run_program(command + " --network latent_discriminator");
    CHECK(checked.lines().back() ==
          "10 tensors, 12093 parameters, 48372 bytes; fits latent_discriminator");
    CHECK(folder.count() == 1);
}

TEST_CASE("what convert wrote computes the same, bit for bit", "[program][convert]") {
    const TemporaryFolder folder;
    const std::string converted = folder / "w.safetensors";
    REQUIRE(run_program("convert " + checkpoint() + " " + converted).status == 0);
    const std::string input = fixture_path("disc/feat.npz") + ":input";
    const std::string network = "latent_discriminator";
    CHECK(forward(folder, network, converted, input, ".npz") ==
          forward(folder, network, checkpoint(), input, ".npz"));

    OLDPHOTO_NEEDS_FIXTURE("ckpt/vae_A.legacy.pth");
    const std::string vae = fixture_path("ckpt/vae_A.legacy.pth");
    REQUIRE(run_program("convert " + vae + " " + converted + " --network vae").status == 0);
    CHECK(forward(folder, "vae", converted, fixture_path("vae/A_input.npy"), ".npy") ==
          forward(folder, "vae", vae, fixture_path("vae/A_input.npy"), ".npy"));
}

TEST_CASE("convert keeps every type of number, and the metadata of safetensors",
          "[program][convert]") {
    const TemporaryFolder folder;
    const std::string edge_cases = fixture_path("ckpt/edge_cases.zip.pth");
    REQUIRE(run_program("convert " + edge_cases + " " + folder / "a.safetensors").status == 0);
    const auto arrays = read_safetensors(folder / "a.safetensors").tensors;
    CHECK(arrays.size() == 18);
    CHECK(arrays.at("bfloat16").dtype() == DType::bf16);
    CHECK(arrays.at("bool").dtype() == DType::boolean);
    CHECK(arrays.at("int16").dtype() == DType::i16);
    CHECK(arrays.at("scalar").dims().empty());

    Metadata metadata;
    metadata.insert("vae_a", R"({"norm": "none"})");
    write_safetensors(folder / "b.safetensors", arrays, metadata);
    REQUIRE(run_program("convert " + folder / "b.safetensors " + folder / "c.safetensors").status ==
            0);
    CHECK(read_text(folder / "b.safetensors") == read_text(folder / "c.safetensors"));

    const std::string complex = op_tensor(op_storage("0", 0, "ComplexFloatStorage"), 0, {0}, {1});
    write_text(folder / "complex.pth",
               legacy_checkpoint(op_dict(op_text("w") + complex), {{"0", 0, ""}}));
    const auto refused =
        run_program("convert " + folder / "complex.pth " + folder / "d.safetensors");
    CHECK(refused.status == 1);
    CHECK(refused.err.starts_with("oldphoto: " + folder / "complex.pth: "));
    CHECK(refused.err.find("complex64") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(folder / "d.safetensors"));
}

TEST_CASE("convert names the first entry that is missing, unexpected or of another shape",
          "[program][convert]") {
    const TemporaryFolder folder;
    const NamedArrays arrays = state(folder);
    CHECK(refusal(folder, without(arrays, "scale0_layer2.0.bias")) ==
          "\"scale0_layer2.0.bias\" is missing; the network has it as (16)\n");
    NamedArrays more = arrays;
    more.insert("extra.weight", oldphoto::Array(DType::f32, {3}));
    CHECK(refusal(folder, more) == "\"extra.weight\" (3) is not a part of the network\n");
    CHECK(refusal(folder,
                  replaced(arrays, "scale0_layer1.0.bias", oldphoto::Array(DType::f32, {9}))) ==
          "\"scale0_layer1.0.bias\" has another shape; network = (8); file    = (9)\n");
}

TEST_CASE("convert refuses weights of another network", "[program][convert]") {
    const TemporaryFolder folder;
    const auto outcome = run_program("convert " + checkpoint() + " " + folder / "w.safetensors" +
                                     " --network detector");
    CHECK(outcome.status == 1);
    CHECK(outcome.err == "oldphoto: " + checkpoint() +
                             ": these are not the weights of a scratch detector, which has "
                             "\"first.1.weight\" and no \"scale0_layer0.0.weight\"\n");
    OLDPHOTO_NEEDS_FIXTURE("ckpt/disc_image.zip.pth");
    CHECK(run_program("convert " + fixture_path("ckpt/disc_image.zip.pth") + " " +
                      folder / "w.safetensors" + " --network latent_discriminator")
              .err == "oldphoto: " + fixture_path("ckpt/disc_image.zip.pth") +
                          ": holds a discriminator of 2 scales; a latent discriminator has one\n");
    CHECK(folder.count() == 0);
}

TEST_CASE("convert writes the network's part alone", "[program][convert]") {
    const TemporaryFolder folder;
    const std::string vae = fixture_path("ckpt/vae_A.safetensors");
    const std::string part = folder / "part.safetensors";
    REQUIRE(run_program("convert " + vae + " " + part + " --network vae_decoder").status == 0);
    const auto decoder = read_safetensors(part).tensors;
    CHECK(decoder.size() == 22);
    CHECK(std::all_of(decoder.begin(), decoder.end(),
                      [](const auto& entry) { return entry.name.starts_with("decoder."); }));

    NamedArrays vgg19;
    Index channels = 3;
    for (const auto& [position, width] : std::vector<std::pair<int, Index>>{{0, 1},
                                                                            {2, 1},
                                                                            {5, 2},
                                                                            {7, 2},
                                                                            {10, 4},
                                                                            {12, 4},
                                                                            {14, 4},
                                                                            {16, 4},
                                                                            {19, 8},
                                                                            {21, 8},
                                                                            {23, 8},
                                                                            {25, 8},
                                                                            {28, 8},
                                                                            {30, 8},
                                                                            {32, 8},
                                                                            {34, 8}}) {
        const std::string name = "features." + std::to_string(position);
        vgg19.insert(name + ".weight", oldphoto::Array(DType::f32, {width, channels, 3, 3}));
        vgg19.insert(name + ".bias", oldphoto::Array(DType::f32, {width}));
        channels = width;
    }
    vgg19.insert("classifier.6.bias", oldphoto::Array(DType::f32, {10}));
    write_safetensors(folder / "vgg19.safetensors", vgg19);
    const auto outcome =
        run_program("convert " + folder / "vgg19.safetensors " + part + " --network vgg19");
    REQUIRE(outcome.status == 0);
    CHECK(outcome.lines().back().starts_with("26 tensors, "));
    CHECK(outcome.lines().back().ends_with("; fits vgg19"));
    const auto features = read_safetensors(part).tensors;
    CHECK(features.size() == 26);
    CHECK(features.contains("features.28.bias"));
    CHECK_FALSE(features.contains("features.30.weight"));
}

TEST_CASE("convert does not write over its input", "[program][convert]") {
    const TemporaryFolder folder;
    const std::string path = folder / "w.pth";
    std::filesystem::copy_file(checkpoint(), path);
    std::filesystem::create_symlink(path, folder / "same");
    const std::string before = read_text(path);
    for (const std::string& output : {path, folder.path() + "/./w.pth", folder / "same"}) {
        const auto outcome = run_program("convert " + path + " " + output);
        CHECK(outcome.status == 1);
        CHECK(outcome.err ==
              "oldphoto: " + output + ": is read too; give another name to write to\n");
    }
    CHECK(read_text(path) == before);
}

TEST_CASE("convert that fails or is killed leaves the old file as it was", "[program][convert]") {
    const TemporaryFolder folder;
    const std::string output = folder / "w.safetensors";
    write_text(output, "old");

    write_text(folder / "text", "a text that is not weights");
    CHECK(run_program("convert " + folder / "text " + output).err ==
          "oldphoto: " + folder /
                             "text: is neither a zip archive nor a pickle, so it is not a "
                             "PyTorch checkpoint\n");
    CHECK(read_text(output) == "old");

    // The disk is full after a few kilobytes of the 48.
    const std::string convert = "convert " + checkpoint() + " " + output;
    const auto full = run_program(convert, "trap '' XFSZ; ulimit -f 8; ");
    CHECK(full.status == 1);
    CHECK(full.err == "oldphoto: " + output + ": cannot be written (File too large)\n");
    CHECK(read_text(output) == "old");
    CHECK(folder.count() == 2);

    // The same limit by its signal, which ends the program in the middle of writing.
    const auto killed = run_program(convert, "ulimit -c 0; ulimit -f 8; ");
    CHECK(killed.status > 128);
    CHECK(read_text(output) == "old");
}
