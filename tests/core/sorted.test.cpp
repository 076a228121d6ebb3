#include <oldphoto/core/sorted.hpp>

#include <catch2/catch.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace detail = oldphoto::detail;

namespace {

std::vector<int> ascending(const std::vector<int>& values) {
    return detail::sorted(values, [](int a, int b) { return a < b; });
}

}  // namespace

TEST_CASE("items are sorted", "[core][order]") {
    CHECK(ascending({}).empty());
    CHECK(ascending({7}) == std::vector{7});
    CHECK(ascending({30, 10, 20}) == std::vector{10, 20, 30});
    CHECK(ascending({5, 4, 3, 2, 1, 0}) == std::vector{0, 1, 2, 3, 4, 5});
    CHECK(ascending({2, 1, 2, 1}) == std::vector{1, 1, 2, 2});
}

TEST_CASE("items that are equal stay in their order", "[core][order]") {
    const std::vector<std::string> words{"b1", "a1", "b2", "a2", "b3", "a3"};
    const auto by_letter = [](const std::string& a, const std::string& b) { return a[0] < b[0]; };
    CHECK(detail::sorted(words, by_letter) ==
          std::vector<std::string>{"a1", "a2", "a3", "b1", "b2", "b3"});
    const auto order = detail::sorted_order(100, [](std::size_t, std::size_t) { return false; });
    REQUIRE(order.size() == 100);
    for (std::size_t k = 0; k < order.size(); ++k) CHECK(order[k] == k);
}
