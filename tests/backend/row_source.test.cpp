#include <oldphoto/backend/row_source.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>
#include <vector>

using namespace oldphoto;

namespace {

/// Two channels of 3 x 4: channel 0 counts 1 to 12, channel 1 goes on from 13.
struct Counting {
    std::vector<int> values;
    View<int, 4> view;

    Counting() : values(24), view{values.data(), {1, 2, 3, 4}, {24, 12, 4, 1}} {
        std::iota(values.begin(), values.end(), 1);
    }
};

/// The rows of a window; checks that the gaps between rows and after the last stay as they were.
std::vector<int> pulled(const RowSource<int>& source, const RowWindow& window) {
    constexpr int untouched = -1;
    const Index width = window.x1 - window.x0;
    const Index stride = width + 8;
    std::vector<int> memory(static_cast<std::size_t>((window.y1 - window.y0) * stride), untouched);
    source.pull(window, memory.data(), stride);
    std::vector<int> rows;
    for (auto row = memory.begin(); row != memory.end(); row += stride) {
        rows.insert(rows.end(), row, row + width);
        REQUIRE(std::count(row + width, row + stride, untouched) == stride - width);
    }
    return rows;
}

std::vector<int> whole_plane(const RowSource<int>& source, Index channel) {
    return pulled(source, {0, channel, 0, source.shape()[2], 0, source.shape()[3]});
}

/// Whether every rectangle of every plane holds what the whole plane holds there.
void check_all_windows(const RowSource<int>& source) {
    const Index height = source.shape()[2];
    const Index width = source.shape()[3];
    for (Index c = 0; c < source.shape()[1]; ++c) {
        const auto plane = whole_plane(source, c);
        for (Index y0 = 0; y0 < height; ++y0) {
            for (Index x0 = 0; x0 < width; ++x0) {
                for (Index x1 = x0 + 1; x1 <= width; ++x1) {
                    const Index y1 = std::min(y0 + 2, height);
                    std::vector<int> expected;
                    for (Index y = y0; y < y1; ++y) {
                        const auto row = plane.begin() + y * width;
                        expected.insert(expected.end(), row + x0, row + x1);
                    }
                    INFO("c " << c << ", rows " << y0 << " to " << y1 << ", columns " << x0
                              << " to " << x1);
                    REQUIRE(pulled(source, {0, c, y0, y1, x0, x1}) == expected);
                }
            }
        }
    }
}

}  // namespace

TEST_CASE("rows of a tensor come from any strides", "[backend][forward]") {
    Counting x;
    const TensorRows<int> dense(x.view);
    CHECK(pulled(RowSource<int>(dense), {0, 1, 1, 3, 2, 4}) == std::vector<int>{19, 20, 23, 24});
    check_all_windows(RowSource<int>(dense));

    // Height and width exchanged, then every second column.
    const TensorRows<int> strided({x.values.data(), {1, 2, 4, 2}, {24, 12, 1, 8}});
    CHECK(whole_plane(RowSource<int>(strided), 0) == std::vector<int>{1, 9, 2, 10, 3, 11, 4, 12});
    check_all_windows(RowSource<int>(strided));
}

TEST_CASE("a zero border is zero on every side", "[backend][forward]") {
    Counting x;
    const TensorRows<int> rows(x.view);
    const PaddedRows<int> padded(RowSource<int>(rows), {1, 2, 0, 1, PaddingMode::zero});
    CHECK(padded.shape == Shape<4>{1, 2, 4, 7});
    CHECK(whole_plane(RowSource<int>(padded), 1) == std::vector<int>{0, 13, 14, 15, 16, 0, 0,  //
                                                                     0, 17, 18, 19, 20, 0, 0,  //
                                                                     0, 21, 22, 23, 24, 0, 0,  //
                                                                     0, 0,  0,  0,  0,  0, 0});
    check_all_windows(RowSource<int>(padded));
}

TEST_CASE("a reflected border mirrors without repeating the edge", "[backend][forward]") {
    Counting x;
    const TensorRows<int> rows(x.view);
    const PaddedRows<int> padded(RowSource<int>(rows), {3, 1, 2, 1, PaddingMode::reflect});
    CHECK(whole_plane(RowSource<int>(padded), 0) ==
          std::vector<int>{12, 11, 10, 9, 10, 11, 12, 11, 8, 7, 6, 5, 6, 7, 8, 7,
                           4,  3,  2,  1, 2,  3,  4,  3,  8, 7, 6, 5, 6, 7, 8, 7,
                           12, 11, 10, 9, 10, 11, 12, 11, 8, 7, 6, 5, 6, 7, 8, 7});
    check_all_windows(RowSource<int>(padded));
}

TEST_CASE("a replicated border repeats the edge, however wide it is", "[backend][forward]") {
    Counting x;
    const TensorRows<int> rows(x.view);
    const PaddedRows<int> padded(RowSource<int>(rows), {2, 6, 0, 4, PaddingMode::replicate});
    const auto plane = whole_plane(RowSource<int>(padded), 0);
    CHECK(std::vector<int>(plane.begin(), plane.begin() + 12) ==
          std::vector<int>{1, 1, 1, 2, 3, 4, 4, 4, 4, 4, 4, 4});
    CHECK(std::vector<int>(plane.end() - 12, plane.end()) ==
          std::vector<int>{9, 9, 9, 10, 11, 12, 12, 12, 12, 12, 12, 12});
    check_all_windows(RowSource<int>(padded));
}

TEST_CASE("a border may lie around another one", "[backend][forward]") {
    Counting x;
    const TensorRows<int> rows(x.view);
    const PaddedRows<int> inner(RowSource<int>(rows), {1, 1, 0, 0, PaddingMode::zero});
    const PaddedRows<int> outer(RowSource<int>(inner), {2, 3, 1, 0, PaddingMode::reflect});
    // A row of the inner one: 0 1 2 3 4 0.
    CHECK(whole_plane(RowSource<int>(outer), 0) ==
          std::vector<int>{6,  5, 0, 5, 6,  7,  8,  0, 8,  7,  6,  //
                           2,  1, 0, 1, 2,  3,  4,  0, 4,  3,  2,  //
                           6,  5, 0, 5, 6,  7,  8,  0, 8,  7,  6,  //
                           10, 9, 0, 9, 10, 11, 12, 0, 12, 11, 10});
    check_all_windows(RowSource<int>(outer));
}

TEST_CASE("a border that cannot be is refused with the shapes", "[backend][error]") {
    const Shape<4> x{1, 2, 3, 4};
    CHECK_THROWS_WITH(padded_shape(x, {4, 0, 0, 0, PaddingMode::reflect}),
                      "pad: the picture must be larger than its padding by reflection, and not "
                      "empty\n  x (N, C, H, W) = (1, 2, 3, 4)\n  (left, right, top, bottom) = "
                      "(4, 0, 0, 0)");
    CHECK_THROWS_AS(padded_shape(x, {0, 0, 0, 3, PaddingMode::reflect}), ShapeError);
    CHECK(padded_shape(x, {3, 3, 2, 2, PaddingMode::reflect}) == Shape<4>{1, 2, 7, 10});
    CHECK_THROWS_WITH(padded_shape(x, {0, -1, 0, 0, PaddingMode::zero}),
                      "pad: padding must not be negative\n  x (N, C, H, W) = (1, 2, 3, 4)\n  "
                      "(left, right, top, bottom) = (0, -1, 0, 0)");
    CHECK_THROWS_AS(padded_shape({1, 1, 0, 4}, {1, 1, 1, 1, PaddingMode::replicate}), ShapeError);
    CHECK(padded_shape({1, 1, 0, 4}, {1, 1, 1, 1, PaddingMode::zero}) == Shape<4>{1, 1, 2, 6});
}

TEST_CASE("a band shows the rows of its source from its first on", "[backend][rows]") {
    Counting x;
    const TensorRows<int> rows(x.view);
    const BandRows<int> band(RowSource<int>(rows), {1, 3});
    CHECK(whole_plane(RowSource<int>(band), 1) == std::vector<int>{17, 18, 19, 20, 21, 22, 23, 24});
    check_all_windows(RowSource<int>(band));
}

TEST_CASE("rows_shown names the rows that a padding shows, and those that rows below will",
          "[backend][rows]") {
    const auto shown = [](const Padding& padding, Index begin, Index end) {
        const RowRange rows = rows_shown(padding, 10, {begin, end});
        return std::vector<Index>{rows.begin, rows.end};
    };
    using Rows = std::vector<Index>;
    CHECK(shown({}, 2, 5) == Rows{2, 5});
    CHECK(shown({.top = 3}, 0, 5) == Rows{0, 2});
    CHECK(shown({.top = 3}, 0, 3) == Rows{0, 0});  // zeros alone
    CHECK(shown({.top = 3, .mode = PaddingMode::reflect}, 0, 4) == Rows{0, 4});
    CHECK(shown({.bottom = 4, .mode = PaddingMode::replicate}, 11, 14) == Rows{9, 10});
    // Row 12 shows row 6, row 13 shows row 5.
    CHECK(shown({.bottom = 4, .mode = PaddingMode::reflect}, 10, 12) == Rows{5, 9});
    CHECK(shown({.bottom = 4, .mode = PaddingMode::reflect}, 12, 14) == Rows{5, 7});
}
