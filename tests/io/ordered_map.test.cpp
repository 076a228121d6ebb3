#include <oldphoto/io/ordered_map.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include <string>

using oldphoto::NameIndex;
using oldphoto::OptionError;
using oldphoto::OrderedMap;
using oldphoto::test::message_of;

TEST_CASE("an OrderedMap keeps the order of insertion and finds by name", "[io][map]") {
    OrderedMap<int> map;
    CHECK(map.empty());
    map.insert("z", 1);
    map.insert("a", 2);
    map.insert("", 3);
    CHECK(map.size() == 3);

    std::string order;
    for (const auto& [name, value] : map) order += name + std::to_string(value) + " ";
    CHECK(order == "z1 a2 3 ");

    CHECK(map.at("a") == 2);
    CHECK(*map.find("") == 3);
    CHECK(map.contains("z"));
    CHECK_FALSE(map.contains("y"));
    CHECK(map.find("y") == nullptr);
}

TEST_CASE("a NameIndex numbers and finds as many names as it is given", "[io][map]") {
    NameIndex index;
    CHECK(index.find("0") == nullptr);
    for (std::size_t k = 0; k < 1000; ++k) {
        REQUIRE(index.insert(std::to_string(k)));
        REQUIRE_FALSE(index.insert(std::to_string(k / 2)));
    }
    const NameIndex copy = index;
    for (std::size_t k = 0; k < 1000; ++k) REQUIRE(*copy.find(std::to_string(k)) == k);
    CHECK(copy.find("1000") == nullptr);
    CHECK(copy.find("") == nullptr);
}

TEST_CASE("an OrderedMap refuses a name that is taken or missing", "[io][map][errors]") {
    OrderedMap<int> map;
    map.insert("a", 1);
    CHECK(message_of<OptionError>([&] { map.insert("a", 2); }) == "insert: name 'a' is taken");
    CHECK(map.size() == 1);
    CHECK(map.at("a") == 1);
    CHECK(message_of<OptionError>([&] { (void)map.at("b"); }) == "at: nothing is named 'b'");
}
