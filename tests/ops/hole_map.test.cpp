#include <oldphoto/ops/hole_map.hpp>

#include <catch2/catch.hpp>

using namespace oldphoto;

namespace {

using Numbers = std::vector<double>;

Numbers holes(const Shape<4>& shape, const Numbers& mask, Pair size) {
    return hole_map(Tensor<double, 4>::from_values(shape, mask), size).to_values();
}

}  // namespace

TEST_CASE("at a quarter of the size a hole shows where it touches the centre of 4 x 4 pixels",
          "[ops][forward]") {
    for (Index place = 0; place < 16; ++place) {
        Numbers mask(16, 0);
        mask[static_cast<std::size_t>(place)] = 1e-3;
        const bool centre =
            (place / 4 == 1 || place / 4 == 2) && (place % 4 == 1 || place % 4 == 2);
        INFO(place);
        CHECK(holes({1, 1, 4, 4}, mask, 1) == Numbers{centre ? 1.0 : 0.0});
    }
}

TEST_CASE("a hole map of the mask's own size is 1 where the mask is above 0", "[ops][forward]") {
    CHECK(holes({2, 1, 1, 3}, {0, 0.25, 1, 1, 0, 0}, {1, 3}) == Numbers{0, 1, 1, 1, 0, 0});
}

TEST_CASE("a hole map is not recorded", "[ops][program]") {
    Program program;
    const auto recording = program.record();
    static_cast<void>(holes({1, 1, 2, 2}, {0, 1, 0, 0}, 1));
    CHECK(program.steps().empty());
}

TEST_CASE("a mask has one channel", "[ops][error]") {
    CHECK_THROWS_WITH(holes({1, 2, 1, 1}, {0, 0}, 1),
                      "hole_map: a mask has one channel\n"
                      "  mask (N, 1, H, W) = (1, 2, 1, 1)");
}
