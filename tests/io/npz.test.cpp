#include "../support/npz.hpp"

#include <oldphoto/io/npz.hpp>

#include <catch2/catch.hpp>

#include "../support/file_size_limit.hpp"
#include "../support/files.hpp"
#include "../support/shared.hpp"
#include "../support/zip.hpp"
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace {

using oldphoto::Array;
using oldphoto::DType;
using oldphoto::Index;
using oldphoto::IoError;
using oldphoto::NpzFile;
using oldphoto::test::fixture_path;
using oldphoto::test::message_of;
using oldphoto::test::read_text;
using oldphoto::test::TemporaryFolder;
using oldphoto::test::write_text;
using oldphoto::test::write_zip;

std::string npy_of(const Array& array) {
    const TemporaryFolder folder;
    oldphoto::write_npy(folder / "a", array);
    return read_text(folder / "a");
}

/// The message, less the path, with which a whole archive is refused.
std::string npz_error(const std::string& path, const oldphoto::NpzOptions& options = {}) {
    const std::string message =
        message_of<IoError>([&] { (void)oldphoto::read_npz(path, options); });
    if (message.empty()) return message;
    REQUIRE(message.rfind(path + ": ", 0) == 0);
    return message.substr(path.size() + 2);
}

void replace(std::string& text, const std::string& from, const std::string& to) {
    REQUIRE(from.size() == to.size());
    std::size_t count = 0;
    for (auto place = text.find(from); place != std::string::npos;
         place = text.find(from, place + 1)) {
        text.replace(place, from.size(), to);
        ++count;
    }
    REQUIRE(count > 0);
}

}  // namespace

TEST_CASE("stored and deflated arrays are read by name and all at once", "[io][npz]") {
    const TemporaryFolder folder;
    const auto weight = Array::from_values<float>({2, 2}, {1, 2, 3, 4});
    const Array zeros(DType::f64, {50, 100});
    write_zip(folder / "a.npz", {{"z/weight.npy", npy_of(weight), ZIP_CM_STORE},
                                 {"notes.txt", "no array", ZIP_CM_STORE},
                                 {"a.npy", npy_of(zeros), ZIP_CM_DEFLATE}});
    REQUIRE(read_text(folder / "a.npz").size() < 2000);  // so the zeros are deflated

    const NpzFile file(folder / "a.npz");
    CHECK(file.names() == std::vector<std::string>{"z/weight", "a"});
    CHECK(file.read("a").dims() == std::vector<Index>{50, 100});
    CHECK(file.read("a").values<double>() == zeros.values<double>());
    CHECK(file.read("z/weight").values<float>() == std::vector<float>{1, 2, 3, 4});

    const oldphoto::NamedArrays arrays = oldphoto::read_npz(folder / "a.npz");
    CHECK(arrays.size() == 2);
    CHECK(arrays.begin()->name == "z/weight");
    CHECK(arrays.at("a").size() == 5000);
}

TEST_CASE("an archive that cannot be opened says why", "[io][npz][errors]") {
    const TemporaryFolder folder;
    CHECK(npz_error(folder / "a.npz") == "cannot be read as a zip file (No such file)");
    write_text(folder / "a.npz", "not a zip file at all");
    CHECK(npz_error(folder / "a.npz") == "cannot be read as a zip file (Not a zip archive)");
    CHECK_FALSE(npz_error(folder.path()).empty());
}

TEST_CASE("a member that is missing, doubled or no array is named", "[io][npz][errors]") {
    const TemporaryFolder folder;
    const std::string npy = npy_of(Array::from_values<float>({1}, {1}));
    write_zip(folder / "a.npz", {{"w.npy", npy, ZIP_CM_STORE}, {"v.npy", npy, ZIP_CM_STORE}});
    CHECK(message_of<IoError>([&] { (void)NpzFile(folder / "a.npz").read("x"); }) ==
          folder / "a.npz: holds no array 'x'");

    std::string bytes = read_text(folder / "a.npz");
    replace(bytes, "v.npy", "w.npy");
    write_text(folder / "b.npz", bytes);
    CHECK(npz_error(folder / "b.npz") == "array 'w' stands twice");

    write_zip(folder / "c.npz", {{"w.npy", "text", ZIP_CM_STORE}});
    CHECK(npz_error(folder / "c.npz") == "w.npy: ends within the npy header");
    write_zip(folder / "d.npz", {{"w.npy", npy + "x", ZIP_CM_DEFLATE}});
    CHECK(npz_error(folder / "d.npz") ==
          "w.npy: float32 (1) does not fill the 5 bytes after the header");
}

TEST_CASE("a member that unpacks to more than the limit is refused", "[io][npz][errors]") {
    const TemporaryFolder folder;
    const std::string npy = npy_of(Array(DType::u8, {100'000}));
    write_zip(folder / "a.npz", {{"w.npy", npy, ZIP_CM_DEFLATE}});
    CHECK(npz_error(folder / "a.npz", {.max_member_bytes = npy.size()}).empty());
    CHECK(npz_error(folder / "a.npz", {.max_member_bytes = npy.size() - 1}) ==
          "w.npy: unpacks to 100128 bytes, the limit is 100127");
}

TEST_CASE("a damaged member is refused by its checksum", "[io][npz][errors]") {
    const TemporaryFolder folder;
    write_zip(folder / "a.npz",
              {{"w.npy", npy_of(Array::from_values<std::int64_t>({1}, {0x1122334455667788})),
                ZIP_CM_STORE}});
    std::string bytes = read_text(folder / "a.npz");
    replace(bytes, "\x88\x77\x66\x55", "\x88\x77\x67\x55");
    write_text(folder / "b.npz", bytes);
    CHECK(npz_error(folder / "b.npz") == "w.npy: cannot be unpacked (CRC error)");
}

TEST_CASE("an npz archive that ends early or has a wrong byte is read or refused",
          "[io][npz][fuzz]") {
    const TemporaryFolder folder;
    const std::string npy = npy_of(Array::from_values<float>({2}, {1, 2}));
    write_zip(folder / "a.npz", {{"w.npy", npy, ZIP_CM_STORE}, {"v.npy", npy, ZIP_CM_DEFLATE}});
    const std::string whole = read_text(folder / "a.npz");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        write_text(folder / "b.npz", whole.substr(0, size));
        CHECK_FALSE(npz_error(folder / "b.npz").empty());
    }
    std::size_t refused = 0;
    for (std::size_t place = 0; place < whole.size(); ++place) {
        std::string changed = whole;
        changed[place] = static_cast<char>(changed[place] ^ 0x10);
        write_text(folder / "b.npz", changed);
        refused += npz_error(folder / "b.npz").empty() ? 0 : 1;
    }
    CHECK(refused > npy.size());
}

TEST_CASE("the archives of the fixtures are read as numpy stored them", "[io][npz][fixture]") {
    OLDPHOTO_NEEDS_FIXTURE("vae/A_taps.npz");
    const auto expected = oldphoto::test::read_npz(fixture_path("vae/A_taps.npz"));
    const auto arrays = oldphoto::read_npz(fixture_path("vae/A_taps.npz"));
    CHECK(arrays.at("encoder.10").dims() == std::vector<Index>{1, 12, 8, 10});
    CHECK(arrays.size() == 18);
    REQUIRE(arrays.size() == expected.size());
    for (const auto& [name, array] : arrays) {
        CAPTURE(name);
        CHECK(array.dims() == expected.at(name).dims);
        CHECK(array.values<float>() == expected.at(name).values<float>());
    }
}

TEST_CASE("what write_npz wrote, read_npz reads in its order", "[io][npz]") {
    const TemporaryFolder folder;
    oldphoto::NamedArrays arrays;
    arrays.insert("scale0.layer1", Array::from_values<float>({2, 2}, {1, -2, 3, 0.5F}));
    arrays.insert("a/b é", Array::from_values<std::int64_t>({}, {-7}));
    arrays.insert("empty", Array(DType::u8, {0, 3}));
    oldphoto::write_npz(folder / "a.npz", arrays);

    const auto read = oldphoto::read_npz(folder / "a.npz");
    REQUIRE(read.size() == 3);
    CHECK(read.begin()->name == "scale0.layer1");
    CHECK(read.at("scale0.layer1").dims() == std::vector<Index>{2, 2});
    CHECK(read.at("scale0.layer1").values<float>() == std::vector<float>{1, -2, 3, 0.5F});
    CHECK(read.at("a/b é").dims().empty());
    CHECK(read.at("a/b é").values<std::int64_t>() == std::vector<std::int64_t>{-7});
    CHECK(read.at("empty").dtype() == DType::u8);
    CHECK(read.at("empty").dims() == std::vector<Index>{0, 3});

    // Read without libzip, which refuses members that are not stored as they are.
    const auto members = oldphoto::test::read_zip(folder / "a.npz");
    const std::string npy = npy_of(arrays.at("scale0.layer1"));
    const auto& member = members.at("scale0.layer1.npy");
    CHECK(std::string(reinterpret_cast<const char*>(member.data()), member.size()) == npy);

    oldphoto::write_npz(folder / "b.npz", arrays);
    CHECK(read_text(folder / "a.npz") == read_text(folder / "b.npz"));
    CHECK(folder.count() == 2);
}

TEST_CASE("write_npz refuses what an archive cannot hold", "[io][npz][errors]") {
    const TemporaryFolder folder;
    const auto message = [&](const std::string& name, DType dtype) {
        oldphoto::NamedArrays arrays;
        arrays.insert(name, Array(dtype, {1}));
        return message_of<oldphoto::OptionError>(
            [&] { oldphoto::write_npz(folder / "a.npz", arrays); });
    };
    CHECK(message_of<oldphoto::OptionError>([&] { oldphoto::write_npz(folder / "a.npz", {}); }) ==
          "write_npz: an archive needs at least one array");
    CHECK(message("", DType::f32) == "write_npz: '' cannot be the name of an array");
    CHECK(message(std::string("a\0b", 3), DType::f32) ==
          "write_npz: 'a\\x00b' cannot be the name of an array");
    CHECK(message("\xFF", DType::f32) == "write_npz: '\xFF' cannot be the name of an array");
    CHECK(message("a", DType::bf16) == "write_npy: npy has no element type bfloat16");
    CHECK(folder.count() == 0);
}

TEST_CASE("a write_npz that fails leaves the old file as it was", "[io][npz][errors]") {
    const TemporaryFolder folder;
    const std::string path = folder / "a.npz";
    write_text(path, "old");
    oldphoto::NamedArrays arrays;
    arrays.insert("a", Array(DType::bf16, {1}));
    CHECK_THROWS_AS(oldphoto::write_npz(path, arrays), oldphoto::OptionError);
    CHECK(read_text(path) == "old");

    oldphoto::NamedArrays many;
    many.insert("a", Array(DType::u8, {100'000}));
    {
        const oldphoto::test::FileSizeLimit limit(50'000);
        CHECK(message_of<IoError>([&] { oldphoto::write_npz(path, many); }) ==
              path + ": cannot be written (File too large)");
    }
    CHECK(read_text(path) == "old");
    CHECK(message_of<IoError>([&] { oldphoto::write_npz(folder / "no/a.npz", many); }) ==
          folder / "no/a.npz: cannot be written (No such file or directory)");
    CHECK(folder.count() == 1);
}
