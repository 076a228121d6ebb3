#include <oldphoto/train/csv_log.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"

using namespace oldphoto;

TEST_CASE("a log is a table of numbers", "[train][log]") {
    const test::TemporaryFolder folder;
    CsvLog log(folder / "log.csv", {"step", "rate", "loss"});
    CHECK(test::read_text(folder / "log.csv") == "step,rate,loss\n");
    log.write(1, {0.0002, 1.5});
    log.write(2, {0.0001, -0.25});
    CHECK(test::read_text(folder / "log.csv") == "step,rate,loss\n1,2e-04,1.5\n2,1e-04,-0.25\n");
}

TEST_CASE("a log goes on where the training resumed", "[train][log]") {
    const test::TemporaryFolder folder;
    const std::string path = folder / "log.csv";
    // Killed after step 4 in the middle of a row; the weights are those of step 2.
    test::write_text(path, "step,loss\n1,5\n2,4\n3,3\n4,2");
    CsvLog log(path, {"step", "loss"}, 2);
    log.write(3, {3});
    CHECK(test::read_text(path) == "step,loss\n1,5\n2,4\n3,3\n");
}

TEST_CASE("a log of other columns is not overwritten", "[train][log]") {
    const test::TemporaryFolder folder;
    const std::string path = folder / "log.csv";
    test::write_text(path, "step,psnr\n1,5\n");
    CHECK(test::message_of<IoError>([&] {
              CsvLog(path, {"step", "loss"}, 1);
          }) == path + ": has other columns than\n  step,loss\n");
    CHECK(test::read_text(path) == "step,psnr\n1,5\n");
}

TEST_CASE("a log that was lost begins anew", "[train][log]") {
    const test::TemporaryFolder folder;
    const CsvLog log(folder / "log.csv", {"step", "loss"}, 7);
    CHECK(test::read_text(folder / "log.csv") == "step,loss\n");
}
