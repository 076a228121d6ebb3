#include <oldphoto/io/npy.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include "../support/npz.hpp"
#include "../support/shared.hpp"
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace {

using oldphoto::Array;
using oldphoto::DType;
using oldphoto::Index;
using oldphoto::IoError;
using oldphoto::OptionError;
using oldphoto::test::fixture_path;
using oldphoto::test::message_of;
using oldphoto::test::read_text;
using oldphoto::test::TemporaryFolder;
using oldphoto::test::write_text;

/// The bytes of a file of version `major`.0 with that header and data, whatever they say.
std::string npy_file(const std::string& header, const std::string& data, int major = 1) {
    std::string text = "\x93NUMPY";
    text += static_cast<char>(major);
    text += '\0';
    for (int k = 0; k < (major == 1 ? 2 : 4); ++k)
        text += static_cast<char>(header.size() >> 8 * k);
    return text + header + data;
}

std::string header_of(const std::string& descr, const std::string& shape,
                      const std::string& fortran_order = "False") {
    return "{'descr': '" + descr + "', 'fortran_order': " + fortran_order + ", 'shape': " + shape +
           ", }\n";
}

Array read(const std::string& bytes) {
    const TemporaryFolder folder;
    write_text(folder / "a.npy", bytes);
    return oldphoto::read_npy(folder / "a.npy");
}

/// The message, less the path, with which a file of these bytes is refused.
std::string npy_error(const std::string& bytes) {
    static const TemporaryFolder folder;
    const std::string path = folder / "a.npy";
    write_text(path, bytes);
    const std::string message = message_of<IoError>([&] { (void)oldphoto::read_npy(path); });
    if (message.empty()) return message;
    REQUIRE(message.rfind(path + ": ", 0) == 0);
    return message.substr(path.size() + 2);
}

std::string written(const Array& array) {
    const TemporaryFolder folder;
    oldphoto::write_npy(folder / "a.npy", array);
    CHECK(folder.count() == 1);
    return read_text(folder / "a.npy");
}

}  // namespace

TEST_CASE("an npy file is written byte by byte as numpy writes it", "[io][npy]") {
    const auto array = Array::from_values<std::int16_t>({2, 1}, {1, -2});
    std::string header = "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 1), }";
    header += std::string(128 - 10 - 1 - header.size(), ' ') + '\n';
    CHECK(written(array) == npy_file(header, std::string("\x01\0\xFE\xFF", 4)));
}

TEST_CASE("shapes are written as Python tuples", "[io][npy]") {
    const auto holds = [](const Array& array, const std::string& part) {
        return written(array).find(part) != std::string::npos;
    };
    CHECK(holds(Array(DType::f32, {}), "'<f4', 'fortran_order': False, 'shape': (), }"));
    CHECK(holds(Array(DType::u8, {3}), "'|u1', 'fortran_order': False, 'shape': (3,), }"));
    CHECK(
        holds(Array(DType::boolean, {0, 2}), "'|b1', 'fortran_order': False, 'shape': (0, 2), }"));
}

TEST_CASE("the elements of an npy file begin at a multiple of 64 bytes", "[io][npy]") {
    for (std::size_t rank = 0; rank < 40; ++rank) {
        const Array array(DType::f64, std::vector<Index>(rank, 1));
        CHECK((written(array).size() - 8) % 64 == 0);
    }
}

TEST_CASE("every element type that npy has comes back", "[io][npy]") {
    for (int code = 0; code <= static_cast<int>(DType::boolean); ++code) {
        if (static_cast<DType>(code) == DType::bf16) continue;
        Array array(static_cast<DType>(code), {2, 3});
        std::iota(reinterpret_cast<std::uint8_t*>(array.bytes().data()),
                  reinterpret_cast<std::uint8_t*>(array.bytes().data() + array.bytes().size()),
                  std::uint8_t{0});
        const Array copy = read(written(array));
        CHECK(copy.dtype() == array.dtype());
        CHECK(copy.dims() == array.dims());
        CHECK(std::equal(copy.bytes().begin(), copy.bytes().end(), array.bytes().begin(),
                         array.bytes().end()));
    }
    CHECK(message_of<OptionError>([] { written(Array(DType::bf16, {})); }) ==
          "write_npy: npy has no element type bfloat16");
}

TEST_CASE("versions 1.0 to 3.0 are read", "[io][npy]") {
    for (const int major : {1, 2, 3}) {
        const Array array =
            read(npy_file(header_of("<u2", "(2,)"), std::string("\1\0\0\1", 4), major));
        CHECK(array.dtype() == DType::u16);
        CHECK(array.values<int>() == std::vector<int>{1, 256});
    }
}

TEST_CASE("the header is read in any order, spacing and quotes", "[io][npy]") {
    const Array array =
        read(npy_file("{\"shape\":(1,2),'fortran_order' : False,\n'descr':'|u1'}  \n", "ab"));
    CHECK(array.dims() == std::vector<Index>{1, 2});
    CHECK(array.values<int>() == std::vector<int>{'a', 'b'});
}

TEST_CASE("column-major elements are brought into row-major order", "[io][npy]") {
    // a[i][j][k] = 100 i + 10 j + k for (2, 3, 2), stored with i running fastest
    std::string data;
    std::vector<int> expected;
    for (int k = 0; k < 2; ++k) {
        for (int j = 0; j < 3; ++j) {
            for (int i = 0; i < 2; ++i) {
                data += static_cast<char>(100 * i + 10 * j + k);
                data += '\0';
            }
        }
    }
    for (int i = 0; i < 2; ++i) {
        for (int j = 0; j < 3; ++j) {
            for (int k = 0; k < 2; ++k) expected.push_back(100 * i + 10 * j + k);
        }
    }
    const Array array = read(npy_file(header_of("<u2", "(2, 3, 2)", "True"), data));
    CHECK(array.values<int>() == expected);
    CHECK(read(npy_file(header_of("<u2", "()", "True"), "a" + std::string(1, '\0'))).size() == 1);
    CHECK(read(npy_file(header_of("<u2", "(2, 0)", "True"), "")).size() == 0);
}

TEST_CASE("big-endian elements are brought into little-endian order", "[io][npy]") {
    CHECK(
        read(npy_file(header_of(">f4", "(1,)"), std::string("\x3F\xC0\0\0", 4))).values<float>() ==
        std::vector<float>{1.5F});
    CHECK(read(npy_file(header_of(">i2", "(2,)"), std::string("\1\0\0\1", 4))).values<int>() ==
          std::vector<int>{256, 1});
}

TEST_CASE("a file that is not npy is refused", "[io][npy][errors]") {
    CHECK(npy_error("") == "ends within the npy header");
    CHECK(npy_error("\x93NUMPX\x01") == "is not an npy file");
    CHECK(npy_error("\x89PNG\r\n\x1A\n") == "is not an npy file");
    CHECK(npy_error(npy_file("{}", "", 4)) == "npy version 4.0 is not supported");
    CHECK(npy_error(std::string("\x93NUMPY\x01\x02", 8)) == "npy version 1.2 is not supported");
    CHECK(npy_error(std::string("\x93NUMPY\2\0\xFF\xFF\xFF\xFF", 12)) ==
          "header of 4294967295 bytes exceeds 65535");
    CHECK(npy_error(std::string("\x93NUMPY\1\0\xFF\xFF{}", 12)) == "ends within the npy header");
}

TEST_CASE("a header that is not the dict of an array is refused with its place",
          "[io][npy][errors]") {
    const std::vector<std::pair<std::string, std::string>> faults = {
        {"", "byte 0: expected {"},
        {"{", "byte 1: expected '"},
        {"{}", "byte 2: descr, fortran_order or shape is missing"},
        {"{'descr': '<f4'}", "byte 16: descr, fortran_order or shape is missing"},
        {"{'descr' '<f4'}", "byte 9: expected :"},
        {"{'descr': '<f4", "byte 11: quote is not closed"},
        {"{'descr': '<f4' 'shape': ()}", "byte 16: expected }"},
        {"{'descr': '<f4', 'descr': '<f4'}", "byte 25: unexpected key 'descr'"},
        {"{'kind': '<f4'}", "byte 8: unexpected key 'kind'"},
        {"{'\x1B[\x7F': '<f4'}", "byte 7: unexpected key '\\x1b[\\x7f'"},
        {"{'descr': [('a', '<f4')]}", "byte 10: expected '"},
        {"{'fortran_order': 0}", "byte 18: expected True or False"},
        {"{'shape': 3}", "byte 10: expected ("},
        {"{'shape': (,)}", "byte 11: expected an extent of 0 to 2^63 - 1"},
        {"{'shape': (-3,)}", "byte 11: expected an extent of 0 to 2^63 - 1"},
        {"{'shape': (9223372036854775808,)}", "byte 11: expected an extent of 0 to 2^63 - 1"},
        {"{'shape': (3L,)}", "byte 12: expected )"},
        {"{'shape': (3,", "byte 13: expected an extent of 0 to 2^63 - 1"},
    };
    for (const auto& [header, message] : faults) {
        CAPTURE(header);
        CHECK(npy_error(npy_file(header, "")) == "header: " + message);
    }
    const std::string whole = header_of("<f4", "()");
    CHECK(npy_error(npy_file(whole + "x", "")) ==
          "header: byte " + std::to_string(whole.size()) + ": expected the end of the header");
    for (const char* descr : {"<c8", "|O", "<U3", "", "<", "f4", "=f4", "<f42", "<f16"}) {
        CHECK(npy_error(npy_file(header_of(descr, "()"), "abcd"))
                  .find(": element type '" + std::string(descr) + "' is not supported") !=
              std::string::npos);
    }
}

TEST_CASE("data that is shorter or longer than the array is refused before memory is taken",
          "[io][npy][errors]") {
    CHECK(npy_error(npy_file(header_of("<f4", "(2, 3)"), std::string(23, 'x'))) ==
          "float32 (2, 3) does not fill the 23 bytes after the header");
    CHECK(npy_error(npy_file(header_of("<f4", "(2, 3)"), std::string(25, 'x'))) ==
          "float32 (2, 3) does not fill the 25 bytes after the header");
    CHECK(npy_error(npy_file(header_of("<f8", "(4611686018427387904, 2)"), "")) ==
          "float64 (4611686018427387904, 2) does not fill the 0 bytes after the header");
    CHECK(npy_error(npy_file(header_of("|u1", "(9000000000000000000,)"), "x")) ==
          "uint8 (9000000000000000000) does not fill the 1 bytes after the header");
}

TEST_CASE("an npy file that ends anywhere too early is refused", "[io][npy][fuzz]") {
    const std::string whole = written(Array::from_values<float>({2, 2}, {1, 2, 3, 4}));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        CHECK_FALSE(npy_error(whole.substr(0, size)).empty());
    }
    CHECK(npy_error(whole).empty());
}

TEST_CASE("an npy file with a wrong byte anywhere is read or refused", "[io][npy][fuzz]") {
    const std::string whole = written(Array::from_values<float>({2, 2}, {1, 2, 3, 4}));
    std::size_t refused = 0;
    for (std::size_t place = 0; place < whole.size(); ++place) {
        for (const int flip : {0x01, 0x10, 0x80, 0xFF}) {
            std::string changed = whole;
            changed[place] = static_cast<char>(changed[place] ^ flip);
            refused += npy_error(changed).empty() ? 0 : 1;
        }
    }
    CHECK(refused > whole.size());
}

TEST_CASE("a missing npy file is named", "[io][npy][errors]") {
    CHECK(message_of<IoError>([] { (void)oldphoto::read_npy("no/a.npy"); }) ==
          "no/a.npy: cannot be read (No such file or directory)");
}

TEST_CASE("the arrays of the fixtures are read as numpy stored them", "[io][npy][fixture]") {
    OLDPHOTO_NEEDS_FIXTURE("vae/A_input.npy");
    const Array array = oldphoto::read_npy(fixture_path("vae/A_input.npy"));
    const auto expected = oldphoto::test::read_npy(fixture_path("vae/A_input.npy"));
    CHECK(array.dtype() == DType::f32);
    CHECK(array.dims() == std::vector<Index>{1, 3, 64, 64});
    CHECK(array.values<float>() == expected.values<float>());
    const TemporaryFolder folder;
    oldphoto::write_npy(folder / "copy.npy", array);
    CHECK(read_text(folder / "copy.npy") == read_text(fixture_path("vae/A_input.npy")));
}
