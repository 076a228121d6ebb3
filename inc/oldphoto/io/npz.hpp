#pragma once

#include <oldphoto/core/error.hpp>
#include <oldphoto/io/array.hpp>
#include <oldphoto/io/npy.hpp>
#include <oldphoto/io/ordered_map.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <zip.h>

/// Opt-in, needs libzip (link with -lzip): npz archives, which are zip files of npy files.
namespace oldphoto {

struct NpzOptions {
    /// Larger members are refused before memory is taken: deflated zeros grow a thousandfold.
    std::uint64_t max_member_bytes = std::uint64_t{1} << 32U;
};

namespace detail {

struct ZipArchiveCloser {
    void operator()(zip_t* archive) const noexcept { zip_discard(archive); }
};
struct ZipMemberCloser {
    void operator()(zip_file_t* member) const noexcept { zip_fclose(member); }
};
using ZipArchive = std::unique_ptr<zip_t, ZipArchiveCloser>;
using ZipMember = std::unique_ptr<zip_file_t, ZipMemberCloser>;

inline ZipArchive open_zip(const std::string& path) {
    int code = 0;
    ZipArchive archive(zip_open(path.c_str(), ZIP_RDONLY, &code));
    if (archive) return archive;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    throw_io_error(path, "cannot be read as a zip file (" + reason + ")");
}

/// One member as a stream; every failure is an error "path: member: reason".
class ZipMemberReader {
public:
    ZipMemberReader(zip_t* archive, zip_uint64_t index, std::string where)
        : where_(std::move(where)), member_(zip_fopen_index(archive, index, 0)) {
        if (!member_) fail(zip_strerror(archive));
    }

    void read(std::span<std::byte> out) {
        while (!out.empty()) {
            const std::size_t count = read_some(out);
            if (count == 0) fail("its data ends early");
            out = out.subspan(count);
        }
    }

    /// Confirms that all has been read; libzip compares the checksum only then.
    void expect_end() {
        std::byte next{};
        if (read_some({&next, 1}) != 0) fail("its data is longer than the archive says");
    }

private:
    std::size_t read_some(std::span<std::byte> out) {
        const zip_int64_t count = zip_fread(member_.get(), out.data(), out.size());
        if (count < 0) fail(zip_file_strerror(member_.get()));
        return static_cast<std::size_t>(count);
    }

    [[noreturn]] void fail(const std::string& reason) const {
        throw_io_error(where_, "cannot be unpacked (" + reason + ")");
    }

    std::string where_;
    ZipMember member_;
};

}  // namespace detail

/// The arrays of an npz archive. Reading is not for several threads at once.
class NpzFile {
public:
    /// @throws IoError when the file is missing, is not a zip file or holds a name twice.
    explicit NpzFile(std::string path, const NpzOptions& options = {})
        : path_(std::move(path)), options_(options), archive_(detail::open_zip(path_)) {
        const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
        for (zip_int64_t i = 0; i < count; ++i) add_member(static_cast<zip_uint64_t>(i));
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
        const zip_uint64_t* index = members_.find(name);
        if (index == nullptr) throw_io_error(path_, "holds no array '" + std::string(name) + "'");
        const std::string where =
            path_ + ": " + detail::escape_control(name) + std::string(extension);
        const std::size_t size = member_size(*index, where);
        detail::ZipMemberReader member(archive_.get(), *index, where);
        const auto read = [&](std::span<std::byte> out) { member.read(out); };
        Array array = detail::NpyReader(where, size, read).read();
        member.expect_end();
        return array;
    }

private:
    static constexpr std::string_view extension = ".npy";

    void add_member(zip_uint64_t index) {
        const char* const text = zip_get_name(archive_.get(), index, 0);
        if (text == nullptr) throw_io_error(path_, zip_strerror(archive_.get()));
        std::string_view name = text;
        if (!name.ends_with(extension)) return;
        name.remove_suffix(extension.size());
        if (members_.contains(name)) {
            throw_io_error(path_, "array '" + detail::escape_control(name) + "' stands twice");
        }
        members_.insert(std::string(name), index);
    }

    std::size_t member_size(zip_uint64_t index, const std::string& where) const {
        zip_stat_t status;
        zip_stat_init(&status);
        if (zip_stat_index(archive_.get(), index, 0, &status) != 0 ||
            (status.valid & ZIP_STAT_SIZE) == 0) {
            throw_io_error(where, "its size is not known");
        }
        if (status.size > options_.max_member_bytes) {
            throw_io_error(where, "unpacks to " + std::to_string(status.size) +
                                      " bytes, the limit is " +
                                      std::to_string(options_.max_member_bytes));
        }
        return static_cast<std::size_t>(status.size);
    }

    std::string path_;
    NpzOptions options_;
    detail::ZipArchive archive_;
    OrderedMap<zip_uint64_t> members_;
};

/// All arrays of an npz archive.
/// @throws IoError as NpzFile does.
[[nodiscard]] inline NamedArrays read_npz(const std::string& path, const NpzOptions& options = {}) {
    const NpzFile file(path, options);
    NamedArrays arrays;
    for (const auto& name : file.names()) arrays.insert(name, file.read(name));
    return arrays;
}

}  // namespace oldphoto
