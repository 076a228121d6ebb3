#include <oldphoto/core/error.hpp>

#include "program.hpp"
#include "support/npz.hpp"
#include "support/shared.hpp"
#include <cmath>

using namespace oldphoto::test;

namespace {

/// The largest difference of two float32 arrays in npy files; infinite where shapes differ.
double difference(const std::string& file, const std::string& expected_file) {
    const auto actual = read_npy(file);
    const auto expected = read_npy(expected_file);
    if (actual.dims != expected.dims) return INFINITY;
    const auto a = actual.values<float>();
    const auto b = expected.values<float>();
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double d = std::abs(double(a[i]) - double(b[i]));
        largest = d <= largest ? largest : d;
    }
    return largest;
}

std::string model() {
    return fixture_path("../../examples/models/compact.safetensors");
}

}  // namespace

TEST_CASE("forward vae_encoder gives the stored latent", "[program][forward]") {
    OLDPHOTO_NEEDS_FIXTURE("ckpt/vae_A.safetensors");
    const TemporaryFolder folder;
    const auto outcome =
        run_program("forward vae_encoder --weights " + fixture_path("ckpt/vae_A.safetensors") +
                    " --input " + fixture_path("vae/A_input.npy") + " -o " + folder / "y.npy");
    REQUIRE(outcome.status == 0);
    CHECK(has_line(outcome, folder / "y.npy" + ": (1, 12, 16, 16), min -", " s"));
    CHECK(difference(folder / "y.npy", fixture_path("vae/A_latent.npy")) < 1e-4);
}

TEST_CASE("forward vae_decoder and vae give the stored picture", "[program][forward]") {
    OLDPHOTO_NEEDS_FIXTURE("ckpt/vae_A.safetensors");
    const TemporaryFolder folder;
    const std::string weights = " --weights " + fixture_path("ckpt/vae_A.safetensors");
    REQUIRE(run_program("forward vae_decoder" + weights + " --input " +
                        fixture_path("vae/A_latent.npy") + " -o " + folder / "d.npy")
                .status == 0);
    CHECK(difference(folder / "d.npy", fixture_path("vae/A_output.npy")) < 1e-4);
    REQUIRE(run_program("forward vae" + weights + " --input " + fixture_path("vae/A_input.npy") +
                        " -o " + folder / "v.npy")
                .status == 0);
    CHECK(difference(folder / "v.npy", fixture_path("vae/A_output.npy")) < 1e-4);
}

TEST_CASE("forward takes from --options what shapes do not tell", "[program][forward]") {
    OLDPHOTO_NEEDS_FIXTURE("ckpt/mapping_quality_dil2_feat.safetensors");
    const TemporaryFolder folder;
    const std::string command = "forward mapping_quality --weights " +
                                fixture_path("ckpt/mapping_quality_dil2_feat.safetensors") +
                                " --input " + fixture_path("mapping_quality/input.npy") + " -o " +
                                folder / "y.npy";
    const std::string expected = fixture_path("mapping_quality/dil2_feat_output.npy");
    REQUIRE(run_program(command + " --options dilation=2,norm=instance").status == 0);
    CHECK(difference(folder / "y.npy", expected) < 1e-4);
    REQUIRE(run_program(command).status == 0);
    CHECK(difference(folder / "y.npy", expected) > 0.01);
}

TEST_CASE("forward finds a network in a file of several, and an array in an archive",
          "[program][forward]") {
    OLDPHOTO_NEEDS_FIXTURE("starter/check.npz");
    const TemporaryFolder folder;
    const std::string input = " --input " + fixture_path("starter/check.npz") + ":input";
    const std::string command =
        "forward vae_encoder --weights " + model() + " -o " + folder / "y.npy";
    const auto outcome = run_program(command + input + " --prefix vae_a.");
    REQUIRE(outcome.status == 0);
    CHECK(has_line(outcome, folder / "y.npy" + ": (1, 48, 16, 20), "));

    CHECK(run_program(command + input).err ==
          "oldphoto: " + model() +
              ": no name begins with 'encoder.'; they begin with vae_a., mapping., vae_b. (see "
              "--prefix)\n");
    CHECK(run_program(command + " --prefix vae_a. --input " + fixture_path("starter/check.npz"))
              .err.find("it holds input, output") != std::string::npos);
}

TEST_CASE("forward reads the options of a part from the metadata, and --options before them",
          "[program][forward]") {
    OLDPHOTO_NEEDS_FIXTURE("starter/check.npz");
    const TemporaryFolder folder;
    const std::string weights = " --weights " + model();
    REQUIRE(run_program("forward vae_encoder --prefix vae_a." + weights + " --input " +
                        fixture_path("starter/check.npz") + ":input -o " + folder / "z.npy")
                .status == 0);
    const std::string decode =
        "forward vae_decoder --prefix vae_b." + weights + " --input " + folder / "z.npy -o ";
    REQUIRE(run_program(decode + folder / "linear.npy").status == 0);
    REQUIRE(run_program(decode + folder / "tanh.npy --options output=tanh").status == 0);
    const auto linear = read_npy(folder / "linear.npy").values<float>();
    const auto squashed = read_npy(folder / "tanh.npy").values<float>();
    double largest = 0;
    for (std::size_t i = 0; i < linear.size(); ++i) {
        largest = std::max(largest, std::abs(double(std::tanh(linear[i])) - double(squashed[i])));
    }
    CHECK(largest < 1e-5);
}

TEST_CASE("forward says what it cannot do", "[program][forward]") {
    OLDPHOTO_NEEDS_FIXTURE("ckpt/vae_A.safetensors");
    const TemporaryFolder folder;
    const std::string weights = fixture_path("ckpt/vae_A.safetensors");
    const std::string command = "forward vae_encoder --weights " + weights + " --input " +
                                fixture_path("vae/A_input.npy") + " -o " + folder / "y.npy";
    CHECK(run_program(command + " --options k=3").err ==
          "oldphoto: options: 'k' is not an option of vae_encoder here; known: norm\n");
    CHECK(run_program(command + " --options norm").err ==
          "oldphoto: options: expected key=value, got 'norm'\n");
    CHECK(run_program(command + " --options norm=none,norm=none").err ==
          "oldphoto: options: 'norm' stands twice\n");
    CHECK(run_program(command + " --mask m.npy").err ==
          "oldphoto: mask: vae_encoder takes no mask\n");
    CHECK(run_program("forward mapping_quality --weights " + weights + " --input x.npy -o y.npy")
              .err == "oldphoto: " + weights +
                          ": no name begins with 'model.'; they begin with encoder., decoder. "
                          "(see --prefix)\n");
    CHECK_FALSE(std::filesystem::exists(folder / "y.npy"));
}
