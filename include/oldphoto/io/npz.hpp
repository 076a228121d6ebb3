#pragma once

#include <oldphoto/core/error.hpp>
#include <oldphoto/core/file.hpp>
#include <oldphoto/io/array.hpp>
#include <oldphoto/io/json.hpp>
#include <oldphoto/io/npy.hpp>
#include <oldphoto/io/ordered_map.hpp>
#include <oldphoto/io/zip.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Opt-in, needs libzip (link with -lzip): npz archives, which are zip files of npy files.
namespace oldphoto {

struct NpzOptions {
    /// Larger members are refused before memory is taken: deflated zeros grow a thousandfold.
    std::uint64_t max_member_bytes = std::uint64_t{1} << 32U;
};

namespace detail {

inline constexpr std::string_view npz_extension = ".npy";

}  // namespace detail

/// The arrays of an npz archive. Reading is not for several threads at once.
class NpzFile {
public:
    /// @throws IoError when the file is missing, is not a zip file or holds a name twice.
    explicit NpzFile(std::string path, const NpzOptions& options = {})
        : options_(options), archive_(std::move(path)) {
        std::uint64_t index = 0;
        for (const auto& name : archive_.names()) add_member(name, index++);
    }

    /// In the order of the archive, without the ".npy" of the members; other members are no arrays.
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& member : members_) names.push_back(member.name);
        return names;
    }

    /// @throws IoError when there is no such array, or its member is damaged, is not an npy file
    ///         that is whole, or is larger than the options allow.
    [[nodiscard]] Array read(std::string_view name) const {
        const std::uint64_t* index = members_.find(name);
        if (index == nullptr) {
            throw_io_error(archive_.path(), "holds no array '" + std::string(name) + "'");
        }
        const std::string where = archive_.path() + ": " + detail::escape_control(name) +
                                  std::string(detail::npz_extension);
        const std::size_t size = archive_.member_size(*index, where, options_.max_member_bytes);
        detail::ZipMemberReader member = archive_.open(*index, where);
        const auto read = [&](std::span<std::byte> out) { member.read(out); };
        Array array = detail::NpyReader(where, size, read).read();
        member.expect_end();
        return array;
    }

private:
    void add_member(std::string_view name, std::uint64_t index) {
        if (!name.ends_with(detail::npz_extension)) return;
        name.remove_suffix(detail::npz_extension.size());
        if (members_.contains(name)) {
            throw_io_error(archive_.path(),
                           "array '" + detail::escape_control(name) + "' stands twice");
        }
        members_.insert(std::string(name), index);
    }

    NpzOptions options_;
    detail::ZipFile archive_;
    OrderedMap<std::uint64_t> members_;
};

/// All arrays of an npz archive.
/// @throws IoError as NpzFile does.
[[nodiscard]] inline NamedArrays read_npz(const std::string& path, const NpzOptions& options = {}) {
    const NpzFile file(path, options);
    NamedArrays arrays;
    for (const auto& name : file.names()) arrays.insert(name, file.read(name));
    return arrays;
}

/// Writes arrays in their order or, on failure, nothing. Members are stored uncompressed, and the
/// same arrays make the same bytes. The archive is put together in memory first.
/// @throws OptionError when there are no arrays, a name is empty, is not UTF-8 or holds a zero
///         byte, or an array is of bfloat16, which npy lacks; IoError when the file cannot be
///         written.
inline void write_npz(const std::string& path, const NamedArrays& arrays) {
    if (arrays.empty()) throw_option_error("write_npz", "an archive needs at least one array");
    std::vector<std::string> headers;
    for (const auto& [name, array] : arrays) {
        if (name.empty() || name.find('\0') != std::string::npos || !is_utf8(name)) {
            throw_option_error("write_npz", "'" + detail::escape_control(name) +
                                                "' cannot be the name of an array");
        }
        headers.push_back(detail::format_npy_header(array));
    }
    detail::ZipWriter archive(path);
    std::size_t number = 0;
    for (const auto& [name, array] : arrays) {
        archive.add(name + std::string(detail::npz_extension),
                    std::as_bytes(std::span(headers[number++])), array.bytes());
    }
    OutputFile file(path);
    archive.write(file);
    file.commit();
}

}  // namespace oldphoto
