#include <oldphoto/backend/line_weights.hpp>

#include <catch2/catch.hpp>

#include <utility>
#include <vector>

using namespace oldphoto;

namespace {

using Terms = std::vector<std::pair<Index, double>>;

Terms terms_of(const LineWeights& weights, Index o) {
    Terms terms;
    for (const auto& [place, weight] : weights[o]) terms.emplace_back(place, weight);
    return terms;
}

/// Three outputs of four inputs: x1 + 2 x3, nothing, 5 x0 + 6 x1.
LineWeights example() {
    const std::vector<Terms> rows{{{1, 1}, {3, 2}}, {}, {{0, 5}, {1, 6}}};
    return {4, 3, [&](Index o, const auto& add) {
                for (const auto& [place, weight] : rows[static_cast<std::size_t>(o)]) {
                    add(place, weight);
                }
            }};
}

}  // namespace

TEST_CASE("line weights keep the terms of each output", "[backend][forward]") {
    const auto weights = example();
    CHECK(weights.inputs() == 4);
    CHECK(weights.outputs() == 3);
    CHECK(terms_of(weights, 0) == Terms{{1, 1}, {3, 2}});
    CHECK(terms_of(weights, 1).empty());
    CHECK(terms_of(weights, 2) == Terms{{0, 5}, {1, 6}});
}

TEST_CASE("line weights know the inputs that outputs need", "[backend][forward]") {
    const auto needed = [](Index begin, Index end) {
        const Stretch stretch = example().needed(begin, end);
        return std::pair{stretch.begin, stretch.end};
    };
    CHECK(needed(0, 1) == std::pair<Index, Index>{1, 4});
    CHECK(needed(0, 3) == std::pair<Index, Index>{0, 4});
    CHECK(needed(2, 3) == std::pair<Index, Index>{0, 2});
    CHECK(needed(1, 2) == std::pair<Index, Index>{0, 0});
}

TEST_CASE("transposed line weights exchange inputs and outputs", "[backend][forward]") {
    const auto transposed = example().transposed();
    CHECK(transposed.inputs() == 3);
    CHECK(transposed.outputs() == 4);
    CHECK(terms_of(transposed, 0) == Terms{{2, 5}});
    CHECK(terms_of(transposed, 1) == Terms{{0, 1}, {2, 6}});
    CHECK(terms_of(transposed, 2).empty());
    CHECK(terms_of(transposed, 3) == Terms{{0, 2}});
}

TEST_CASE("windows cover what lies within the line", "[backend][forward]") {
    const LineWindows windows{3, 2, 1};
    const auto covered = [&](Index o) {
        const Stretch stretch = windows.covered(o, 4);
        return std::pair{stretch.begin, stretch.end};
    };
    CHECK(covered(0) == std::pair<Index, Index>{0, 2});
    CHECK(covered(1) == std::pair<Index, Index>{1, 4});
    CHECK(covered(2) == std::pair<Index, Index>{3, 4});
}
