#include "text.hpp"

#include <oldphoto/core/error.hpp>

#include <cstdio>
#include <new>

namespace oldphoto::program {

std::string format(const char* pattern, double number) {
    char text[64];
    std::snprintf(text, sizeof text, pattern, number);
    return text;
}

std::string reason_of(const std::exception& error) {
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return "there is not enough memory";
    // The library puts each operand of a failed check on a line of its own, indented.
    std::string line;
    for (const char* c = error.what(); *c != '\0'; ++c) {
        if (*c != '\n') {
            line += *c;
            continue;
        }
        line += "; ";
        while (c[1] == ' ') ++c;
    }
    return line;
}

std::string failure_of(const std::string& subject, const std::exception& error) {
    const std::string reason = reason_of(error);
    const std::string start = subject + ": ";
    return "FAILED " + (reason.starts_with(start) ? reason : start + reason);
}

std::string printable(const std::string& text) {
    return detail::escape_control(text);
}

std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    return hash;
}

std::string join(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
    return list;
}

std::string count_of(std::size_t number, const std::string& noun) {
    return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

}  // namespace oldphoto::program
