#include <oldphoto/image/stb.hpp>

#include "program.hpp"
#include "support/pictures.hpp"
#include <filesystem>

using namespace oldphoto;
using namespace oldphoto::test;

namespace {}  // namespace

TEST_CASE("plan tells what a photo of some size takes", "[program][plan]") {
    const auto outcome = run_program("plan 600x400");
    CHECK(outcome.status == 0);
    CHECK(has_line(outcome, "600 x 400: ", " planned"));
    for (const std::string size : {"0x0", "600x0"}) {
        const auto refused = run_program("plan " + size);
        CHECK(refused.status != 0);
        CHECK(refused.err.find("a photo has at least 1x1 pixels, got " + size) !=
              std::string::npos);
    }
}

TEST_CASE("a photo within --max-memory has the bytes of one without a limit", "[program][plan]") {
    const TemporaryFolder folder;
    write_image(pattern({61, 44}, 3), folder / "in.png");
    const std::string restore = "restore '" + folder / "in.png" + "' -o '";
    CHECK(run_program(restore + folder / "free.png'").status == 0);
    const auto outcome = run_program(restore + folder / "kept.png' --max-memory 900MB");
    CHECK(outcome.status == 0);
    CHECK(outcome.out.find(" planned)") != std::string::npos);
    CHECK(read_text(folder / "kept.png") == read_text(folder / "free.png"));
}

TEST_CASE("limits that nothing can keep are refused", "[program][plan]") {
    const TemporaryFolder folder;
    write_image(pattern({61, 44}, 3), folder / "in.png");
    const std::string restore =
        "restore '" + folder / "in.png" + "' -o '" + folder / "out.png" + "' --max-memory ";
    const auto small = run_program(restore + "1MB");
    CHECK(small.status != 0);
    CHECK((small.out + small.err).find("restore: a photo of 64 x 44 pixels takes at least ") !=
          std::string::npos);
    CHECK(run_program(restore + "2parsecs").status != 0);
    CHECK(run_program(restore + "-1MB").status != 0);
    CHECK_FALSE(std::filesystem::exists(folder / "out.png"));
}
