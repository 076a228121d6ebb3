#include <oldphoto/image/stb.hpp>

#include "card.hpp"
#include "program.hpp"
#include "support/pictures.hpp"
#include "support/small_model.hpp"
#include <filesystem>
#include <map>

using namespace oldphoto;
using namespace oldphoto::test;

namespace fs = std::filesystem;

TEST_CASE("evaluate measures a model, and what it is without its mapping", "[program][evaluate]") {
    const TemporaryFolder folder;
    fs::create_directories(folder / "clean");
    fs::create_directories(folder / "damaged");
    write_image(pattern({40, 30}, 3), folder / "clean/a.png");
    write_image(pattern({40, 30}, 1), folder / "damaged/a.jpg");
    SmallModel().write(folder / "model.safetensors");
    const std::string folders = folder / "clean" + " " + folder / "damaged";
    const std::string arguments =
        "evaluate " + folders + " --model " + folder / "model.safetensors";
    const auto outcome = run_program(arguments);
    REQUIRE(outcome.status == 0);
    CHECK(outcome.lines().size() == 6);
    CHECK(has_line(outcome, "damaged"));
    CHECK(has_line(outcome, "restored, the mapping left out"));
    CHECK(has_line(outcome, "unseen damage, restored"));
    CHECK(run_program(arguments).out == outcome.out);

    // The same photos are infinitely close to each other.
    const auto same = run_program("evaluate " + folder / "clean" + " " + folder / "clean" +
                                  " --model " + folder / "model.safetensors");
    CHECK(has_line(same, "damaged", " 1.0000"));

    fs::copy(folder / "clean/a.png", folder / "clean/b.png");
    const auto unpaired = run_program(arguments);
    CHECK(unpaired.status == 1);
    CHECK(unpaired.err == "oldphoto: evaluate: " + folder / "clean/b.png" + " has no partner in " +
                              folder / "damaged" + "\n");
}

TEST_CASE("the model that comes along is as good as its card says", "[program][evaluate]") {
    OLDPHOTO_NEEDS_SHARED("data/pairs_test");
    const std::string models = fixture_path("../../examples/models/");
    const std::string pairs = shared_path("data/pairs_test");
    const auto outcome = run_program("evaluate " + pairs + "/clean " + pairs + "/quality --vae-b " +
                                     models + "compact_vae_b.safetensors");
    REQUIRE(outcome.status == 0);
    const auto lines = outcome.lines();
    REQUIRE(lines.size() == 7);
    std::map<std::string, double> psnr;
    for (std::size_t k = 1; k < lines.size(); ++k) {
        const auto printed = score_in(lines[k]);
        check_as_on_card(printed, printed.name);
        psnr[printed.name] = printed.psnr;
    }
    // The mapping restores; the decoder alone does not.
    CHECK(psnr.at("restored") > psnr.at("restored, the mapping left out") + 1);
    CHECK(psnr.at("unseen damage, restored") > psnr.at("unseen damage: wide blur and film grain"));
}
