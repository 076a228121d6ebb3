#include <oldphoto/backend/cpu/pool.hpp>
#include <oldphoto/backend/cpu/resample.hpp>

#include <catch2/catch.hpp>

#include <vector>

using namespace oldphoto;

namespace {

/// Two channels of 5 x 6, numbers without a pattern.
struct Scrambled {
    std::vector<double> values;
    TensorRows<double> rows;

    Scrambled() : values(numbers()), rows({values.data(), {1, 2, 5, 6}, {60, 30, 6, 1}}) {}

    static std::vector<double> numbers() {
        std::vector<double> values(60);
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = double(i * i * 7 % 61);
        return values;
    }
};

std::vector<double> pulled(const RowSource<double>& source, const RowWindow& window) {
    const Index width = window.x1 - window.x0;
    std::vector<double> rows(static_cast<std::size_t>((window.y1 - window.y0) * width), -1);
    source.pull(window, rows.data(), width);
    return rows;
}

/// Whether every pixel alone, and every part of a row, is what the whole plane has there.
void check_windows(const RowSource<double>& source) {
    const Index height = source.shape()[2];
    const Index width = source.shape()[3];
    for (Index c = 0; c < source.shape()[1]; ++c) {
        const auto plane = pulled(source, {0, c, 0, height, 0, width});
        for (Index y = 0; y < height; ++y) {
            const auto row = plane.begin() + y * width;
            for (Index x0 = 0; x0 < width; ++x0) {
                for (Index x1 = x0 + 1; x1 <= width; ++x1) {
                    REQUIRE(pulled(source, {0, c, y, y + 1, x0, x1}) ==
                            std::vector<double>(row + x0, row + x1));
                }
            }
        }
    }
}

/// Sums of two neighbours, weighted 1 and `second`, last output first.
LineWeights backward_pairs(Index inputs, double second) {
    return {inputs, inputs - 1, [&](Index o, const auto& add) {
                add(inputs - 2 - o, 1);
                add(inputs - 1 - o, second);
            }};
}

}  // namespace

TEST_CASE("resampled rows are weighted sums along both axes", "[backend][forward]") {
    const Scrambled x;
    const auto rows = backward_pairs(5, 10);
    const auto columns = backward_pairs(6, 100);
    const cpu::ResampledRows<double> resampled(RowSource<double>(x.rows), rows, columns);
    CHECK(resampled.shape == Shape<4>{1, 2, 4, 5});
    const auto plane = pulled(RowSource<double>(resampled), {0, 1, 0, 4, 0, 5});
    for (std::size_t oy = 0; oy < 4; ++oy) {
        for (std::size_t ox = 0; ox < 5; ++ox) {
            const double* corner = x.values.data() + 30 + (3 - oy) * 6 + (4 - ox);
            CHECK(plane[oy * 5 + ox] ==
                  corner[0] + 100 * corner[1] + 10 * corner[6] + 1000 * corner[7]);
        }
    }
    check_windows(RowSource<double>(resampled));
}

TEST_CASE("resampled rows may be resampled again", "[backend][forward]") {
    const Scrambled x;
    const auto rows = backward_pairs(5, 2);
    const auto columns = backward_pairs(6, 3);
    const cpu::ResampledRows<double> once(RowSource<double>(x.rows), rows, columns);
    const auto rows_again = backward_pairs(4, 2);
    const auto columns_again = backward_pairs(5, 3);
    const cpu::ResampledRows<double> twice(RowSource<double>(once), rows_again, columns_again);
    const auto inner = pulled(RowSource<double>(once), {0, 0, 0, 4, 0, 5});
    // The first output pairs the last two rows and columns.
    CHECK(pulled(RowSource<double>(twice), {0, 0, 0, 1, 0, 1}).front() ==
          inner[13] + 3 * inner[14] + 2 * inner[18] + 6 * inner[19]);
    check_windows(RowSource<double>(twice));
}

TEST_CASE("pooled rows are the same in narrow windows", "[backend][forward]") {
    const Scrambled x;
    const cpu::MaxPooledRows<double> pooled{
        {1, 2, 3, 6}, RowSource<double>(x.rows), {3, 2, 1}, {3, 1, 1}};
    check_windows(RowSource<double>(pooled));
}
