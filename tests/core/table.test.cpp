#include <oldphoto/core/table.hpp>

#include <catch2/catch.hpp>

using oldphoto::format_table;

TEST_CASE("format_table makes columns as wide as their widest cell", "[core][table]") {
    CHECK(format_table({{"name", "n"}, {"a", "120"}, {"photo", "7"}}, "lr") ==
          "name     n\n"
          "a      120\n"
          "photo    7\n");
}

TEST_CASE("format_table leaves no blanks at the end of a line", "[core][table]") {
    CHECK(format_table({{"a", "long"}, {"b", ""}, {"c"}}, "ll") == "a  long\nb\nc\n");
    CHECK(format_table({}, "ll").empty());
}

TEST_CASE("format_table counts characters, not bytes", "[core][table]") {
    CHECK(format_table({{"\u00FCber", "1"}, {"over", "2"}}, "ll") == "\u00FCber  1\nover  2\n");
}
