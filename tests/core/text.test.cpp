#include <oldphoto/core/text.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

using oldphoto::detail::joined;

TEST_CASE("texts and whole numbers are joined in their order", "[core][text]") {
    const std::string name = "scale";
    CHECK(joined({}) == "");
    CHECK(joined({"has ", 3, " bytes"}) == "has 3 bytes");
    CHECK(joined({name, std::string_view("=abc").substr(0, 2), 0U}) == "scale=a0");
}

TEST_CASE("an empty text is joined as nothing", "[core][text]") {
    CHECK(joined({std::string_view(), "a", "", std::string(), "b"}) == "ab");
}

TEST_CASE("the largest and the smallest numbers are written out", "[core][text]") {
    CHECK(joined({std::numeric_limits<std::uint64_t>::max()}) == "18446744073709551615");
    CHECK(joined({std::numeric_limits<std::int64_t>::min()}) == "-9223372036854775808");
    CHECK(joined({-1}) == "-1");
}
