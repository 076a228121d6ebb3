#pragma once

#include <oldphoto/core/error.hpp>
#include <oldphoto/core/file.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <zip.h>

/// Opt-in, needs libzip (link with -lzip): zip archives, for the formats that are kept in them.
namespace oldphoto::detail {

struct ZipArchiveCloser {
    void operator()(zip_t* archive) const noexcept { zip_discard(archive); }
};
struct ZipMemberCloser {
    void operator()(zip_file_t* member) const noexcept { zip_fclose(member); }
};
struct ZipSourceCloser {
    void operator()(zip_source_t* source) const noexcept { zip_source_free(source); }
};
using ZipArchive = std::unique_ptr<zip_t, ZipArchiveCloser>;
using ZipMember = std::unique_ptr<zip_file_t, ZipMemberCloser>;
using ZipSource = std::unique_ptr<zip_source_t, ZipSourceCloser>;

/// libzip's report on a source or an archive that could not be opened.
class ZipError {
public:
    ZipError() { zip_error_init(&error_); }
    ZipError(const ZipError&) = delete;
    ZipError& operator=(const ZipError&) = delete;
    ~ZipError() { zip_error_fini(&error_); }

    [[nodiscard]] zip_error_t* get() noexcept { return &error_; }

    [[noreturn]] void fail(const std::string& path) {
        throw_io_error(path, "cannot be read as a zip file (" +
                                 std::string(zip_error_strerror(&error_)) + ")");
    }

private:
    zip_error_t error_{};
};

/// Opens what `source` reads and takes it over; `error` says why there is no source.
inline ZipArchive open_zip(zip_source_t* source, ZipError& error, const std::string& path) {
    if (source == nullptr) error.fail(path);
    ZipArchive archive(zip_open_from_source(source, ZIP_RDONLY, error.get()));
    if (!archive) {
        zip_source_free(source);
        error.fail(path);
    }
    return archive;
}

inline ZipArchive open_zip(const std::string& path) {
    ZipError error;
    return open_zip(zip_source_file_create(path.c_str(), 0, -1, error.get()), error, path);
}

/// An archive in memory, which must outlive it.
inline ZipArchive open_zip(std::span<const std::byte> bytes, const std::string& path) {
    ZipError error;
    return open_zip(zip_source_buffer_create(bytes.data(), bytes.size(), 0, error.get()), error,
                    path);
}

/// One member as a stream; every failure is an error "path: member: reason".
class ZipMemberReader {
public:
    ZipMemberReader(zip_t* archive, std::uint64_t index, std::string where)
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

/// The members of an archive by number. Reading is not for several threads at once.
class ZipFile {
public:
    /// @throws IoError when the file is missing or is not a zip file.
    explicit ZipFile(std::string path) : path_(std::move(path)), archive_(open_zip(path_)) {}

    /// An archive in memory, which must outlive this; `name` stands for the path in errors.
    ZipFile(std::span<const std::byte> bytes, std::string name)
        : path_(std::move(name)), archive_(open_zip(bytes, path_)) {}

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// All names in their order; archives that were tampered with hold one twice.
    [[nodiscard]] std::vector<std::string> names() const {
        const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
        std::vector<std::string> names;
        for (zip_int64_t i = 0; i < count; ++i) {
            const char* const name = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), 0);
            if (name == nullptr) throw_io_error(path_, zip_strerror(archive_.get()));
            names.emplace_back(name);
        }
        return names;
    }

    /// Bytes that a member unpacks to, as the archive says.
    /// @param where  the path with which errors start.
    /// @throws IoError when that is not known or more than `limit`.
    [[nodiscard]] std::size_t member_size(std::uint64_t index, const std::string& where,
                                          std::uint64_t limit) const {
        zip_stat_t status;
        zip_stat_init(&status);
        if (zip_stat_index(archive_.get(), index, 0, &status) != 0 ||
            (status.valid & ZIP_STAT_SIZE) == 0) {
            throw_io_error(where, "its size is not known");
        }
        if (status.size > limit) {
            throw_io_error(where, "unpacks to " + std::to_string(status.size) +
                                      " bytes, the limit is " + std::to_string(limit));
        }
        return static_cast<std::size_t>(status.size);
    }

    [[nodiscard]] ZipMemberReader open(std::uint64_t index, const std::string& where) const {
        return {archive_.get(), index, where};
    }

private:
    std::string path_;
    ZipArchive archive_;
};

/// An archive to be: its members are stored uncompressed, in their order, and all bear the first
/// day of the format's calendar, so that the same members make the same bytes.
class ZipWriter {
public:
    /// @param path  where it will stand, for messages.
    explicit ZipWriter(std::string path) : path_(std::move(path)) {
        ZipError error;
        bytes_.reset(zip_source_buffer_create(nullptr, 0, 0, error.get()));
        if (bytes_) archive_.reset(zip_open_from_source(bytes_.get(), ZIP_TRUNCATE, error.get()));
        if (!archive_) fail(zip_error_strerror(error.get()));
        zip_source_keep(bytes_.get());  // the archive owns the source, and what it holds is ours
    }

    /// Adds a member: `head`, then `tail`. Both must outlive this.
    /// @throws IoError for a name that stands already.
    void add(const std::string& name, std::span<const std::byte> head,
             std::span<const std::byte> tail) {
        std::array<zip_buffer_fragment_t, 2> parts{fragment(head), fragment(tail)};
        ZipError error;
        ZipSource source(
            zip_source_buffer_fragment_create(parts.data(), parts.size(), 0, error.get()));
        if (!source) fail(zip_error_strerror(error.get()));
        const zip_int64_t index =
            zip_file_add(archive_.get(), name.c_str(), source.get(), ZIP_FL_ENC_UTF_8);
        if (index < 0) fail("'" + escape_control(name) + "': " + zip_strerror(archive_.get()));
        static_cast<void>(source.release());  // it is the archive's now
        const auto member = static_cast<zip_uint64_t>(index);
        constexpr zip_uint16_t first_day = 1U << 5U | 1U;  // of January 1980
        if (zip_set_file_compression(archive_.get(), member, ZIP_CM_STORE, 0) != 0 ||
            zip_file_set_dostime(archive_.get(), member, 0, first_day, 0) != 0) {
            fail(zip_strerror(archive_.get()));
        }
    }

    /// Puts the archive together and appends it to `file`. Call it once, last, with at least one
    /// member added.
    void write(OutputFile& file) {
        if (zip_close(archive_.get()) != 0) fail(zip_strerror(archive_.get()));
        static_cast<void>(archive_.release());
        if (zip_source_open(bytes_.get()) != 0) fail_source();
        std::array<std::byte, 1U << 16U> block;
        for (;;) {
            const zip_int64_t count = zip_source_read(bytes_.get(), block.data(), block.size());
            if (count < 0) fail_source();
            if (count == 0) break;
            file.write(std::span(block).first(static_cast<std::size_t>(count)));
        }
        zip_source_close(bytes_.get());
    }

private:
    // libzip only reads the bytes of its fragments, though it asks for them as if it wrote them.
    static zip_buffer_fragment_t fragment(std::span<const std::byte> bytes) {
        auto* const data = const_cast<std::byte*>(bytes.data());
        return {reinterpret_cast<zip_uint8_t*>(data), bytes.size()};
    }

    [[noreturn]] void fail_source() const {
        fail(zip_error_strerror(zip_source_error(bytes_.get())));
    }
    [[noreturn]] void fail(const std::string& reason) const {
        throw_io_error(path_, "cannot be written as a zip file (" + reason + ")");
    }

    std::string path_;
    ZipSource bytes_;
    ZipArchive archive_;
};

}  // namespace oldphoto::detail
