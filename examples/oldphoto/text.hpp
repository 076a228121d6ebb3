#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

/// What the commands print.
namespace oldphoto::program {

/// "%.2f" and the like for one number.
std::string format(const char* pattern, double number);

/// What went wrong, on one line.
std::string reason_of(const std::exception& error);

/// "FAILED subject: reason"; a reason that begins with the subject does not repeat it.
std::string failure_of(const std::string& subject, const std::exception& error);

/// A text or a name of a file as one line: control characters, which must not reach a terminal, are
/// escaped.
std::string printable(const std::string& text);

/// A number that the bytes of a text make (FNV-1a, 64 bits).
std::uint64_t hash_of(std::string_view text);

/// "a, b"
std::string join(const std::vector<std::string>& names);

/// "1 photo", "2 photos"
std::string count_of(std::size_t number, const std::string& noun);

}  // namespace oldphoto::program
