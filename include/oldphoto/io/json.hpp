#pragma once

#include <oldphoto/core/config.hpp>
#include <oldphoto/core/error.hpp>
#include <oldphoto/core/function_ref.hpp>
#include <oldphoto/io/ordered_map.hpp>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

/// The part of JSON that weights files need. It is read by a parser of its own, because
/// <nlohmann/json.hpp>, which the tests compare it with, costs every program that includes the
/// library five seconds of compile time.
namespace oldphoto {

/// True when `text` is well-formed UTF-8: no overlong forms, no surrogates, at most U+10FFFF.
[[nodiscard]] inline bool is_utf8(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    std::size_t length = 0;
    for (std::size_t i = 0; i < text.size(); i += length) {
        const unsigned lead = byte(i);
        if ((lead & 0xC0U) == 0x80U || lead > 0xF4) return false;
        length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (text.size() - i < length) return false;
        unsigned code = length == 1 ? lead : lead & (0x7FU >> length);
        for (std::size_t k = 1; k < length; ++k) {
            if ((byte(i + k) & 0xC0U) != 0x80U) return false;
            code = code << 6U | (byte(i + k) & 0x3FU);
        }
        constexpr unsigned smallest[] = {0, 0, 0x80, 0x800, 0x10000};
        const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
        if (code < smallest[length] || code > 0x10FFFF || surrogate) return false;
    }
    return true;
}

/// `text` as a JSON string, quotes included. Also how errors show names that come from files:
/// control characters are escaped, so that they cannot reach a terminal.
/// @throws OptionError when `text` is not valid UTF-8, which JSON cannot hold.
[[nodiscard]] inline std::string quote_json(std::string_view text) {
    if (!is_utf8(text)) throw_option_error("quote_json", "text must be valid UTF-8");
    std::string quoted = "\"";
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (code < 0x20) {
            constexpr std::string_view digits = "0123456789abcdef";
            quoted += "\\u00";
            quoted += digits[code >> 4U];
            quoted += digits[code & 15U];
        } else {
            if (c == '"' || c == '\\') quoted += '\\';
            quoted += c;
        }
    }
    return quoted + '"';
}

/// Reads one JSON text (RFC 8259) from left to right. The caller asks for the kind of value that
/// it expects next; anything else is an error, so no tree is built and input cannot make the
/// reader recurse.
class JsonReader {
public:
    /// @param text   UTF-8, must outlive the reader.
    /// @param where  what error messages start with: a path, or a path and a part of the file.
    JsonReader(std::string_view text, std::string where) : text_(text), where_(std::move(where)) {}

    /// Calls `read_member(name)` for each member in turn; it must read the member's value.
    /// @throws IoError also when two members have one name.
    void read_object(FunctionRef<void(const std::string&)> read_member) {
        NameIndex names;
        read_list('{', '}', [&] {
            const std::string name = read_string();
            if (!names.insert(name))
                fail(detail::joined({"name ", quote_json(name), " stands twice"}));
            expect(':');
            read_member(name);
        });
    }

    /// Calls `read_element()` for each element in turn; it must read the element.
    void read_array(FunctionRef<void()> read_element) { read_list('[', ']', read_element); }

    [[nodiscard]] std::string read_string() {
        std::string text;
        expect('"');
        for (char c = take(); c != '"'; c = take()) {
            if (static_cast<unsigned char>(c) < 0x20) fail("control character in a string");
            if (c == '\\') {
                append_escaped(text);
            } else {
                text += c;
            }
        }
        if (!is_utf8(text)) fail("string is not valid UTF-8");
        return text;
    }

    [[nodiscard]] double read_number() {
        const std::string_view token = scan_number();
        double value = 0.0;
        const auto status = std::from_chars(token.data(), token.data() + token.size(), value);
        if (status.ec != std::errc{}) fail(detail::joined({"number ", token, " is out of range"}));
        return value;
    }

    /// A size or an offset.
    [[nodiscard]] Index read_index() {
        const std::string_view token = scan_number();
        const char* const end = token.data() + token.size();
        Index value = 0;
        const auto status = std::from_chars(token.data(), end, value);
        if (status.ec != std::errc{} || status.ptr != end || value < 0) {
            fail(detail::joined({"expected an integer from 0 to 2^63 - 1, got ", token}));
        }
        return value;
    }

    [[nodiscard]] bool read_boolean() {
        skip_space();
        for (const bool value : {false, true}) {
            const std::string_view word = value ? "true" : "false";
            if (text_.substr(position_, word.size()) != word) continue;
            position_ += word.size();
            return value;
        }
        fail("expected true or false");
    }

    /// First character of what comes next, which tells its kind; '\0' at the end.
    [[nodiscard]] char peek() {
        skip_space();
        return position_ < text_.size() ? text_[position_] : '\0';
    }

    /// Confirms that nothing but white space is left.
    void expect_end() {
        skip_space();
        if (position_ < text_.size()) fail("expected the end of the text");
    }

    /// Throws IoError "where: byte N: reason".
    [[noreturn, gnu::cold, gnu::noinline]] void fail(std::string_view reason) const {
        throw_io_error(where_, detail::joined({"byte ", position_, ": ", reason}));
    }

private:
    void read_list(char open, char close, FunctionRef<void()> read_item) {
        expect(open);
        if (peek() != close) {
            do read_item();
            while (accept_next(','));
        }
        expect(close);
    }

    void skip_space() {
        while (position_ < text_.size() && is_space(text_[position_])) ++position_;
    }

    static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

    /// The next character, white space included.
    char take() {
        if (position_ == text_.size()) fail("text ends early");
        return text_[position_++];
    }

    bool accept(char c) {
        const bool present = position_ < text_.size() && text_[position_] == c;
        if (present) ++position_;
        return present;
    }

    bool accept_next(char c) {
        skip_space();
        return accept(c);
    }

    void expect(char c) {
        if (!accept_next(c)) fail(detail::joined({"expected '", std::string_view(&c, 1), "'"}));
    }

    void skip_digits() {
        const std::size_t begin = position_;
        while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') {
            ++position_;
        }
        if (position_ == begin) fail("expected a digit");
    }

    /// The characters of a number; from_chars alone would also take "inf" and ".5".
    std::string_view scan_number() {
        skip_space();
        const std::size_t begin = position_;
        accept('-');
        if (!accept('0')) skip_digits();
        if (accept('.')) skip_digits();
        if (accept('e') || accept('E')) {
            if (!accept('+')) accept('-');
            skip_digits();
        }
        return text_.substr(begin, position_ - begin);
    }

    void append_escaped(std::string& text) {
        const char kind = take();
        if (kind == 'u') {
            append_utf8(text, read_code_point());
            return;
        }
        constexpr std::string_view kinds = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        const std::size_t place = kinds.find(kind);
        if (place == std::string_view::npos) fail("unknown escape in a string");
        text += meanings[place];
    }

    /// What stands after "\u"; a high surrogate is joined with the low one that must follow.
    unsigned read_code_point() {
        const unsigned first = read_hex4();
        if (first < 0xD800 || first > 0xDFFF) return first;
        const bool pair = first < 0xDC00 && accept('\\') && accept('u');
        const unsigned second = pair ? read_hex4() : 0;
        if (second < 0xDC00 || second > 0xDFFF) fail("unpaired surrogate in a string");
        return 0x10000 + ((first - 0xD800) << 10U) + (second - 0xDC00);
    }

    unsigned read_hex4() {
        unsigned value = 0;
        const std::string_view digits = text_.substr(position_, 4);
        const char* const end = digits.data() + digits.size();
        const auto status = std::from_chars(digits.data(), end, value, 16);
        if (digits.size() < 4 || status.ec != std::errc{} || status.ptr != end) {
            fail("expected four hexadecimal digits");
        }
        position_ += 4;
        return value;
    }

    static void append_utf8(std::string& text, unsigned code) {
        const auto append = [&](unsigned byte) { text += static_cast<char>(byte); };
        const auto append_tail = [&](unsigned shift) { append(0x80U | (code >> shift & 0x3FU)); };
        if (code < 0x80) {
            append(code);
        } else if (code < 0x800) {
            append(0xC0U | code >> 6U);
            append_tail(0);
        } else if (code < 0x10000) {
            append(0xE0U | code >> 12U);
            append_tail(6);
            append_tail(0);
        } else {
            append(0xF0U | code >> 18U);
            append_tail(12);
            append_tail(6);
            append_tail(0);
        }
    }

    std::string_view text_;
    std::string where_;
    std::size_t position_ = 0;
};

/// One option of a network: true or false, a number or a text. Not a variant, which takes a
/// compiler longer.
class FlatValue {
public:
    // Implicit, so that an option can be given as it stands.
    FlatValue(bool truth) : kind_(Kind::truth), truth_(truth) {}
    FlatValue(double number) : kind_(Kind::number), number_(number) {}
    FlatValue(std::string text) : kind_(Kind::text), text_(std::move(text)) {}
    FlatValue(const char* text) : FlatValue(std::string(text)) {}

    // What it is, or nullptr when it is of another kind.
    [[nodiscard]] const bool* as_truth() const { return kind_ == Kind::truth ? &truth_ : nullptr; }
    [[nodiscard]] const double* as_number() const {
        return kind_ == Kind::number ? &number_ : nullptr;
    }
    [[nodiscard]] const std::string* as_text() const {
        return kind_ == Kind::text ? &text_ : nullptr;
    }

    /// Same kind and same value.
    [[nodiscard]] friend bool operator==(const FlatValue&, const FlatValue&) = default;

private:
    enum class Kind { truth, number, text };

    Kind kind_;
    bool truth_ = false;
    double number_ = 0.0;
    std::string text_;
};

/// The options of a network: a JSON object without objects or arrays in it.
using FlatObject = OrderedMap<FlatValue>;

namespace detail {

inline FlatValue read_flat_value(JsonReader& reader) {
    const char first = reader.peek();
    if (first == '"') return reader.read_string();
    if (first == 't' || first == 'f') return reader.read_boolean();
    if (first == '-' || (first >= '0' && first <= '9')) return reader.read_number();
    reader.fail("expected a string, a number, true or false");
}

/// The shortest text that reads back as the same number.
inline std::string format_json_number(double value) {
    if (!std::isfinite(value)) throw_option_error("format_flat_object", "numbers must be finite");
    char text[32];
    const auto status = std::to_chars(text, text + sizeof text, value);
    return std::string(text, status.ptr);
}

inline std::string format_flat_value(const FlatValue& value) {
    if (const std::string* text = value.as_text()) return quote_json(*text);
    if (const double* number = value.as_number()) return format_json_number(*number);
    return *value.as_truth() ? "true" : "false";
}

}  // namespace detail

/// Reads {"ngf": 32, "norm": "instance", "sn": false}.
/// @param where  what error messages start with.
/// @throws IoError when the text is not such an object.
[[nodiscard]] inline FlatObject parse_flat_object(std::string_view text, const std::string& where) {
    FlatObject object;
    JsonReader reader(text, where);
    reader.read_object(
        [&](const std::string& name) { object.insert(name, detail::read_flat_value(reader)); });
    reader.expect_end();
    return object;
}

/// The text that parse_flat_object reads back exactly.
/// @throws OptionError for a number that is not finite and for text that is not UTF-8.
[[nodiscard]] inline std::string format_flat_object(const FlatObject& object) {
    std::string text = "{";
    for (const auto& [name, value] : object) {
        if (text.size() > 1) text += ", ";
        text += quote_json(name) + ": " + detail::format_flat_value(value);
    }
    return text + "}";
}

}  // namespace oldphoto
