#pragma once

#include <oldphoto/core/config.hpp>
#include <oldphoto/core/error.hpp>
#include <oldphoto/core/file.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

// Reads the fixtures without the library's own readers, which are under test themselves: npy, and
// npz archives whose members are stored uncompressed.

namespace oldphoto::test {

/// NumPy's name of a little-endian element type: "<f4".
template <class T>
std::string npy_type() {
    if (std::is_same_v<T, bool>) return "|b1";
    const std::string kind = std::is_floating_point_v<T> ? "f" : std::is_signed_v<T> ? "i" : "u";
    return (sizeof(T) == 1 ? "|" : "<") + kind + std::to_string(sizeof(T));
}

struct Array {
    std::string type;
    std::vector<Index> dims;
    std::vector<std::byte> bytes;

    /// The elements in C order. T must be the type that is stored.
    template <class T>
    [[nodiscard]] std::vector<T> values() const {
        if (type != npy_type<T>()) {
            throw Error("fixture holds " + type + ", the test asked for " + npy_type<T>());
        }
        std::vector<T> values(bytes.size() / sizeof(T));
        if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
        return values;
    }
};

using Archive = std::map<std::string, Array>;

namespace npz {

inline std::size_t little_endian(std::span<const std::byte> bytes, std::size_t at,
                                 std::size_t count) {
    std::size_t value = 0;
    for (std::size_t i = count; i-- > 0;) {
        value = value << 8U | std::to_integer<std::size_t>(bytes[at + i]);
    }
    return value;
}

inline std::string text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The text between `open` and `close` after `key` in an npy header.
inline std::string header_field(const std::string& header, const std::string& key, char open,
                                char close) {
    const auto begin = header.find(open, header.find("'" + key + "'") + key.size() + 2) + 1;
    return header.substr(begin, header.find(close, begin) - begin);
}

inline std::vector<Index> parse_dims(const std::string& list) {
    std::vector<Index> dims;
    for (std::size_t at = list.find_first_of("0123456789"); at != std::string::npos;
         at = list.find_first_of("0123456789", list.find(',', at))) {
        dims.push_back(std::stol(list.substr(at)));
    }
    return dims;
}

inline Array parse_npy(std::span<const std::byte> bytes) {
    const std::size_t length_size = bytes[6] == std::byte{1} ? 2 : 4;
    const std::size_t header_size = little_endian(bytes, 8, length_size);
    const std::string header = text(bytes.subspan(8 + length_size, header_size));
    const auto elements = bytes.subspan(8 + length_size + header_size);
    return {header_field(header, "descr", '\'', '\''),
            parse_dims(header_field(header, "shape", '(', ')')),
            {elements.begin(), elements.end()}};
}

}  // namespace npz

inline Array read_npy(const std::string& path) {
    return npz::parse_npy(read_file(path));
}

/// The members of a zip archive by name, all of them stored uncompressed.
inline std::map<std::string, std::vector<std::byte>> read_zip(const std::string& path) {
    using npz::little_endian;
    const auto file = read_file(path);
    const std::span<const std::byte> bytes = file;
    const std::size_t end_record = bytes.size() - 22;  // there is no archive comment
    const std::size_t count = little_endian(bytes, end_record + 10, 2);
    std::size_t entry = little_endian(bytes, end_record + 16, 4);
    std::map<std::string, std::vector<std::byte>> members;
    for (std::size_t n = 0; n < count; ++n) {
        const std::size_t name_size = little_endian(bytes, entry + 28, 2);
        const std::string name = npz::text(bytes.subspan(entry + 46, name_size));
        if (little_endian(bytes, entry + 10, 2) != 0)
            throw Error(path + ": " + name + " is compressed");
        const std::size_t size = little_endian(bytes, entry + 24, 4);
        const std::size_t local = little_endian(bytes, entry + 42, 4);
        const std::size_t data =
            local + 30 + little_endian(bytes, local + 26, 2) + little_endian(bytes, local + 28, 2);
        const auto content = bytes.subspan(data, size);
        members[name].assign(content.begin(), content.end());
        entry += 46 + name_size + little_endian(bytes, entry + 30, 2) +
                 little_endian(bytes, entry + 32, 2);
    }
    return members;
}

/// The arrays of an archive by name, without ".npy".
inline Archive read_npz(const std::string& path) {
    Archive archive;
    for (const auto& [name, bytes] : read_zip(path)) {
        archive[name.substr(0, name.rfind(".npy"))] = npz::parse_npy(bytes);
    }
    return archive;
}

}  // namespace oldphoto::test
