#include <oldphoto/degrade/pipeline.hpp>
#include <oldphoto/image/stb.hpp>

#include "program.hpp"
#include "support/pictures.hpp"
#include <filesystem>

using namespace oldphoto;
using namespace oldphoto::test;

namespace fs = std::filesystem;

namespace {

void write_photo(const std::string& path, Size size = {40, 30}, Index channels = 3) {
    fs::create_directories(fs::path(path).parent_path());
    write_image(pattern(size, channels), path);
}

}  // namespace

TEST_CASE("degrade writes a worse photo and says what was done to it", "[program][degrade]") {
    const TemporaryFolder folder;
    write_photo(folder / "in.png");
    const auto outcome =
        run_program("degrade " + folder / "in.png" + " -o " + folder / "out.png" + " --seed 3");
    REQUIRE(outcome.status == 0);
    // The photo's own numbers come from the seed and from FNV-1a of its name.
    std::uint64_t hash = 14695981039346656037U;
    for (const char c : std::string("in.png")) {
        hash = (hash ^ static_cast<std::uint64_t>(c)) * 1099511628211U;
    }
    Rng rng = derived_rng(3, hash);
    std::vector<std::string> steps;
    CHECK(read_image(folder / "out.png") == degrade(pattern({40, 30}, 3), rng, {}, &steps));
    REQUIRE(steps.size() >= 2);
    std::string told = steps[0];
    for (std::size_t i = 1; i < steps.size(); ++i) told += "; " + steps[i];
    CHECK(outcome.out ==
          folder / "in.png" + " -> " + folder / "out.png" + ": " + told + "\n1 photo degraded\n");
}

TEST_CASE("what degrade makes of a photo does not depend on the photos beside it",
          "[program][degrade]") {
    const TemporaryFolder folder;
    write_photo(folder / "few/b.png");
    write_photo(folder / "many/a.bmp");
    write_photo(folder / "many/b.png");
    write_photo(folder / "many/deep/b.png");
    const auto degraded = [&](const std::string& in, const std::string& out, int seed) {
        REQUIRE(run_program("degrade " + folder / in + " -o " + folder / out + " --seed " +
                            std::to_string(seed))
                    .status == 0);
        return read_text(folder / out + "/b.png");
    };
    const std::string few = degraded("few", "out1", 3);
    CHECK(degraded("many", "out2", 3) == few);
    CHECK(degraded("few/b.png", "out3", 3) == few);
    CHECK(degraded("few", "out4", 4) != few);
    CHECK(read_text(folder / "out2/deep/b.png") != few);
}

TEST_CASE("degrade keeps a folder's tree, leaves grey photos grey and goes on after a failure",
          "[program][degrade]") {
    const TemporaryFolder folder;
    write_photo(folder / "in/1950/grey.png", {17, 12}, 1);
    write_photo(folder / "in/dot.bmp", {1, 1});
    write_text(folder / "in/letter.jpg", "Dear aunt,");
    const auto outcome = run_program("degrade " + folder / "in" + " -o " + folder / "out");
    CHECK(outcome.status == 1);
    CHECK(read_image(folder / "out/1950/grey.png").channels() == 1);
    CHECK(read_image(folder / "out/dot.png").size() == Size{1, 1});
    CHECK(has_line(outcome, "FAILED " + folder / "in/letter.jpg: is text; oldphoto reads PNG"));
    CHECK(outcome.lines().back() == "2 photos degraded, 1 failed");
}

TEST_CASE("degrade --show draws each photo beside four of its fates", "[program][degrade]") {
    const TemporaryFolder folder;
    write_photo(folder / "in/a.png", {40, 30});
    write_photo(folder / "in/b.png", {640, 320});
    const std::string command = "degrade " + folder / "in" + " -o " + folder / "out";
    REQUIRE(run_program(command + " --show " + folder / "new/sheet.png").status == 0);
    const Image sheet = read_image(folder / "new/sheet.png");
    CHECK(sheet.width() == 16 + 5 * (320 + 16));
    const auto part = [&](Index x, Index y, Size size) {
        auto found = Image::black(size, 3);
        for (Index row = 0; row < size.height; ++row) {
            std::copy_n(sheet.samples().begin() + ((y + row) * sheet.width() + x) * 3,
                        size.width * 3, found.samples().begin() + row * size.width * 3);
        }
        return found;
    };
    CHECK(part(16, 16, {40, 30}) == pattern({40, 30}, 3));
    CHECK(part(16 + 336, 16, {40, 30}) == read_image(folder / "out/a.png"));
    CHECK(part(16 + 2 * 336, 16, {40, 30}) != read_image(folder / "out/a.png"));

    const auto refused = run_program(command + " --show " + folder / "sheet.tif");
    CHECK(refused.status == 1);
    CHECK(refused.out.empty());
    CHECK(refused.err.starts_with("oldphoto: " + folder / "sheet.tif: cannot be written in"));
}

TEST_CASE("degrade does not write over an input", "[program][degrade]") {
    const TemporaryFolder folder;
    write_photo(folder / "in/a.png");
    const auto outcome = run_program("degrade " + folder / "in" + " -o " + folder / "in");
    CHECK(outcome.status == 1);
    CHECK(outcome.err == "oldphoto: degrade: " + folder / "in/a.png" +
                             " is an input and would be overwritten; choose another output\n");
}
