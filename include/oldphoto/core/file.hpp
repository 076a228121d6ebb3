#pragma once

#include <oldphoto/core/error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

/// Files as bytes. Paths are strings (a std::filesystem::path converts by itself), because
/// <filesystem> costs every program that includes the library 0.4 s of compile time.
namespace oldphoto {

namespace detail {

/// Throws "path: what (the system's reason)" from errno.
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_system_error(const std::string& path,
                                                                      std::string_view what) {
    const char* const reason = std::strerror(errno);  // before anything else can change errno
    throw_io_error(path, joined({what, " (", reason, ")"}));
}

struct FileCloser {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, FileCloser>;

}  // namespace detail

/// A file, or bytes in memory, opened for reading.
class InputFile {
public:
    /// @throws IoError when the file is missing, is not a regular file or may not be read.
    explicit InputFile(std::string path) : path_(std::move(path)) {
        struct stat status {};
        if (stat(path_.c_str(), &status) != 0) fail();
        if (S_ISDIR(status.st_mode)) throw_io_error(path_, "is a folder, not a file");
        // A pipe has no size to judge before memory is allocated, and opening one may block.
        if (!S_ISREG(status.st_mode)) throw_io_error(path_, "is not a regular file");
        size_ = static_cast<std::size_t>(status.st_size);
        file_.reset(std::fopen(path_.c_str(), "rb"));
        if (!file_) fail();
    }

    /// Bytes in memory, read as if a file held them. They must outlive this.
    /// @param name  stands for the path in error messages.
    InputFile(std::span<const std::byte> bytes, std::string name)
        : path_(std::move(name)), size_(bytes.size()) {
        // fmemopen wants at least one byte, and a place that other modes might write to.
        static std::byte none{};
        std::byte* const place = bytes.empty() ? &none : const_cast<std::byte*>(bytes.data());
        file_.reset(fmemopen(place, std::max<std::size_t>(size_, 1), "rb"));
        if (!file_) fail();
    }

    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// Bytes in the whole file.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// Makes `offset`, counted from the start of the file, the place of the next read().
    void seek(std::size_t offset) {
        if (fseeko(file_.get(), static_cast<off_t>(offset), SEEK_SET) != 0) fail();
    }

    /// Fills `out` with the next bytes.
    /// @throws IoError when the file ends before `out` is full.
    void read(std::span<std::byte> out) {
        if (std::fread(out.data(), 1, out.size(), file_.get()) == out.size()) return;
        if (std::ferror(file_.get()) != 0) fail();
        throw_io_error(path_, detail::joined({"ends early: expected ", out.size(), " more bytes"}));
    }

private:
    [[noreturn]] void fail() const { detail::throw_system_error(path_, "cannot be read"); }

    std::string path_;
    std::size_t size_ = 0;
    detail::FileHandle file_;
};

/// A file that appears under its name only when it is complete. Bytes go to a temporary file in
/// the same folder, which commit() renames; destroyed without commit(), it leaves no trace and
/// what had stood under the name before stays.
class OutputFile {
public:
    /// @throws IoError when the folder is missing or may not be written.
    explicit OutputFile(std::string path) : path_(std::move(path)) {
        const auto folder = std::string_view(path_).substr(0, path_.rfind('/') + 1);
        // The exclusive mode "x" keeps two writers, and what a killed one left behind, apart.
        for (int n = 0; !file_; ++n) {
            temporary_ = detail::joined({folder, ".oldphoto-", getpid(), "-", n});
            file_.reset(std::fopen(temporary_.c_str(), "wbx"));
            if (!file_ && errno != EEXIST) fail();
        }
    }

    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    ~OutputFile() {
        if (!committed_) std::remove(temporary_.c_str());
    }

    /// Appends `bytes`.
    /// @throws IoError when the disk is full or fails.
    void write(std::span<const std::byte> bytes) {
        if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) fail();
    }

    /// Puts the bytes on the disk and gives the file its name. Call it once, last.
    /// @throws IoError when the bytes cannot be stored or the name belongs to a folder.
    void commit() {
        if (std::fflush(file_.get()) != 0 || fsync(fileno(file_.get())) != 0) fail();
        if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail();
        committed_ = true;
    }

private:
    [[noreturn]] void fail() const { detail::throw_system_error(path_, "cannot be written"); }

    std::string path_;
    std::string temporary_;
    detail::FileHandle file_;
    bool committed_ = false;
};

/// All bytes of a file.
/// @throws IoError as InputFile does.
[[nodiscard]] inline std::vector<std::byte> read_file(const std::string& path) {
    InputFile file(path);
    std::vector<std::byte> bytes(file.size());
    file.read(bytes);
    return bytes;
}

/// Writes a whole file or, on failure, nothing.
/// @throws IoError as OutputFile does.
inline void write_file_atomically(const std::string& path, std::span<const std::byte> bytes) {
    OutputFile file(path);
    file.write(bytes);
    file.commit();
}

}  // namespace oldphoto
