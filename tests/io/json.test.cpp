#include <oldphoto/io/json.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

using oldphoto::FlatObject;
using oldphoto::Index;
using oldphoto::IoError;
using oldphoto::JsonReader;
using oldphoto::OptionError;
using oldphoto::parse_flat_object;
using oldphoto::test::message_of;

namespace {

std::string flat_error(const std::string& text) {
    return message_of<IoError>([&] { (void)parse_flat_object(text, "here"); });
}

std::string read_string(const std::string& text) {
    return JsonReader(text, "here").read_string();
}

double read_number(const std::string& text) {
    JsonReader reader(text, "here");
    const double value = reader.read_number();
    reader.expect_end();
    return value;
}

/// What our reader and writer make of a text, as nlohmann-json understands it; discarded where our
/// reader refuses it.
nlohmann::ordered_json read_and_written(const std::string& text) {
    std::string copy;
    message_of<IoError>([&] { copy = format_flat_object(parse_flat_object(text, "here")); });
    return nlohmann::ordered_json::parse(copy, nullptr, false);
}

}  // namespace

TEST_CASE("a flat object is read in its order", "[io][json]") {
    const FlatObject object = parse_flat_object(
        R"( { "ngf" : 32 , "norm":"instance","sn":false,"carried":true,"eps":1e-4,"z":-0.5 } )",
        "here");
    CHECK(object.size() == 6);
    CHECK(object.begin()->name == "ngf");
    CHECK(object.at("ngf") == 32.0);
    CHECK(object.at("norm") == "instance");
    CHECK(object.at("sn") == false);
    CHECK(object.at("carried") == true);
    CHECK(object.at("eps") == 1e-4);
    CHECK(object.at("z") == -0.5);
    CHECK(parse_flat_object("{}", "here").empty());
}

TEST_CASE("what format_flat_object writes is read back exactly", "[io][json]") {
    FlatObject object;
    object.insert("count", 32.0);
    object.insert("third", 1.0 / 3.0);
    object.insert("tiny", 5e-324);
    object.insert("huge", -1.7976931348623157e308);
    object.insert("yes", true);
    object.insert("text \"\\\n\x01", std::string("caf\xC3\xA9 \xF0\x9F\x93\xB7"));
    const std::string text = format_flat_object(object);
    CHECK(text == R"({"count": 32, "third": 0.3333333333333333, "tiny": 5e-324, )"
                  R"("huge": -1.7976931348623157e+308, "yes": true, )"
                  "\"text \\\"\\\\\\u000a\\u0001\": \"caf\xC3\xA9 \xF0\x9F\x93\xB7\"}");
    const FlatObject copy = parse_flat_object(text, "here");
    REQUIRE(copy.size() == object.size());
    for (const auto& [name, value] : object) CHECK(copy.at(name) == value);
    CHECK(oldphoto::format_flat_object({}) == "{}");
}

TEST_CASE("what JSON cannot hold is not written", "[io][json][errors]") {
    FlatObject object;
    object.insert("x", std::numeric_limits<double>::infinity());
    CHECK(message_of<OptionError>([&] { (void)format_flat_object(object); }) ==
          "format_flat_object: numbers must be finite");
    CHECK(message_of<OptionError>([] { (void)oldphoto::quote_json("\xFF"); }) ==
          "quote_json: text must be valid UTF-8");
}

TEST_CASE("escapes are decoded", "[io][json]") {
    CHECK(read_string(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
    CHECK(read_string(R"("\u0041")") == "A");
    CHECK(read_string(R"("\u00e9\u20AC")") == "\xC3\xA9\xE2\x82\xAC");
    CHECK(read_string(R"("\uD83D\uDCF7")") == "\xF0\x9F\x93\xB7");
    CHECK(read_string(R"("\u0000")") == std::string(1, '\0'));
}

TEST_CASE("numbers follow the grammar", "[io][json]") {
    CHECK(read_number("0") == 0.0);
    CHECK(std::signbit(read_number("-0")));
    CHECK(read_number("12.5E+1") == 125.0);
    CHECK(read_number("1e-2") == 0.01);
    for (const char* text : {"", "-", ".5", "1.", "1e", "1e+", "+1", "inf", "nan", "x"}) {
        CAPTURE(text);
        CHECK(message_of<IoError>([&] { read_number(text); }).find("expected a digit") !=
              std::string::npos);
    }
    CHECK(message_of<IoError>([] { read_number("1e999"); }) ==
          "here: byte 5: number 1e999 is out of range");
    CHECK(message_of<IoError>([] { read_number("01"); }) ==
          "here: byte 1: expected the end of the text");
}

TEST_CASE("an index is a plain integer", "[io][json]") {
    const auto read = [](const std::string& text) { return JsonReader(text, "here").read_index(); };
    CHECK(read("0") == 0);
    CHECK(read(" 9223372036854775807") == std::numeric_limits<Index>::max());
    for (const char* text : {"-1", "1.0", "1e3", "9223372036854775808"}) {
        CHECK(message_of<IoError>([&] { read(text); }) ==
              "here: byte " + std::to_string(std::string(text).size()) +
                  ": expected an integer from 0 to 2^63 - 1, got " + text);
    }
}

TEST_CASE("each fault is named with its place", "[io][json][errors]") {
    const std::vector<std::pair<std::string, std::string>> faults = {
        {"", "byte 0: expected '{'"},
        {"[]", "byte 0: expected '{'"},
        {"{", "byte 1: expected '\"'"},
        {"{}x", "byte 2: expected the end of the text"},
        {R"({"a")", "byte 4: expected ':'"},
        {R"({"a":)", "byte 5: expected a string, a number, true or false"},
        {R"({"a":null})", "byte 5: expected a string, a number, true or false"},
        {R"({"a":{}})", "byte 5: expected a string, a number, true or false"},
        {R"({"a":[1]})", "byte 5: expected a string, a number, true or false"},
        {R"({"a":tru})", "byte 5: expected true or false"},
        {R"({"a":1)", "byte 6: expected '}'"},
        {R"({"a":1,})", "byte 7: expected '\"'"},
        {R"({"a":1,"a":2})", "byte 10: name \"a\" stands twice"},
        {R"({"\u001b":1,"\u001b":2})", "byte 20: name \"\\u001b\" stands twice"},
        {R"({"a)", "byte 3: text ends early"},
        {R"({"\x":1})", "byte 4: unknown escape in a string"},
        {R"({"\u12G4":1})", "byte 4: expected four hexadecimal digits"},
        {R"({"\u123)", "byte 4: expected four hexadecimal digits"},
        {R"({"\u+123":1})", "byte 4: expected four hexadecimal digits"},
        {R"({"\uD800":1})", "byte 8: unpaired surrogate in a string"},
        {R"({"\uD800\u0041":1})", "byte 14: unpaired surrogate in a string"},
        {R"({"\uDC00":1})", "byte 8: unpaired surrogate in a string"},
        {"{\"a\n\":1}", "byte 4: control character in a string"},
        {"{\"\xFF\":1}", "byte 4: string is not valid UTF-8"},
    };
    for (const auto& [text, message] : faults) {
        CAPTURE(text);
        CHECK(flat_error(text) == "here: " + message);
    }
}

TEST_CASE("is_utf8 accepts each code point in its shortest form only", "[io][json]") {
    using oldphoto::is_utf8;
    for (const char* text :
         {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
          "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
        CAPTURE(text);
        CHECK(is_utf8(text));
    }
    for (const char* text :
         {"\x80", "\xBF", "\x84\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF",
          "\xED\xA0\x80", "\xED\xBF\xBF", "\xE1\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
          "\xF5\x80\x80\x80", "\xF8\x80\x80\x80", "\xFF", "\xFE", "a\x80"}) {
        CAPTURE(text);
        CHECK_FALSE(is_utf8(text));
    }
}

TEST_CASE("every text that differs in one byte is judged as nlohmann-json judges it",
          "[io][json][fuzz]") {
    const std::string text = "{\"a\":-1.5e2,\"\\u00e9\\n\":\"\xC3\xA9\",\"bcd\" : true}";
    int accepted = 0;
    for (std::size_t place = 0; place < text.size(); ++place) {
        for (int byte = 0; byte < 256; ++byte) {
            std::string changed = text;
            changed[place] = static_cast<char>(byte);
            const auto expected = nlohmann::ordered_json::parse(changed, nullptr, false);
            const auto ours = read_and_written(changed);
            CAPTURE(changed);
            REQUIRE(ours.is_discarded() == expected.is_discarded());
            if (expected.is_discarded()) continue;
            REQUIRE(ours == expected);
            ++accepted;
        }
    }
    CHECK(accepted > 500);
}
