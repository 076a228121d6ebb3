#include <oldphoto/image/stb.hpp>
#include <oldphoto/pipeline/model_file.hpp>

#include "program.hpp"
#include "support/pictures.hpp"
#include <algorithm>
#include <filesystem>

using namespace oldphoto;
using namespace oldphoto::test;

namespace fs = std::filesystem;

namespace {

/// A few photos, and a network so small that a step takes milliseconds.
class TinyTraining {
public:
    TinyTraining() {
        fs::create_directories(folder_ / "photos");
        for (const char* name : {"a.png", "b.png", "c.png"}) {
            write_image(pattern({48 + name[0] - 'a', 40}, 3), folder_ / "photos/" + name);
        }
    }

    [[nodiscard]] std::string operator/(const std::string& name) const { return folder_ / name; }

    /// "train vae ... -o NAME.safetensors"
    [[nodiscard]] std::string vae(const std::string& name, const std::string& more) const {
        return "train vae --width 4 --max-width 4 --data " + folder_ / "photos" + common(name) +
               more;
    }
    [[nodiscard]] std::string mapping(const std::string& name, const std::string& more) const {
        return "train mapping --max-width 8 --blocks 1 --degrade-crop --data " +
               folder_ / "photos" + " --vae-a " + folder_ / "a.safetensors" + " --vae-b " +
               folder_ / "b.safetensors" + common(name) + more;
    }

    /// The last step of NAME.csv that was written whole; 0 where there is none.
    [[nodiscard]] int logged_steps(const std::string& name) const {
        const std::string log = read_text(folder_ / name + ".csv");
        return std::max(0, static_cast<int>(std::count(log.begin(), log.end(), '\n')) - 1);
    }

private:
    [[nodiscard]] std::string common(const std::string& name) const {
        return " --batch 1 --crop 32 --seed 5 --threads 1 -o " + folder_ / name + ".safetensors ";
    }

    TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("both stages of a training make a model that restores photos", "[program][train]") {
    const TinyTraining training;
    const std::string validate = " --validate " + training / "photos";
    REQUIRE(run_program(training.vae("b", "--steps 3" + validate)).status == 0);
    REQUIRE(run_program(training.vae("a", "--steps 3 --old " + training / "photos")).status == 0);
    const auto outcome = run_program(training.mapping("model", "--steps 4 --decay 2" + validate));
    CHECK(outcome.err.empty());
    REQUIRE(outcome.status == 0);
    CHECK(outcome.lines().back() == "trained 4 steps: " + training / "model.safetensors");
    CHECK(has_line(outcome, "step 4: PSNR "));
    CHECK(run_program("restore " + training / "photos/a.png" + " -o " + training / "restored.png" +
                      " --model " + training / "model.safetensors")
              .status == 0);
    CHECK(read_image(training / "restored.png").size() == Size{48, 40});

    const auto log = read_text(training / "model.csv");
    CHECK(log.starts_with("step,learning_rate,latent,image,seconds\n1,2e-04,"));
    CHECK(training.logged_steps("model") == 4);
    CHECK(read_text(training / "model.validation.csv").starts_with("step,psnr,ssim\n4,"));
    CHECK(load_vae(training / "b.safetensors").tone.kind == ToneKind::carried);
}

TEST_CASE("a training that is killed loses at most the steps between two saves",
          "[program][train]") {
    const TinyTraining training;
    const std::string steps = "--steps 60 --decay 30 --checkpoint-every 10";
    REQUIRE(run_program(training.vae("whole", steps)).status == 0);

    // Killed as soon as its log has 25 steps.
    const std::string log = training / "killed.csv";
    run_program(training.vae("killed", steps) + " & pid=$!; until [ $(cat '" + log +
                "' 2>/dev/null | wc -l) -gt 25 ] || ! kill -0 $pid; do sleep 0.01; done; kill -9 "
                "$pid; true");
    const int before = training.logged_steps("killed");
    REQUIRE(before >= 25);
    REQUIRE(before < 60);
    const auto outcome = run_program(training.vae("killed", steps + " --resume"));
    REQUIRE(outcome.status == 0);
    const std::string line = outcome.lines().front();
    REQUIRE(line.starts_with("goes on after step "));
    const int resumed = std::stoi(line.substr(std::string("goes on after step ").size()));
    // All ten where it was killed after a row was logged and before its state was saved.
    CHECK(resumed >= before - 10);

    CHECK(read_text(training / "killed.safetensors") == read_text(training / "whole.safetensors"));
    const auto without_seconds = [&](const std::string& name) {
        std::istringstream stream(read_text(training / name + ".csv"));
        std::string rows;
        for (std::string row; std::getline(stream, row);) {
            rows += row.substr(0, row.rfind(',')) + '\n';
        }
        return rows;
    };
    CHECK(without_seconds("killed") == without_seconds("whole"));
}

TEST_CASE("a training neither overwrites another one nor resumes as another one",
          "[program][train]") {
    const TinyTraining training;
    REQUIRE(run_program(training.vae("vae", "--steps 2")).status == 0);
    CHECK(run_program(training.vae("vae", "--steps 2 --resume")).out ==
          "goes on after step 2\ntrained 2 steps: " + training / "vae.safetensors" + "\n");
    const std::string weights = read_text(training / "vae.safetensors");
    const auto again = run_program(training.vae("vae", "--steps 2"));
    CHECK(again.status == 1);
    CHECK(again.err == "oldphoto: train: " + training / "vae.state.safetensors" +
                           " exists; go on with --resume, or give another --out\n");
    const auto other = run_program(training.vae("vae", "--steps 2 --lr 0.1 --resume"));
    CHECK(other.status == 1);
    CHECK_THAT(other.err, Catch::Contains("is of a training with another recipe"));
    fs::remove(training / "vae.state.safetensors");
    CHECK(run_program(training.vae("vae", "--steps 2 --resume")).err ==
          "oldphoto: train: " + training / "vae.safetensors" + " exists, and no " +
              training / "vae.state.safetensors" + " to go on from; give another --out\n");
    CHECK(read_text(training / "vae.safetensors") == weights);
}

TEST_CASE("train says which photos it lacks", "[program][train]") {
    const TinyTraining training;
    fs::create_directories(training / "empty");
    const auto outcome = run_program("train vae --data " + training / "empty" + " -o " +
                                     training / "vae.safetensors");
    CHECK(outcome.status == 1);
    CHECK(outcome.err ==
          "oldphoto: " + training / "empty" + ": holds no photos (.png, .jpg, .jpeg or .bmp)\n");
    CHECK_FALSE(fs::exists(training / "vae.safetensors"));
    fs::create_directories(training / "few");
    fs::copy(training / "photos/a.png", training / "few");
    const auto unpaired =
        run_program(training.vae("vae", "--steps 1 --validate " + training / "photos" +
                                            " --validate-damaged " + training / "few"));
    CHECK(unpaired.status == 1);
    CHECK(unpaired.err == "oldphoto: train: " + training / "photos/b.png" + " has no partner in " +
                              training / "few" + "\n");
}
