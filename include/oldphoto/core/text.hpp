#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace oldphoto::detail {

/// A part of a message: a text, which must live as long, or a whole number.
class Piece {
public:
    // Implicit: a message is written as a list of what it says.
    Piece(const char* text) noexcept : Piece(std::string_view(text)) {}
    Piece(const std::string& text) noexcept : Piece(std::string_view(text)) {}
    Piece(std::string_view text) noexcept
        : text_(text.empty() ? "" : text.data()), number_(text.size()) {}
    template <std::integral Number>
    Piece(Number number) noexcept
        : negative_(std::cmp_less(number, 0)), number_(static_cast<std::uint64_t>(number)) {}

    void append_to(std::string& text) const {
        if (text_ != nullptr) {
            text.append(text_, static_cast<std::size_t>(number_));
        } else {
            if (negative_) text += '-';
            text += std::to_string(negative_ ? 0 - number_ : number_);
        }
    }

private:
    const char* text_ = nullptr;  // nullptr: a number
    bool negative_ = false;
    std::uint64_t number_;  // or the length of the text
};

/// The pieces, one after another: joined({"has ", n, " bytes"}). A sum of texts would be compiled
/// anew at each place, together with what it does when memory runs out.
[[nodiscard, gnu::noinline]] inline std::string joined(std::initializer_list<Piece> pieces) {
    std::string text;
    for (const Piece& piece : pieces) piece.append_to(text);
    return text;
}

}  // namespace oldphoto::detail
