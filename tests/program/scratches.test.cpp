#include <oldphoto/image/mask.hpp>
#include <oldphoto/image/stb.hpp>
#include <oldphoto/pipeline/hole_restorers.hpp>
#include <oldphoto/pipeline/model_folder.hpp>
#include <oldphoto/pipeline/official_programs.hpp>

#include "program.hpp"
#include "support/download.hpp"
#include "support/pictures.hpp"
#include "support/shared.hpp"
#include <filesystem>

using namespace oldphoto;
using namespace oldphoto::test;

namespace fs = std::filesystem;

namespace {

/// A photo, its mask and a model, in a folder of their own.
struct Stage {
    TemporaryFolder folder;
    Image photo = pattern({38, 26}, 3);
    Image mask = flat({38, 26}, 1, 0);
    std::string model = folder / "model";

    Stage() {
        for (Index y = 4; y < 9; ++y) {
            for (Index x = 6; x < 30; ++x) mask.samples()[std::size_t(y * 38 + x)] = 255;
        }
        write_image(photo, folder / "photo.png");
        write_image(mask, folder / "mask.png");
        write_download(model, small_download);
    }

    /// restore photo.png -o out.png --model ... and more.
    [[nodiscard]] Outcome restore(const std::string& more) const {
        return run_program("restore " + folder / "photo.png" + " -o " + folder / "out.png" +
                           " --model " + model + " " + more);
    }
    [[nodiscard]] Image read(const std::string& name) const { return read_image(folder / name); }
    [[nodiscard]] ScratchRestorer<> scratch() const {
        return ScratchRestorer<>::load(read_model(model, ModelKind::scratch), model);
    }
    [[nodiscard]] ScratchDetector<> detector() const {
        const auto path = official_detector_path(model);
        return load_detector(read_weights(path), path);
    }
};

/// The program and this test may be compiled with other flags, and round otherwise.
bool same(const Image& a, const Image& b) {
    return largest_step(a, b) <= 1;
}

}  // namespace

TEST_CASE("restore fills the holes of a mask", "[program][scratches]") {
    const Stage stage;
    const auto outcome = stage.restore("--scratches " + stage.folder / "mask.png" +
                                       " --also mask,overlay,difference");
    REQUIRE(outcome.status == 0);
    CHECK(outcome.err.empty());
    CHECK(has_line(outcome, stage.folder / "photo.png" + " -> " + stage.folder / "out.png",
                   ", 12.15 % holes"));
    const Image restored = stage.read("out.png");
    CHECK(same(restored, stage.scratch()(stage.photo, stage.mask).photo));
    CHECK(stage.read("out.mask.png") == stage.mask);
    CHECK(stage.read("out.overlay.png") == overlay(stage.photo, stage.mask));
    CHECK(stage.read("out.difference.png") == difference(stage.photo, restored));
}

TEST_CASE("restore lets a mask grow and keeps what is outside it", "[program][scratches]") {
    const Stage stage;
    const auto outcome = stage.restore("--scratches " + stage.folder / "mask.png" +
                                       " --dilate 2 --keep-outside-mask");
    REQUIRE(outcome.status == 0);
    CHECK(same(
        stage.read("out.png"),
        stage.scratch()(stage.photo, grown(stage.mask, 2), {.keep_outside_mask = true}).photo));
}

TEST_CASE("restore finds scratches and says how likely they are", "[program][scratches]") {
    const Stage stage;
    const auto map = find_scratches(stage.detector(), stage.photo);
    // A threshold that an eighth of the pixels reach.
    auto sorted = map.probabilities();
    const auto limit = sorted.begin() + 7 * std::ssize(sorted) / 8;
    std::nth_element(sorted.begin(), limit, sorted.end());
    const auto threshold = std::to_string(*limit);
    const auto outcome =
        stage.restore("--scratches detect --threshold " + threshold + " --also mask,probability");
    REQUIRE(outcome.status == 0);
    const Image mask = map.mask(std::stod(threshold));
    REQUIRE(covered_share(mask) > 0.1);
    REQUIRE(covered_share(mask) < 0.9);
    CHECK(stage.read("out.mask.png") == mask);
    CHECK(stage.read("out.probability.png") == map.picture());
    CHECK(same(stage.read("out.png"), stage.scratch()(stage.photo, mask).photo));
}

TEST_CASE("restore --high-resolution lets a mask grow by 3 and fills it by patches",
          "[program][scratches]") {
    const Stage stage;
    const auto outcome =
        stage.restore("--high-resolution --scratches " + stage.folder / "mask.png");
    REQUIRE(outcome.status == 0);
    const auto restorer = HighResolutionRestorer<>::load(
        read_model(stage.model, ModelKind::high_resolution), stage.model);
    CHECK(same(stage.read("out.png"), restorer(stage.photo, grown(stage.mask, 3)).photo));
}

TEST_CASE("restore --official does what the published programs do", "[program][scratches]") {
    const Stage stage;
    const auto quality = Restorer<>::load(read_model(stage.model, ModelKind::quality), stage.model);
    REQUIRE(stage.restore("--official").status == 0);
    CHECK(same(stage.read("out.png"), official_restoration(quality.translation(), stage.photo)));
    CHECK(stage.read("out.png").size() == Size{40, 24});

    const auto outcome = stage.restore("--official --scratches detect --also mask,difference");
    REQUIRE(outcome.status == 0);
    const auto detection = official_detection(stage.detector(), stage.photo);
    CHECK(stage.read("out.mask.png") == detection.saved_mask());
    CHECK(
        same(stage.read("out.png"), official_restoration(stage.scratch().translation(),
                                                         detection.photo, detection.saved_mask())));
    CHECK(stage.read("out.difference.png").size() == Size{32, 32});

    REQUIRE(
        stage.restore("--official --high-resolution --threshold 0.9 --scratches detect").status ==
        0);
    const auto patches = HighResolutionRestorer<>::load(
        read_model(stage.model, ModelKind::high_resolution), stage.model);
    CHECK(same(stage.read("out.png"), official_restoration(patches.translation(), detection.photo,
                                                           grown(detection.saved_mask(0.9), 3))));
}

TEST_CASE("restore takes a folder of masks by the photos' names", "[program][scratches]") {
    const Stage stage;
    const std::string in = stage.folder / "in";
    fs::create_directories(in + "/1950");
    fs::create_directories(stage.folder / "masks/1950");
    fs::copy_file(stage.folder / "photo.png", in + "/1950/a.png");
    fs::copy_file(stage.folder / "photo.png", in + "/b.png");
    write_image(stage.mask, stage.folder / "masks/1950/a.jpg");
    const auto outcome = run_program("restore " + in + " -o " + stage.folder / "out" + " --model " +
                                     stage.model + " --scratches " + stage.folder / "masks");
    CHECK(outcome.status == 1);
    CHECK(fs::exists(stage.folder / "out/1950/a.png"));
    CHECK(has_line(outcome, "FAILED " + in + "/b.png: " + stage.folder / "masks" +
                                ": has no mask of the name 'b'"));
    CHECK(outcome.lines().back() == "1 photo restored, 1 failed");
}

TEST_CASE("restore does not write over a mask, nor take one for a photo", "[program][scratches]") {
    const Stage stage;
    const std::string in = stage.folder / "in";
    fs::create_directories(in + "/masks");
    fs::copy_file(stage.folder / "photo.png", in + "/a.png");
    fs::copy_file(stage.folder / "mask.png", in + "/masks/a.png");
    const std::string before = read_text(in + "/masks/a.png");
    const std::string command =
        "restore " + in + " --model " + stage.model + " --scratches " + in + "/masks -o ";
    const auto refused = run_program(command + in + "/masks");
    CHECK(refused.status == 1);
    CHECK(refused.err == "oldphoto: restore: " + in +
                             "/masks/a.png is a mask and would be overwritten; choose another "
                             "output\n");
    fs::copy_file(stage.folder / "mask.png", stage.folder / "out.png");
    CHECK(stage.restore("--scratches " + stage.folder / "out.png").status == 1);
    CHECK(stage.read("out.png") == stage.mask);
    CHECK(read_text(in + "/masks/a.png") == before);

    const auto outcome = run_program(command + stage.folder / "out");
    CHECK(outcome.status == 0);
    CHECK(outcome.lines().back() == "1 photo restored");
}

TEST_CASE("restore finds the masks that detect made of photos of one name",
          "[program][scratches]") {
    const Stage stage;
    const std::string in = stage.folder / "in";
    fs::create_directories(in);
    write_image(stage.photo, in + "/a.png");
    write_image(stage.photo, in + "/a.bmp");
    REQUIRE(run_program("detect " + in + " -o " + stage.folder / "masks" + " --model " +
                        stage.model + " --threshold 0.9")
                .status == 0);
    const auto outcome = run_program("restore " + in + " -o " + stage.folder / "out" + " --model " +
                                     stage.model + " --scratches " + stage.folder / "masks");
    CHECK(outcome.status == 0);
    CHECK(outcome.lines().back() == "2 photos restored");
}

TEST_CASE("restore takes red masks but not under --official", "[program][scratches]") {
    const Stage stage;
    Image red = to_rgb(stage.mask);
    for (std::size_t i = 0; i < red.samples().size(); ++i) {
        if (i % 3 != 0) red.samples()[i] = 0;
    }
    write_image(red, stage.folder / "red.png");
    REQUIRE(stage.restore("--also mask --scratches " + stage.folder / "red.png").status == 0);
    CHECK(stage.read("out.mask.png") == stage.mask);
    const auto official = stage.restore("--official --scratches " + stage.folder / "red.png");
    CHECK(has_line(official, "FAILED " + stage.folder / "photo.png" +
                                 ": scratches: the mask has colours; --official takes grey ones"));
}

TEST_CASE("restore leaves nothing beside a result that it cannot write",
          "[program][scratches][error]") {
    const Stage stage;
    fs::create_directories(stage.folder / "out/photo.png");
    const auto outcome = run_program("restore " + stage.folder / "photo.png" + " -o " +
                                     stage.folder / "out" + " --model " + stage.model +
                                     " --also mask --scratches " + stage.folder / "mask.png");
    CHECK(outcome.status == 1);
    CHECK_FALSE(fs::exists(stage.folder / "out/photo.mask.png"));
}

TEST_CASE("restore brings a mask of another size to the photo's and says so",
          "[program][scratches]") {
    const Stage stage;
    write_image(resize(stage.mask, {19, 13}, Resampling::nearest), stage.folder / "small.png");
    const auto outcome = stage.restore("--also mask --scratches " + stage.folder / "small.png");
    REQUIRE(outcome.status == 0);
    CHECK(outcome.lines().at(0).ends_with("; the mask was brought from 19 x 13 to 38 x 26 pixels"));
    CHECK(stage.read("out.mask.png").size() == Size{38, 26});
}

TEST_CASE("what the published programs hide is an error", "[program][scratches][error]") {
    const Stage stage;
    write_image(flat({38, 26}, 1, 255), stage.folder / "all.png");
    const auto all = stage.restore("--scratches " + stage.folder / "all.png");
    CHECK(all.status == 1);
    CHECK(has_line(all, "FAILED " + stage.folder / "photo.png" +
                            ": translation: the mask leaves nothing of the photo"));
    CHECK_FALSE(fs::exists(stage.folder / "out.png"));

    const auto patches =
        stage.restore("--official --high-resolution --scratches " + stage.folder / "all.png");
    CHECK(patches.status == 1);
    CHECK(has_line(patches, "FAILED " + stage.folder / "photo.png" +
                                ": translation: the mask leaves nothing of the photo"));

    const std::string missing =
        stage.model + "/Global/checkpoints/restoration/mapping_scratch/latest_net_mapping_net.pth";
    fs::remove(missing);
    const auto incomplete = stage.restore("--scratches " + stage.folder / "mask.png");
    CHECK(incomplete.status == 1);
    CHECK(incomplete.err.starts_with("oldphoto: " + missing + ": "));
    CHECK_FALSE(fs::exists(stage.folder / "out.png"));
}

TEST_CASE("restore refuses options that do not go together", "[program][scratches][error]") {
    const Stage stage;
    const auto error_of = [&](const std::string& more) {
        const auto outcome = stage.restore(more);
        CHECK(outcome.status == 1);
        return outcome.err;
    };
    CHECK(error_of("--high-resolution") ==
          "oldphoto: restore: --high-resolution needs --scratches\n");
    CHECK(error_of("--keep-outside-mask") ==
          "oldphoto: restore: --keep-outside-mask needs --scratches\n");
    CHECK(error_of("--dilate 2") == "oldphoto: restore: --dilate needs --scratches\n");
    const std::string given = " --scratches " + stage.folder / "mask.png";
    CHECK(error_of("--threshold 0.5" + given) ==
          "oldphoto: restore: --threshold needs --scratches detect\n");
    CHECK(error_of("--detector d" + given) ==
          "oldphoto: restore: --detector needs --scratches detect\n");
    CHECK(error_of("--also mask,mask" + given) == "oldphoto: also: 'mask' stands twice\n");
    CHECK(error_of("--also mask") ==
          "oldphoto: restore: a mask and its overlay need --scratches\n");
    CHECK(error_of("--also probability --scratches " + stage.folder / "mask.png") ==
          "oldphoto: restore: a probability needs --scratches detect\n");
    const auto by_default = run_program("restore " + stage.folder / "photo.png" + " -o " +
                                        stage.folder / "out.png" + " --scratches detect");
    CHECK(by_default.err ==
          "oldphoto: restore: the default model fills no holes; name one that does with --model\n");
    const auto official = run_program("restore " + stage.folder / "photo.png" + " -o " +
                                      stage.folder / "out.png" + " --official");
    CHECK(official.err ==
          "oldphoto: restore: the default model is not a published one; name one with --model\n");
    fs::create_directory(stage.folder / "in");
    write_image(stage.photo, stage.folder / "in/a.png");
    write_image(stage.photo, stage.folder / "in/a.mask.png");
    const auto clash =
        run_program("restore " + stage.folder / "in" + " -o " + stage.folder / "out" + " --model " +
                    stage.model + " --scratches detect --also mask");
    CHECK(clash.status == 1);
    CHECK(clash.err.find("would both be written to " + stage.folder / "out/a.mask.png") !=
          std::string::npos);
    CHECK_FALSE(fs::exists(stage.folder / "out"));
}

TEST_CASE("detect writes masks alone, or what else is asked for", "[program][scratches]") {
    const Stage stage;
    const auto outcome = run_program("detect " + stage.folder / "photo.png" + " -o " +
                                     stage.folder / "masks" + " --model " + stage.model);
    REQUIRE(outcome.status == 0);
    CHECK(has_line(outcome, stage.folder / "photo.png" + " -> " + stage.folder / "masks/photo.png",
                   " s"));
    CHECK(outcome.lines().back() == "1 photo searched");
    const auto map = find_scratches(stage.detector(), stage.photo);
    CHECK(stage.read("masks/photo.png") == map.mask());
    CHECK(std::distance(fs::directory_iterator(stage.folder / "masks"), {}) == 1);

    REQUIRE(run_program("detect " + stage.folder / "photo.png" + " -o " + stage.folder / "m.png" +
                        " --official --dilate 1 --also probability,overlay --model " +
                        official_detector_path(stage.model))
                .status == 0);
    const auto official = official_detection(stage.detector(), stage.photo);
    CHECK(stage.read("m.png") == grown(official.saved_mask(), 1));
    CHECK(stage.read("m.probability.png") == official.scratches.picture());
    CHECK(stage.read("m.overlay.png") == overlay(official.photo, grown(official.saved_mask(), 1)));
}

TEST_CASE("detect refuses a threshold outside 0 to 1 and a file that is no detector",
          "[program][scratches][error]") {
    const Stage stage;
    const std::string start =
        "detect " + stage.folder / "photo.png" + " -o " + stage.folder / "m.png" + " --model ";
    CHECK(run_program(start + stage.model + " --threshold 1.5").status != 0);
    const std::string vae = stage.model +
                            "/Global/checkpoints/restoration/VAE_A_quality/"
                            "latest_net_G.pth";
    const auto other = run_program(start + vae);
    CHECK(other.status == 1);
    CHECK(other.err == "oldphoto: " + vae +
                           ": these are not the weights of a scratch detector, which has "
                           "\"first.1.weight\" and no \"encoder.1.weight\"\n");
    CHECK_FALSE(fs::exists(stage.folder / "m.png"));
}
