#include <oldphoto/ops/patch_attention.hpp>
#include <oldphoto/testing/gradcheck.hpp>

#include <catch2/catch.hpp>

#include "../support/gradients.hpp"
#include "../support/memory.hpp"
#include "../support/random.hpp"

using namespace oldphoto;

namespace {

using Numbers = std::vector<double>;

constexpr auto both = {PatchPath::training, PatchPath::inference};

Tensor<double, 4> picture(const Shape<4>& shape, const Numbers& values) {
    return Tensor<double, 4>::from_values(shape, values);
}

/// Three patches 2 x 2 side by side; the third is like the second, (1, 3) . (0, 2) / (2 sqrt 10) =
/// 3 / sqrt 10, rather than like the first, 1 / sqrt 10.
const auto three = picture({1, 1, 2, 6}, {1, 0, 0, 2, 1, 3,  //
                                          0, 0, 0, 0, 0, 0});
const auto third_is_hole = picture({1, 1, 2, 6}, {0, 0, 0, 0, 1, 1,  //
                                                  0, 0, 0, 0, 1, 1});

Numbers composed(const Tensor<double, 4>& x, const Tensor<double, 4>& holes, PatchPath path) {
    return patch_attention(Variable<double, 4>(x), holes, {.patch = 2, .path = path})
        .value()
        .to_values();
}

/// Whether a patch of which so many of its pixels are holes is a hole patch; another is clean.
bool counts_as_hole(Index patch, Index pixels) {
    const auto holes = Tensor<float, 4>::zeros({1, 1, patch, 2 * patch});
    for (Index k = 0; k < pixels; ++k) holes(0, 0, k / patch, k % patch) = 1;
    const auto x = test::random_tensor<float>(holes.shape(), 1);
    return !patch_sources(x, holes, {.patch = patch}).empty();
}

}  // namespace

TEST_CASE("a hole patch becomes a copy of the clean one that points most alike", "[ops][forward]") {
    for (const auto path : both) {
        CHECK(composed(three, third_is_hole, path) == Numbers{1, 0, 0, 2, 0, 2,  //
                                                              0, 0, 0, 0, 0, 0});
        CHECK(patch_sources(three, third_is_hole, {.patch = 2, .path = path}) ==
              PatchSources{{0, 1, 1}});
    }
}

TEST_CASE("in training clean patches look for their like too", "[ops][forward]") {
    // The second is twice the first: equal cosines, so the first replaces both.
    const auto x = picture({1, 1, 1, 3}, {1, 2, -1});
    const auto clean = Tensor<double, 4>::zeros({1, 1, 1, 3});
    CHECK(patch_sources(x, clean, {.patch = 1, .path = PatchPath::training}) ==
          PatchSources{{0, 0, 2}});
    CHECK(patch_sources(x, clean, {.patch = 1}).empty());
}

TEST_CASE("the training path reads holes sample by sample", "[ops][forward]") {
    const auto x = picture({2, 1, 1, 3}, {1, 2, -1, 1, 2, -1});
    const auto holes = picture({2, 1, 1, 3}, {1, 0, 0, 0, 0, 1});
    CHECK(patch_sources(x, holes, {.patch = 1, .path = PatchPath::training}) ==
          PatchSources{{1, 1, 2}, {0, 0, 0}});
}

TEST_CASE("the inference path has the first sample's holes in all", "[ops][forward]") {
    const auto x = picture({2, 1, 1, 3}, {1, 2, -1, 1, -2, -1});
    CHECK(patch_sources(x, picture({2, 1, 1, 3}, {1, 0, 0, 0, 0, 0}), {.patch = 1}) ==
          PatchSources{{1, 1, 2}, {1, 1, 2}});
    CHECK(patch_sources(x, picture({2, 1, 1, 3}, {0, 0, 0, 1, 1, 1}), {.patch = 1}).empty());
}

TEST_CASE("a patch is a hole when more than six tenths of it are", "[ops][forward]") {
    CHECK_FALSE(counts_as_hole(2, 2));
    CHECK(counts_as_hole(2, 3));
    CHECK_FALSE(counts_as_hole(4, 9));
    CHECK(counts_as_hole(4, 10));
    CHECK_FALSE(counts_as_hole(5, 15));  // exactly six tenths
    CHECK(counts_as_hole(5, 16));
    CHECK_FALSE(counts_as_hole(8, 38));
    CHECK(counts_as_hole(8, 39));
}

TEST_CASE("where every patch is a hole, training copies the first everywhere", "[ops][forward]") {
    const auto holes = Tensor<double, 4>::ones({1, 1, 2, 6});
    CHECK(composed(three, holes, PatchPath::training) == Numbers{1, 0, 1, 0, 1, 0,  //
                                                                 0, 0, 0, 0, 0, 0});
}

TEST_CASE("pixels beyond the last patch become zero, but only where something is replaced",
          "[ops][forward]") {
    const auto x = Tensor<double, 4>::ones({1, 2, 3, 5});
    auto holes = Tensor<double, 4>::zeros({1, 1, 3, 5});
    holes(0, 0, 2, 4) = 1;
    CHECK(composed(x, holes, PatchPath::inference) == x.to_values());
    holes.slice(3, 0, 2).fill(1);
    const Numbers plane{1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0};
    auto expected = plane;
    expected.insert(expected.end(), plane.begin(), plane.end());
    CHECK(composed(x, holes, PatchPath::inference) == expected);
}

TEST_CASE("a picture smaller than a patch has none and stays as it is", "[ops][forward]") {
    const auto x = test::random_tensor(Shape<4>{1, 2, 3, 5}, 1);
    const auto holes = Tensor<double, 4>::ones({1, 1, 3, 5});
    const auto y = patch_attention(Variable<double, 4>(x), holes, {.patch = 4});
    CHECK(y.value().to_values() == x.to_values());
}

TEST_CASE("views of a picture are read as what they show", "[ops][forward]") {
    const auto wide = test::random_tensor(Shape<4>{2, 3, 4, 12}, 1);
    const auto x = wide.slice(3, 2, 10);
    const auto holes = Tensor<double, 4>::zeros({2, 1, 4, 8});
    holes.slice(3, 0, 2).fill(1);
    const PatchAttentionOptions options{.patch = 2};
    CHECK(patch_sources(x, holes, options) == patch_sources(x.clone(), holes, options));
}

TEST_CASE("a patch gets the gradients of all its copies", "[ops][gradient]") {
    for (const auto path : both) {
        const Variable<double, 4> x(three, true);
        Program program;
        Variable<double, 0> loss;
        {
            const auto recording = program.record();
            const auto g = picture({1, 1, 2, 6}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
            loss = sum(patch_attention(x, third_is_hole, {.patch = 2, .path = path}) * g);
        }
        program.backward(loss, ParameterList<double>{x});
        CHECK(x.gradient().to_values() == Numbers{1, 2, 8, 10, 0, 0, 7, 8, 20, 22, 0, 0});
    }
}

TEST_CASE("patch_attention gradients match central differences", "[ops][gradient]") {
    const auto x = test::random_variable(Shape<4>{2, 2, 4, 6}, 1);
    for (const auto path : both) {
        for (const Index covered : {0, 2, 4}) {
            const auto holes = Tensor<double, 4>::zeros({2, 1, 4, 6});
            holes.slice(3, 0, covered).fill(1);
            CHECK(testing::gradcheck(
                      [&] { return patch_attention(x, holes, {.patch = 2, .path = path}); }, {x}) <
                  1e-7);
        }
    }
    const auto ragged = test::random_variable(Shape<4>{1, 2, 5, 7}, 1);
    const auto holes = Tensor<double, 4>::zeros({1, 1, 5, 7});
    holes.slice(3, 0, 2).fill(1);
    CHECK(testing::gradcheck([&] { return patch_attention(ragged, holes, {.patch = 2}); },
                             {ragged}) < 1e-7);
}

TEST_CASE("patch attention never holds the likeness of all patches", "[ops][memory]") {
    // 4096 patches: 64 MiB of likenesses, for a picture of 1 MiB.
    const auto x = test::random_tensor<float>(Shape<4>{1, 16, 128, 128}, 1);
    const auto holes = Tensor<float, 4>::zeros({1, 1, 128, 128});
    PatchAttentionOp<float, Cpu> op{{.patch = 2, .path = PatchPath::training}, holes};
    const double peak = test::peak_mebibytes([&] { static_cast<void>(op.forward(x)); });
    if (peak < 0) {
        WARN("skipped: the kernel does not tell peaks of memory");
        return;
    }
    INFO(peak << " MiB, the result included");
    CHECK(peak < 16);
}

TEST_CASE("patch_attention names the rule that is broken", "[ops][error]") {
    const auto run = [](const Shape<4>& x, const Shape<4>& holes, const PatchAttentionOptions& o) {
        return patch_sources(Tensor<double, 4>::ones(x), Tensor<double, 4>::ones(holes), o);
    };
    CHECK_THROWS_WITH(run({1, 2, 4, 6}, {1, 1, 4, 6}, {.patch = 2}),
                      "patch_attention: every patch of 2 x 2 pixels is a hole, there is nothing to "
                      "copy from");
    CHECK_THROWS_AS(run({1, 2, 4, 6}, {1, 1, 4, 6}, {.patch = 2}), OptionError);
    CHECK_THROWS_WITH(run({1, 2, 4, 6}, {1, 1, 4, 6}, {.patch = 0}),
                      "patch_attention: patch must be positive, got 0");
    CHECK_THROWS_WITH(run({1, 2, 4, 6}, {1, 1, 4, 6}, {.patch = 4, .path = PatchPath::training}),
                      "patch_attention: training needs sides that are multiples of the patch\n"
                      "  x (N, C, h, w) = (1, 2, 4, 6)\n"
                      "  patch = (4, 4)");
    CHECK_THROWS_WITH(run({2, 2, 4, 6}, {1, 1, 4, 6}, {.patch = 2}),
                      "patch_attention: holes must have the pixels of x\n"
                      "  x (N, C, h, w) = (2, 2, 4, 6)\n"
                      "  holes (N, 1, h, w) = (1, 1, 4, 6)");
    CHECK_THROWS_AS(run({1, 2, 4, 6}, {1, 2, 4, 6}, {.patch = 2}), ShapeError);
}
