#include <oldphoto/image/stb.hpp>

#include "program.hpp"
#include "support/pictures.hpp"
#include "support/small_model.hpp"
#include <filesystem>

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
