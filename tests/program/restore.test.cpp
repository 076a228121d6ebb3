#include <oldphoto/backend/cpu/instruction_set.hpp>
#include <oldphoto/image/stb.hpp>

#include "card.hpp"
#include "program.hpp"
#include "support/pictures.hpp"
#include "support/shared.hpp"
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

using namespace oldphoto;
using namespace oldphoto::test;

namespace fs = std::filesystem;

namespace {

/// A PNG file, whatever its name says.
void write_png(const std::string& path, Size size = {20, 16}, Index channels = 3) {
    fs::create_directories(fs::path(path).parent_path());
    write_file_atomically(path, encode_png(pattern(size, channels)));
}

/// The whole file but its last bytes.
void write_cut_photo(const std::string& path) {
    auto bytes = encode_png(pattern({20, 16}, 3));
    bytes.resize(bytes.size() - 20);
    write_file_atomically(path, bytes);
}

/// All files below a folder, hidden ones included.
std::set<std::string> files_below(const std::string& folder) {
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file()) {
            files.insert(entry.path().lexically_relative(folder).string());
        }
    }
    return files;
}

}  // namespace

TEST_CASE("restore keeps a folder's tree and goes on after a failure", "[program][restore]") {
    const TemporaryFolder folder;
    const std::string in = folder / "in";
    const std::string out = folder / "out";
    write_png(in + "/good.png");
    write_png(in + "/1950/summer/grey.jpg", {13, 9}, 1);
    write_png(in + "/.thumbnails/small.png");
    write_cut_photo(in + "/cut.png");
    write_text(in + "/letter.jpg", "Dear aunt,");
    write_text(in + "/notes.txt", "from the attic");

    const auto outcome = run_program("restore " + in + " -o " + out);
    CHECK(outcome.status == 1);
    CHECK(outcome.err.empty());
    CHECK(files_below(out) == std::set<std::string>{"good.png", "1950/summer/grey.png"});
    CHECK(outcome.lines().size() == 5);
    CHECK(has_line(outcome, in + "/good.png -> " + out + "/good.png, 20x16, ", " s"));
    CHECK(has_line(outcome,
                   in + "/1950/summer/grey.jpg -> " + out + "/1950/summer/grey.png, 13x9, ", " s"));
    CHECK(has_line(outcome, "FAILED " + in + "/cut.png: ends early"));
    CHECK(has_line(outcome, "FAILED " + in + "/letter.jpg: is text; oldphoto reads PNG"));
    CHECK(outcome.lines().back() == "2 photos restored, 2 failed, 1 other file skipped");
    CHECK(read_image(out + "/good.png").size() == Size{20, 16});
}

TEST_CASE("restore leaves a grey photo grey and a transparent one transparent",
          "[program][restore]") {
    const TemporaryFolder folder;
    auto photo = pattern({17, 12}, 1);
    const std::vector<std::uint8_t> alpha(photo.samples().begin(), photo.samples().end());
    photo.set_alpha(alpha);
    write_image(photo, folder / "in.png");
    const auto outcome = run_program("restore " + folder / "in.png" + " -o " + folder / "out.png");
    REQUIRE(outcome.status == 0);
    const Image restored = read_image(folder / "out.png");
    CHECK(restored.channels() == 1);
    CHECK(std::equal(alpha.begin(), alpha.end(), restored.alpha().begin(), restored.alpha().end()));
}

TEST_CASE("restore --tolerant reads what is left of a damaged photo and says so",
          "[program][restore]") {
    const TemporaryFolder folder;
    write_cut_photo(folder / "cut.png");
    const auto outcome =
        run_program("restore --tolerant " + folder / "cut.png" + " -o " + folder / "out.png");
    CHECK(outcome.status == 0);
    CHECK(outcome.lines().at(0).find("; the input ends early") != std::string::npos);
    CHECK(read_image(folder / "out.png").size() == Size{20, 16});
}

TEST_CASE("restore writes one photo in the format that the name says", "[program][restore]") {
    const TemporaryFolder folder;
    write_png(folder / "in.png");
    CHECK(run_program("restore " + folder / "in.png" + " -o " + folder / "new/a.jpg").status == 0);
    ImageInfo info;
    static_cast<void>(read_image(folder / "new/a.jpg", {}, &info));
    CHECK(info.format == ImageFormat::jpeg);

    const auto refused = run_program("restore " + folder / "in.png" + " -o " + folder / "a.tif");
    CHECK(refused.status == 1);
    CHECK(has_line(refused, "FAILED " + folder / "in.png" + ": " + folder / "a.tif",
                   "oldphoto writes .png, .jpg, .jpeg and .bmp"));
}

TEST_CASE("restore fills a folder that it makes when the output names none of its formats",
          "[program][restore]") {
    const TemporaryFolder folder;
    write_png(folder / "one.png");
    write_png(folder / "scan.1950");
    CHECK(run_program("restore " + folder / "one.png" + " " + folder / "scan.1950" + " -o " +
                      folder / "deep/out")
              .status == 0);
    CHECK(files_below(folder / "deep/out") == std::set<std::string>{"one.png", "scan.1950.png"});
}

TEST_CASE("restore does not write over an input", "[program][restore]") {
    const TemporaryFolder folder;
    write_png(folder / "in/a.png");
    write_png(folder / "in/b.jpg");
    const std::string before = read_text(folder / "in/a.png");
    const auto outcome = run_program("restore " + folder / "in" + " -o " + folder / "in/../in");
    CHECK(outcome.status == 1);
    CHECK(outcome.out.empty());
    CHECK(outcome.err == "oldphoto: restore: " + folder / "in/../in/a.png" +
                             " is an input and would be overwritten; choose another output\n");
    CHECK(read_text(folder / "in/a.png") == before);
    CHECK(files_below(folder / "in") == std::set<std::string>{"a.png", "b.jpg"});
}

TEST_CASE("restore tells photos apart whose names differ in the extension alone",
          "[program][restore]") {
    const TemporaryFolder folder;
    write_png(folder / "in/a.png");
    write_png(folder / "in/a.bmp");
    write_png(folder / "in/b.bmp");
    CHECK(run_program("restore " + folder / "in" + " -o " + folder / "out").status == 0);
    CHECK(files_below(folder / "out") == std::set<std::string>{"a.png.png", "a.bmp.png", "b.png"});
}

TEST_CASE("restore of several photos wants a folder and not a file", "[program][restore]") {
    const TemporaryFolder folder;
    write_png(folder / "in/a.png");
    write_png(folder / "b.png");
    const std::string before = read_text(folder / "b.png");
    const auto outcome = run_program("restore " + folder / "in" + " -o " + folder / "b.png");
    CHECK(outcome.status == 1);
    CHECK(outcome.out.empty());
    CHECK(outcome.err ==
          "oldphoto: restore: " + folder / "b.png" + " is a file; expected a folder\n");
    CHECK(read_text(folder / "b.png") == before);
}

TEST_CASE("restore refuses to write two photos to one file before it does anything",
          "[program][restore]") {
    const TemporaryFolder folder;
    write_png(folder / "x/a.png");
    write_png(folder / "y/a.png");
    const auto outcome =
        run_program("restore " + folder / "x" + " " + folder / "y" + " -o " + folder / "out");
    CHECK(outcome.status == 1);
    CHECK(outcome.err == "oldphoto: restore: " + folder / "x/a.png" + " and " + folder / "y/a.png" +
                             " would both be written to " + folder / "out/a.png.png" + "\n");
    CHECK_FALSE(fs::exists(folder / "out"));
}

TEST_CASE("restore does not restore its own results again", "[program][restore]") {
    const TemporaryFolder folder;
    write_png(folder / "a.bmp");
    const std::string command = "restore " + folder.path() + " -o " + folder / "restored";
    CHECK(run_program(command).status == 0);
    CHECK(run_program(command).status == 0);
    CHECK(files_below(folder / "restored") == std::set<std::string>{"a.png"});
}

TEST_CASE("restore reports an input that is not there", "[program][restore]") {
    const TemporaryFolder folder;
    write_png(folder / "a.png");
    const auto outcome = run_program("restore " + folder / "gone.png" + " " + folder / "a.png" +
                                     " -o " + folder / "out");
    CHECK(outcome.status == 1);
    CHECK(has_line(outcome, "FAILED " + folder / "gone.png" + ": cannot be read (No such file"));
    CHECK(files_below(folder / "out") == std::set<std::string>{"a.png"});
}

TEST_CASE("restore writes the same bytes with any number of threads", "[program][restore]") {
    const TemporaryFolder folder;
    write_png(folder / "in.png", {61, 47});
    for (const char* threads : {"1", "2", "3"}) {
        REQUIRE(run_program("restore " + folder / "in.png" + " -o " + folder / threads +
                            ".png --threads " + threads)
                    .status == 0);
    }
    CHECK(read_text(folder / "1.png") == read_text(folder / "2.png"));
    CHECK(read_text(folder / "1.png") == read_text(folder / "3.png"));
}

TEST_CASE("every instruction set of the processor restores the same picture, and no other is taken",
          "[program][restore]") {
    const TemporaryFolder folder;
    write_png(folder / "in.png", {61, 47});
    const auto restore = [&](const std::string& set) {
        return run_program("restore " + folder / "in.png" + " -o " + folder / set + ".png",
                           "OLDPHOTO_INSTRUCTION_SET=" + set + " ");
    };
    REQUIRE(restore("portable").status == 0);
    const auto expected = read_image(folder / "portable.png");
    for (int k = 1; k <= static_cast<int>(best_instruction_set()); ++k) {
        const std::string set(to_string(static_cast<InstructionSet>(k)));
        INFO(set);
        REQUIRE(restore(set).status == 0);
        const auto restored = read_image(folder / set + ".png");
        REQUIRE(restored.samples().size() == expected.samples().size());
        for (std::size_t i = 0; i < expected.samples().size(); ++i) {
            // Sets round differently, so that a sample may fall on the other side of a half.
            REQUIRE(std::abs(restored.samples()[i] - expected.samples()[i]) <= 1);
        }
    }
    const auto refused = restore("mmx");
    CHECK(refused.status == 1);
    CHECK(refused.err == "oldphoto: instruction set: this processor goes up to \"" +
                             std::string(to_string(best_instruction_set())) + "\", got \"mmx\"\n");
}

TEST_CASE("restore says what is wrong with a model", "[program][restore]") {
    const TemporaryFolder folder;
    write_png(folder / "in.png");
    const std::string command = "restore " + folder / "in.png" + " -o " + folder / "out.png";
    const auto missing = run_program(command + " --model " + folder / "no.safetensors");
    CHECK(missing.status == 1);
    CHECK(missing.err == "oldphoto: " + folder / "no.safetensors" +
                             ": cannot be read (No such file or directory)\n");
    CHECK_FALSE(fs::exists(folder / "out.png"));
}

TEST_CASE("the program refuses arguments that it does not understand", "[program]") {
    CHECK(run_program("").status != 0);
    CHECK(run_program("restore").status != 0);
    CHECK(run_program("restore a.png -o b.png --threads 0").err.find("--threads") !=
          std::string::npos);
    CHECK(run_program("restore a.png -o b.png --numerics exact").err.find("--numerics") !=
          std::string::npos);
    CHECK(run_program("polish a.png").status != 0);
    CHECK(run_program("--version").out.starts_with("oldphoto "));
}

#if !defined(__SANITIZE_ADDRESS__)  // whose shadow memory needs more than any limit here
TEST_CASE("restore goes on after a photo for which there is not enough memory",
          "[program][restore]") {
    const TemporaryFolder folder;
    write_png(folder / "in/small.png");
    write_image(Image::black({2000, 2000}, 1), folder / "in/a_large.png");
    const auto outcome = run_program(
        "restore " + folder / "in" + " -o " + folder / "out --threads 1", "ulimit -v 400000; ");
    CHECK(outcome.status == 1);
    CHECK(outcome.lines().at(0) ==
          "FAILED " + folder / "in/a_large.png" + ": there is not enough memory");
    CHECK(files_below(folder / "out") == std::set<std::string>{"small.png"});
}
#endif

TEST_CASE("the model that comes along scores what its card says", "[program][restore][score]") {
    OLDPHOTO_NEEDS_SHARED("data/pairs_test");
    const TemporaryFolder folder;
    const std::string pairs = shared_path("data/pairs_test");
    REQUIRE(run_program("restore " + pairs + "/quality -o " + folder.path()).status == 0);
    const auto outcome = run_program("score " + pairs + "/clean " + folder.path());
    CHECK(outcome.status == 0);
    const auto mean = score_in(outcome.lines().back());
    CHECK(mean.name == "mean of 32 photos");
    check_as_on_card(mean, "restored");
}
