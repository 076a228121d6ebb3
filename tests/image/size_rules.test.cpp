#include <oldphoto/image/size_rules.hpp>

#include <catch2/catch.hpp>

#include "../support/npz.hpp"
#include "../support/shared.hpp"
#include <cstdint>

using namespace oldphoto;

TEST_CASE("the size rules equal the published programs", "[image][parity]") {
    OLDPHOTO_NEEDS_FIXTURE("image/size_rules.npy");
    const auto table = test::read_npy(test::fixture_path("image/size_rules.npy"));
    const auto numbers = table.values<std::int32_t>();
    REQUIRE(table.dims == std::vector<Index>{14, 10});
    for (std::size_t row = 0; row < 14; ++row) {
        const auto size = [&](std::size_t column) {
            return Size{numbers[10 * row + column], numbers[10 * row + column + 1]};
        };
        INFO(to_string(size(0)));
        CHECK(full_size(size(0)) == size(2));
        CHECK(scale_size(size(0)) == size(4));
        CHECK(detection_size(size(0)) == size(6));
        CHECK(detection_network_size(size(0)) == size(8));
    }
}

TEST_CASE("the size rules round halves to even", "[image][forward]") {
    CHECK(full_size({258, 262}) == Size{256, 264});  // 64.5 and 65.5 units
    CHECK(detection_size({264, 280}) == Size{256, 288});
}
