#include <oldphoto/core/file.hpp>

#include <catch2/catch.hpp>

#include "../support/file_size_limit.hpp"
#include "../support/files.hpp"
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace {

using oldphoto::IoError;
using oldphoto::test::FileSizeLimit;
using oldphoto::test::message_of;
using oldphoto::test::read_text;
using oldphoto::test::TemporaryFolder;
using oldphoto::test::write_text;

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

}  // namespace

TEST_CASE("what write_file_atomically wrote, read_file reads", "[core][file]") {
    const TemporaryFolder folder;
    const std::string text("\0\xFFpng\r\n", 7);
    oldphoto::write_file_atomically(folder / "a", bytes_of(text));
    CHECK(read_text(folder / "a") == text);
    const std::vector<std::byte> read = oldphoto::read_file(folder / "a");
    CHECK(std::string(reinterpret_cast<const char*>(read.data()), read.size()) == text);
    CHECK(folder.count() == 1);

    oldphoto::write_file_atomically(folder / "a", {});
    CHECK(oldphoto::read_file(folder / "a").empty());
}

TEST_CASE("bytes in memory are read as a file is", "[core][file]") {
    const std::string text = "0123456789";
    oldphoto::InputFile file(bytes_of(text), "digits");
    CHECK(file.path() == "digits");
    CHECK(file.size() == 10);
    std::string part(3, ' ');
    file.read(std::as_writable_bytes(std::span(part)));
    CHECK(part == "012");
    file.seek(7);
    file.read(std::as_writable_bytes(std::span(part)));
    CHECK(part == "789");
    file.seek(8);
    CHECK(message_of<IoError>([&] { file.read(std::as_writable_bytes(std::span(part))); }) ==
          "digits: ends early: expected 3 more bytes");
    CHECK(oldphoto::InputFile({}, "nothing").size() == 0);
}

TEST_CASE("a std::filesystem::path names a file", "[core][file]") {
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "a";
    oldphoto::write_file_atomically(path, bytes_of("x"));
    CHECK(oldphoto::read_file(path).size() == 1);
}

TEST_CASE("read_file says why a file cannot be read", "[core][file][errors]") {
    const TemporaryFolder folder;
    const auto message = [](const std::string& path) {
        return message_of<IoError>([&] { (void)oldphoto::read_file(path); });
    };
    CHECK(message(folder / "a") == folder / "a: cannot be read (No such file or directory)");
    CHECK(message(folder.path()) == folder.path() + ": is a folder, not a file");
    CHECK(message("/dev/zero") == "/dev/zero: is not a regular file");
}

TEST_CASE("InputFile reads from where seek put it and never beyond the end", "[core][file]") {
    const TemporaryFolder folder;
    write_text(folder / "a", "0123456789");
    oldphoto::InputFile file(folder / "a");
    CHECK(file.size() == 10);
    std::string part(3, ' ');
    file.seek(4);
    file.read(std::as_writable_bytes(std::span(part)));
    CHECK(part == "456");
    file.read(std::as_writable_bytes(std::span(part)));
    CHECK(part == "789");
    CHECK(message_of<IoError>([&] { file.read(std::as_writable_bytes(std::span(part))); }) ==
          folder / "a: ends early: expected 3 more bytes");
}

TEST_CASE("a file that is not committed leaves the old one as it was", "[core][file]") {
    const TemporaryFolder folder;
    write_text(folder / "a", "old");
    {
        oldphoto::OutputFile file(folder / "a");
        file.write(bytes_of("new"));
        CHECK(folder.count() == 2);  // the temporary file lies in the same folder
        CHECK(read_text(folder / "a") == "old");
    }
    CHECK(folder.count() == 1);
    CHECK(read_text(folder / "a") == "old");
}

TEST_CASE("two writers of one file do not disturb each other", "[core][file]") {
    const TemporaryFolder folder;
    oldphoto::OutputFile first(folder / "a");
    oldphoto::OutputFile second(folder / "a");
    first.write(bytes_of("first"));
    second.write(bytes_of("second"));
    second.commit();
    CHECK(read_text(folder / "a") == "second");
    first.commit();
    CHECK(read_text(folder / "a") == "first");
}

TEST_CASE("a name without a folder is written where the program stands", "[core][file]") {
    const TemporaryFolder folder;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    oldphoto::write_file_atomically("a", bytes_of("x"));
    std::filesystem::current_path(before);
    CHECK(read_text(folder / "a") == "x");
}

TEST_CASE("write_file_atomically says why a file cannot be written", "[core][file][errors]") {
    const TemporaryFolder folder;
    const auto message = [](const std::string& path) {
        return message_of<IoError>([&] { oldphoto::write_file_atomically(path, bytes_of("new")); });
    };
    CHECK(message(folder / "no/a") ==
          folder / "no/a: cannot be written (No such file or directory)");

    std::filesystem::create_directory(folder / "b");
    CHECK(message(folder / "b") == folder / "b: cannot be written (Is a directory)");
    CHECK(folder.count() == 1);
}

TEST_CASE("a full disk is an error that leaves the old file as it was", "[core][file][errors]") {
    const TemporaryFolder folder;
    write_text(folder / "a", "old");
    const std::string text(100'000, 'x');
    std::string message;
    {
        const FileSizeLimit limit(50'000);
        message = message_of<IoError>(
            [&] { oldphoto::write_file_atomically(folder / "a", bytes_of(text)); });
    }
    CHECK(message == folder / "a: cannot be written (File too large)");
    CHECK(read_text(folder / "a") == "old");
    CHECK(folder.count() == 1);
}
