#include <oldphoto/io/safetensors.hpp>

#include "program.hpp"
#include "support/formula_weights.hpp"
#include "support/npz.hpp"
#include "support/shared.hpp"
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace oldphoto::test;

namespace {

/// "X.npy" or "F.npz:NAME", as the program takes it.
oldphoto::test::Array array_at(const std::string& place) {
    const auto colon = place.rfind(".npz:");
    if (colon == std::string::npos) return read_npy(place);
    return read_npz(place.substr(0, colon + 4)).at(place.substr(colon + 5));
}

/// The largest difference of two float32 arrays; infinite where shapes differ.
double difference(const oldphoto::test::Array& actual, const oldphoto::test::Array& expected) {
    if (actual.dims != expected.dims) return INFINITY;
    const auto a = actual.values<float>();
    const auto b = expected.values<float>();
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        // Written so that a NaN counts as a difference.
        const double d = std::abs(double(a[i]) - double(b[i]));
        largest = d <= largest ? largest : std::isnan(d) ? INFINITY : d;
    }
    return largest;
}
double difference(const std::string& file, const std::string& expected_place) {
    return difference(read_npy(file), array_at(expected_place));
}

/// One run of `forward NETWORK` that is compared with a fixture.
struct ForwardCase {
    std::string network;
    std::string weights;  ///< below ckpt/
    std::string input;    ///< of the fixtures, as all places here
    std::string expected;
    double tolerance;
    std::string options{};  ///< more arguments
    std::string mask{};
    std::string parsing{};
};

/// The arguments but for the output; none, aloud, where files are missing.
std::string arguments_of(const ForwardCase& run) {
    std::string arguments = "forward " + run.network + " " + run.options;
    const auto add = [&](const std::string& option, const std::string& place) {
        if (place.empty() || arguments.empty()) return;
        const std::string path = fixture_path(place.substr(0, place.find(':')));
        if (!std::filesystem::exists(path)) {
            WARN("skipped: no fixture " << path);
            arguments.clear();
            return;
        }
        const auto colon = place.find(':');
        arguments += option + path + (colon == std::string::npos ? "" : place.substr(colon));
    };
    add(" --weights ", "ckpt/" + run.weights);
    add(" --input ", run.input);
    add(" --mask ", run.mask);
    add(" --seg ", run.parsing);
    return arguments;
}

std::string expected_place(const ForwardCase& run) {
    const auto colon = run.expected.find(':');
    return fixture_path(run.expected.substr(0, colon)) +
           (colon == std::string::npos ? "" : run.expected.substr(colon));
}

void check_forward(const std::vector<ForwardCase>& runs) {
    const TemporaryFolder folder;
    for (const auto& run : runs) {
        INFO(run.network << " " << run.weights << " " << run.expected);
        const std::string arguments = arguments_of(run);
        if (arguments.empty()) continue;
        const auto outcome = run_program(arguments + " -o " + folder / "y.npy");
        CHECK(outcome.err.empty());
        REQUIRE(outcome.status == 0);
        CHECK(difference(folder / "y.npy", expected_place(run)) < run.tolerance);
    }
}

/// @param expected  an archive, whose arrays of this run have names that begin with "eval.".
void check_features(const std::vector<ForwardCase>& runs) {
    const TemporaryFolder folder;
    for (const auto& run : runs) {
        INFO(run.network << " " << run.weights);
        const std::string arguments = arguments_of(run);
        if (arguments.empty()) continue;
        const auto outcome = run_program(arguments + " -o " + folder / "y.npz");
        CHECK(outcome.err.empty());
        REQUIRE(outcome.status == 0);
        const auto features = read_npz(folder / "y.npz");
        const std::string mode = "eval.";
        std::size_t compared = 0;
        for (const auto& [name, expected] : read_npz(expected_place(run))) {
            if (!name.starts_with(mode)) continue;
            const std::string key = name.substr(mode.size());
            INFO(key);
            REQUIRE(features.count(key) == 1);
            CHECK(difference(features.at(key), expected) < run.tolerance);
            CHECK(has_line(outcome, folder / "y.npz:" + key + ": (", " s"));
            ++compared;
        }
        CHECK(compared == features.size());
        CHECK(compared == outcome.lines().size());
    }
}

std::string number_at(const Archive& archive, const std::string& name) {
    const auto& array = archive.at(name);
    return array.type == "<f4" ? std::to_string(array.values<float>().front())
                               : std::to_string(array.values<std::int64_t>().front());
}

/// VGG-19 as torchvision has it, though with a classifier of one number: weights by the formula.
oldphoto::NamedArrays torchvision_vgg19() {
    using oldphoto::Index;
    oldphoto::NamedArrays arrays;
    const auto add = [&](const std::string& name, const std::vector<Index>& dims) {
        const Index size = oldphoto::Array(oldphoto::DType::u8, dims).size();
        const auto [centre, spread] = formula_range(name, dims, size);
        std::vector<float> values;
        for (const double t : formula_numbers("vgg19/" + name, size)) {
            values.push_back(static_cast<float>(centre + spread * t));
        }
        arrays.insert(name, oldphoto::Array::from_values(dims, std::span<const float>(values)));
    };
    // The last three, which the features do not have, with one channel.
    const std::vector<std::pair<int, Index>> convolutions{
        {0, 64},   {2, 64},   {5, 128},  {7, 128},  {10, 256}, {12, 256}, {14, 256}, {16, 256},
        {19, 512}, {21, 512}, {23, 512}, {25, 512}, {28, 512}, {30, 1},   {32, 1},   {34, 1}};
    Index channels = 3;
    for (const auto& [position, width] : convolutions) {
        const std::string name = "features." + std::to_string(position);
        add(name + ".weight", {width, channels, 3, 3});
        add(name + ".bias", {width});
        channels = width;
    }
    add("classifier.0.weight", {1, 1});
    return arrays;
}

std::string model() {
    return fixture_path("../../examples/models/compact.safetensors");
}

}  // namespace

TEST_CASE("forward of a VAE and of its halves is the published one", "[program][forward]") {
    for (const std::string weights : {"vae_A.safetensors", "vae_A.zip.pth", "vae_A.legacy.pth"}) {
        check_forward({
            {"vae_encoder", weights, "vae/A_input.npy", "vae/A_latent.npy", 1e-4},
            {"vae_decoder", weights, "vae/A_latent.npy", "vae/A_output.npy", 1e-4},
            {"vae", weights, "vae/A_input.npy", "vae/A_output.npy", 1e-4},
        });
    }
}

TEST_CASE("forward of the mappings is the published one", "[program][forward]") {
    const std::string latent = "mapping_scratch/input.npy";
    const std::string holes = "mapping_scratch/holes_output.npy";
    const std::string mask = "mapping_scratch/holes_mask.npy";
    check_forward({
        {"mapping_quality", "mapping_quality.zip.pth", "mapping_quality/input.npy",
         "mapping_quality/output.npy", 2e-4},
        {"mapping_scratch", "mapping_scratch.zip.pth", latent, holes, 5e-4, "", mask},
        {"mapping_scratch", "mapping_scratch.legacy.pth", latent, holes, 5e-4, "", mask},
        {"mapping_scratch", "mapping_scratch.safetensors", latent, "mapping_scratch/odd_output.npy",
         5e-4, "", "mapping_scratch/odd_mask.npy"},
    });
}

TEST_CASE("forward of mapping_high_resolution takes the path that is asked for",
          "[program][forward]") {
    const auto run = [](const std::string& fixture, const std::string& options) {
        const std::string archive = "mapping_hr/" + fixture + ".npz:";
        return ForwardCase{"mapping_high_resolution",
                           "mapping_hr.zip.pth",
                           archive + "input",
                           archive + "output",
                           2e-4,
                           options,
                           archive + "mask"};
    };
    check_forward({run("infer_holes", ""), run("infer_ragged_holes", "--path inference"),
                   run("train_holes", "--path training"),
                   run("train_holes", "--options path=training")});
}

TEST_CASE("forward of a partial nonlocal block heeds its options", "[program][forward]") {
    for (const std::string name : {"nonlocal_v0", "nonlocal_v1", "nonlocal_v2", "nonlocal_v3"}) {
        const std::string archive = "mapping_scratch/" + name + ".npz";
        OLDPHOTO_NEEDS_FIXTURE(archive);
        const auto arrays = read_npz(fixture_path(archive));
        const std::string options = "--options renormalize=" + number_at(arrays, "renorm") +
                                    ",cosine=" + number_at(arrays, "cosine") +
                                    ",use_self=" + number_at(arrays, "use_self") +
                                    ",temperature=" + number_at(arrays, "temperature");
        check_forward({{"partial_nonlocal", name + ".zip.pth", archive + ":input",
                        archive + ":output", 2e-4, options, archive + ":mask"}});
    }
}

TEST_CASE("forward computes as --numerics says", "[program][forward]") {
    const TemporaryFolder folder;
    const auto run = [&](const std::string& numerics) {
        const std::string output = folder / (numerics.empty() ? "unsaid" : numerics) + ".npy";
        const auto outcome =
            run_program("forward vae_encoder --prefix vae_a. --weights " + model() + " --input " +
                        fixture_path("vae/A_input.npy") + " -o " + output +
                        (numerics.empty() ? "" : " --numerics " + numerics));
        CHECK(outcome.err.empty());
        REQUIRE(outcome.status == 0);
        return output;
    };
    const std::string fast = run("fast");
    const double apart = difference(run("accurate"), fast);
    CHECK(apart > 0);
    CHECK(apart < 1e-4);
    CHECK(difference(run(""), fast) == 0);
    CHECK(difference(run("bf16x3"), fast) < 1e-4);
    const double rounded = difference(run("bf16"), fast);
    CHECK(rounded > 1e-4);
    CHECK(rounded < 0.1);
}

TEST_CASE("forward of the detector gives the published logits", "[program][forward]") {
    for (const std::string weights :
         {"detection.zip.pt", "detection.legacy.pt", "detection.safetensors"}) {
        check_forward({{"detector", weights, "unet/input.npy", "unet/logits.npy", 1e-4}});
    }
}

TEST_CASE("forward of a discriminator gives every layer of every scale", "[program][forward]") {
    const auto run = [](const std::string& network, const std::string& weights,
                        const std::string& fixture) {
        const std::string archive = "disc/" + fixture + ".npz";
        return ForwardCase{network, weights, archive + ":input", archive, 2e-4};
    };
    check_features({run("patch_discriminator", "disc_image.zip.pth", "image"),
                    run("patch_discriminator", "disc_image3.zip.pth", "image3"),
                    run("patch_discriminator", "disc_image_sn.zip.pth", "image_sn"),
                    run("patch_discriminator", "disc_image_sn.legacy.pth", "image_sn"),
                    run("latent_discriminator", "disc_feat.zip.pth", "feat")});
}

TEST_CASE("forward of a face generator takes a parsing map where its weights want one",
          "[program][forward]") {
    check_forward({
        {"face_generator", "face_spade.zip.pth", "face/input.npy", "face/output.npy", 2e-4,
         "--options size=64"},
        {"face_generator", "face_spade_parsing.zip.pth", "face/parsing.npz:input",
         "face/parsing.npz:output", 2e-4, "--options size=96", "", "face/parsing.npz:seg"},
    });
}

TEST_CASE("forward of vgg19 takes torchvision's whole file and gives five slices",
          "[program][forward]") {
    OLDPHOTO_NEEDS_FIXTURE("vgg/perceptual.npz");
    const TemporaryFolder folder;
    oldphoto::write_safetensors(folder / "vgg19.safetensors", torchvision_vgg19());
    const std::string fixture = fixture_path("vgg/perceptual.npz");
    const auto outcome = run_program("forward vgg19 --weights " + folder / "vgg19.safetensors" +
                                     " --input " + fixture + ":x -o " + folder / "y.npz");
    REQUIRE(outcome.status == 0);
    CHECK(has_line(outcome, folder / "y.npz:slice4: (2, 512, 2, 3), min 0, "));

    const auto slices = read_npz(folder / "y.npz");
    const auto expected = read_npz(fixture);
    REQUIRE(slices.size() == 5);
    for (const auto& [name, slice] : slices) {
        INFO(name);
        const auto stored = expected.at(name + "_c0_3").values<float>();
        const auto all = slice.values<float>();
        const auto plane = static_cast<std::size_t>(slice.dims[2] * slice.dims[3]);
        const auto channels = static_cast<std::size_t>(slice.dims[1]);
        double largest = 0;
        double worst = 0;
        for (std::size_t i = 0; i < stored.size(); ++i) {  // (2, 4, h, w) of (2, channels, h, w)
            const std::size_t sample = i / (4 * plane);
            const float value = all.at(sample * channels * plane + i % (4 * plane));
            worst = std::max(worst, std::abs(double(value) - double(stored[i])));
            largest = std::max(largest, std::abs(double(stored[i])));
        }
        CHECK(worst < 1e-4 * largest);
    }
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

TEST_CASE("forward prints shape, range, mean and seconds of what it wrote", "[program][forward]") {
    const TemporaryFolder folder;
    const auto outcome =
        run_program("forward vae_encoder --weights " + fixture_path("ckpt/vae_A.safetensors") +
                    " --input " + fixture_path("vae/A_input.npy") + " -o " + folder / "y.npy");
    REQUIRE(outcome.status == 0);
    REQUIRE(outcome.lines().size() == 1);
    CHECK(has_line(outcome, folder / "y.npy" + ": (1, 12, 16, 16), min -", " s"));
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
    CHECK(run_program(command + " --path training").err ==
          "oldphoto: options: 'path' is not an option of vae_encoder here; known: norm\n");
    CHECK(run_program(command + " --seg s.npy").err ==
          "oldphoto: seg: vae_encoder takes no parsing map with these weights\n");
    CHECK(run_program("forward vae --weights " + weights + " --input " +
                      fixture_path("vae/A_input.npy") + " -o " + folder / "y.npz")
              .err ==
          "oldphoto: output: vae gives one array, for .npy; got '" + folder / "y.npz" + "'\n");
    CHECK(run_program("forward vgg19 --weights w --input x.npy -o y.npy").err ==
          "oldphoto: output: vgg19 gives several arrays, for .npz; got 'y.npy'\n");
    CHECK(run_program("forward mapping_quality --weights " + weights + " --input x.npy -o y.npy")
              .err == "oldphoto: " + weights +
                          ": these are not the weights of a quality mapping, which has "
                          "\"model.0.weight\" and no \"encoder.1.weight\"\n");
    CHECK_FALSE(std::filesystem::exists(folder / "y.npy"));
}

TEST_CASE("forward names the second input that is missing or too much", "[program][forward]") {
    OLDPHOTO_NEEDS_FIXTURE("ckpt/face_spade_parsing.zip.pth");
    const TemporaryFolder folder;
    const std::string out = " -o " + folder / "y.npy";
    const std::string scratch = "forward mapping_scratch --weights " +
                                fixture_path("ckpt/mapping_scratch.zip.pth") + " --input " +
                                fixture_path("mapping_scratch/input.npy") + out;
    CHECK(run_program(scratch).err == "oldphoto: mask: mapping_scratch needs a mask\n");

    const auto face = [&](const std::string& weights, const std::string& input,
                          const std::string& name) {
        return "forward face_generator --weights " + fixture_path("ckpt/" + weights) + " --input " +
               fixture_path(input) + name + out;
    };
    const std::string parsing = "face/parsing.npz";
    CHECK(run_program(face("face_spade_parsing.zip.pth", parsing, ":input")).err ==
          "oldphoto: seg: face_generator needs a parsing map with these weights\n");
    CHECK(run_program(face("face_spade.zip.pth", "face/input.npy", "") + " --seg " +
                      fixture_path(parsing) + ":seg")
              .err == "oldphoto: seg: face_generator takes no parsing map with these weights\n");
    CHECK(folder.count() == 0);
}
