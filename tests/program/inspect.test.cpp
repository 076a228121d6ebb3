#include <oldphoto/io/safetensors.hpp>

#include "program.hpp"
#include "support/shared.hpp"

using namespace oldphoto;
using namespace oldphoto::test;

TEST_CASE("inspect lists tensors, metadata and totals", "[program][inspect]") {
    const TemporaryFolder folder;
    NamedArrays arrays;
    arrays.insert("encoder.1.weight", oldphoto::Array(DType::f32, {8, 3, 7, 7}));
    arrays.insert("steps", oldphoto::Array(DType::i64, {}));
    arrays.insert("half", oldphoto::Array(DType::f16, {5}));
    Metadata metadata;
    metadata.insert("vae", R"({"norm": "none"})");
    metadata.insert("made\tby", "hand");
    write_safetensors(folder / "w.safetensors", arrays, metadata);

    const auto outcome = run_program("inspect " + folder / "w.safetensors");
    CHECK(outcome.status == 0);
    CHECK(outcome.out ==
          "encoder.1.weight  (8, 3, 7, 7)  float32\n"
          "steps             ()            int64\n"
          "half              (5)           float16\n"
          "\n"
          "metadata\n"
          "vae         {\"norm\": \"none\"}\n"
          "made\\x09by  hand\n"
          "\n"
          "3 tensors, 1182 parameters, 4722 bytes\n");
}

TEST_CASE("inspect shows a published state dict under its names", "[program][inspect]") {
    OLDPHOTO_NEEDS_FIXTURE("ckpt/vae_A.safetensors");
    const auto outcome = run_program("inspect " + fixture_path("ckpt/vae_A.safetensors"));
    CHECK(outcome.status == 0);
    CHECK(has_line(outcome, "encoder.1.weight ", "  (12, 3, 7, 7)   float32"));
    CHECK(outcome.lines().back() == "44 tensors, 33735 parameters, 134940 bytes");
}

TEST_CASE("inspect lists a PyTorch checkpoint like safetensors", "[program][inspect]") {
    const auto outcome = run_program("inspect " + fixture_path("ckpt/disc_feat.zip.pth"));
    CHECK(outcome.status == 0);
    CHECK(has_line(outcome, "scale0_layer0.0.weight ", "  (4, 12, 4, 4)   float32"));
    CHECK(outcome.lines().back() == "10 tensors, 12093 parameters, 48372 bytes");
    CHECK(run_program("inspect " + fixture_path("ckpt/edge_cases.legacy.pth")).lines().size() ==
          18 + 2);
}

TEST_CASE("inspect refuses what is no weights file", "[program][inspect]") {
    const TemporaryFolder folder;
    write_text(folder / "w.safetensors", "short");
    const auto outcome = run_program("inspect " + folder / "w.safetensors");
    CHECK(outcome.status == 1);
    CHECK(outcome.err == "oldphoto: " + folder / "w.safetensors" +
                             ": 5 bytes are too few for a safetensors file\n");
}
