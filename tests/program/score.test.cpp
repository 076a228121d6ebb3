#include <oldphoto/image/stb.hpp>

#include "program.hpp"
#include <algorithm>
#include <filesystem>

using namespace oldphoto;
using namespace oldphoto::test;

namespace {

/// A picture of one level of grey.
void write_level(const std::string& path, int level, Index channels = 3, Size size = {16, 12}) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    auto image = Image::black(size, channels);
    std::ranges::fill(image.samples(), static_cast<std::uint8_t>(level));
    write_image(image, path);
}

}  // namespace

TEST_CASE("score pairs photos by name and prints PSNR, SSIM and their means", "[program][score]") {
    const TemporaryFolder folder;
    write_level(folder / "clean/a.png", 100);
    write_level(folder / "restored/a.bmp", 110);
    write_level(folder / "clean/1950/b.png", 100, 1);
    write_level(folder / "restored/1950/b.png", 101);
    const auto outcome = run_program("score " + folder / "clean" + " " + folder / "restored");
    CHECK(outcome.status == 0);
    // 10 log10(255^2 / 10^2) and 10 log10(255^2 / 1^2); (2 a b + c) / (a^2 + b^2 + c), c = 6.5025.
    CHECK(outcome.out ==
          "photo              PSNR    SSIM\n"
          "1950/b            48.13  1.0000\n"
          "a                 28.13  0.9955\n"
          "mean of 2 photos  38.13  0.9977\n");
}

TEST_CASE("score reports photos that cannot be compared", "[program][score]") {
    const TemporaryFolder folder;
    write_level(folder / "clean/a.png", 100);
    write_level(folder / "clean/lost.png", 100);
    write_level(folder / "clean/wide.png", 100, 3, {20, 12});
    write_level(folder / "restored/a.png", 110);
    write_level(folder / "restored/new.png", 110);
    write_level(folder / "restored/wide.png", 110);
    const auto outcome = run_program("score " + folder / "clean" + " " + folder / "restored");
    CHECK(outcome.status == 1);
    CHECK(has_line(outcome, "mean of 1 photo "));
    CHECK(has_line(outcome, "FAILED " + folder / "clean/lost.png" + ": has no partner in " +
                                folder / "restored"));
    CHECK(has_line(outcome, "FAILED " + folder / "restored/new.png" + ": has no partner in " +
                                folder / "clean"));
    CHECK(has_line(outcome,
                   "FAILED wide: score: the photos must have the same size; clean (H, W) = (12, "
                   "20); restored (H, W) = (12, 16)"));
}

TEST_CASE("score fails when there is nothing to score", "[program][score]") {
    const TemporaryFolder folder;
    const auto outcome = run_program("score " + folder.path() + " " + folder.path());
    CHECK(outcome.status == 1);
    CHECK(outcome.out == "no photo could be scored\n");
}
