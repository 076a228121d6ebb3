#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace oldphoto::test {

using ByteList = std::vector<std::byte>;

/// Bytes from numbers: bytes({0xFF, 0xD8}).
inline ByteList bytes(std::initializer_list<unsigned> values) {
    ByteList list;
    for (const unsigned value : values) list.push_back(static_cast<std::byte>(value));
    return list;
}

inline ByteList bytes(std::string_view text) {
    const auto view = std::as_bytes(std::span(text));
    return {view.begin(), view.end()};
}

inline ByteList join(std::initializer_list<ByteList> parts) {
    ByteList all;
    for (const ByteList& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

/// `bytes` with one of them replaced.
inline ByteList with_byte(ByteList bytes, std::size_t at, unsigned value) {
    bytes.at(at) = static_cast<std::byte>(value);
    return bytes;
}

inline ByteList first_bytes(const ByteList& bytes, std::size_t count) {
    return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace oldphoto::test
