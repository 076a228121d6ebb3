#include <oldphoto/tensor/tensor.hpp>

#include <catch2/catch.hpp>

using namespace oldphoto;

namespace {

using Floats = std::vector<float>;

Tensor<float, 2> counting_table() {
    return Tensor<float, 2>::from_values({2, 3}, {1, 2, 3, 4, 5, 6});
}

}  // namespace

TEST_CASE("factories say what they make", "[tensor][factories]") {
    CHECK(Tensor<float, 2>::zeros({2, 2}).to_values() == Floats(4, 0.0F));
    CHECK(Tensor<float, 2>::ones({2, 2}).to_values() == Floats(4, 1.0F));
    CHECK(Tensor<float, 1>::full({3}, -2).to_values() == Floats(3, -2.0F));
    CHECK(counting_table().to_values() == Floats{1, 2, 3, 4, 5, 6});
    CHECK(Tensor<float, 0>::full({}, 7).item() == 7);
    CHECK(Tensor<float, 3>::zeros({2, 0, 4}).size() == 0);
    const Tensor<float, 2> nothing;
    CHECK(nothing.empty());
    CHECK(nothing.size() == 0);
}

TEST_CASE("tensors have ranks 0 to 5 of float and double", "[tensor][factories]") {
    CHECK(Tensor<double, 5>::zeros({1, 2, 1, 2, 3}).size() == 12);
    CHECK(Tensor<double, 5>::ones({1, 2, 1, 2, 3})(0, 1, 0, 1, 2) == 1);
    CHECK(Tensor<double, 0>::full({}, 2)() == 2);
}

TEST_CASE("memory is aligned to 64 bytes", "[tensor][factories]") {
    for (const Index n : {1, 3, 17}) {
        const auto x = Tensor<float, 1>::uninitialized({n});
        CHECK(reinterpret_cast<std::uintptr_t>(x.data()) % 64 == 0);
    }
}

TEST_CASE("copies of a handle share elements and clones do not", "[tensor][storage]") {
    const auto x = counting_table();
    const auto same = x;
    const auto other = x.clone();
    x(0, 1) = 20;
    CHECK(same(0, 1) == 20);
    CHECK(other(0, 1) == 2);
}

TEST_CASE("indices and row-major numbers name the same elements", "[tensor][storage]") {
    const auto x = counting_table().transpose(0, 1);
    CHECK(x(2, 0) == 3);
    CHECK(x(0, 1) == 4);
    CHECK(x[4] == 3);
    CHECK(x[1] == 4);
    CHECK(x.to_values() == Floats{1, 4, 2, 5, 3, 6});
}

TEST_CASE("views walk the same storage", "[tensor][views]") {
    const auto x = counting_table();
    CHECK(x.slice(1, 1, 3).to_values() == Floats{2, 3, 5, 6});
    CHECK(x.slice(1, 0, 3, 2).to_values() == Floats{1, 3, 4, 6});
    CHECK(x.slice(0, 1, 1).size() == 0);
    CHECK(x.permute({1, 0}).shape() == Shape<2>{3, 2});
    CHECK(x.unsqueeze(1).shape() == Shape<3>{2, 1, 3});
    CHECK(x.unsqueeze(2).squeeze(2).to_values() == x.to_values());
    CHECK(x.slice(0, 1, 2).broadcast_to({3, 3}).to_values() == Floats{4, 5, 6, 4, 5, 6, 4, 5, 6});
    CHECK(x.reshape(Shape<3>{3, 1, 2}).to_values() == x.to_values());

    x.slice(1, 2, 3).fill(0);
    x.transpose(0, 1).slice(0, 0, 1).fill(9);
    x.reshape(Shape<1>{6})(1) = -1;
    CHECK(x.to_values() == Floats{9, -1, 0, 9, 5, 0});
}

TEST_CASE("a reshape copies only what does not lie densely", "[tensor][views]") {
    const auto x = counting_table();
    CHECK(x.reshape(Shape<1>{6}).data() == x.data());
    CHECK(x.as_contiguous().data() == x.data());
    const auto turned = x.transpose(0, 1);
    CHECK_FALSE(turned.contiguous());
    CHECK(turned.reshape(Shape<1>{6}).data() != x.data());
    CHECK(turned.reshape(Shape<1>{6}).to_values() == Floats{1, 4, 2, 5, 3, 6});
    CHECK(turned.as_contiguous().contiguous());
}

TEST_CASE("a view keeps the storage alive", "[tensor][views]") {
    auto x = counting_table();
    const auto row = x.slice(0, 1, 2);
    x = {};
    CHECK(row.to_values() == Floats{4, 5, 6});
}

TEST_CASE("element types are cast one by one", "[tensor][storage]") {
    const auto x = Tensor<double, 2>::from_values({2, 1}, {0.1, 3}).transpose(0, 1);
    const auto y = x.cast<float>();
    CHECK(y.shape() == Shape<2>{1, 2});
    CHECK(y.to_values() == Floats{0.1F, 3});
    CHECK(x.cast<double>().data() == x.data());
}

TEST_CASE("arithmetic in place writes to the shared storage", "[tensor][storage]") {
    const auto x = counting_table();
    const auto same = x;
    x += 1;
    x *= x;
    x -= Tensor<float, 2>::from_values({1, 3}, {4, 9, 16});
    CHECK(same.to_values() == Floats{0, 0, 0, 21, 27, 33});
}

TEST_CASE("tensors name the rule and the shapes that break it", "[tensor][error]") {
    const auto x = counting_table();
    CHECK_THROWS_WITH((Tensor<float, 2>::zeros({2, -1})),
                      "tensor: extents must not be negative\n  shape = (2, -1)");
    CHECK_THROWS_WITH((Tensor<float, 2>::from_values({2, 2}, {1, 2, 3})),
                      "from_values: as many values as elements\n  shape = (2, 2)\n  values = (3)");
    CHECK_THROWS_WITH(x.item(), "item: expected exactly one element\n  shape = (2, 3)");
    CHECK_THROWS_WITH(x.slice(1, 0, 4),
                      "slice: 0 <= begin <= end <= extent, step >= 1\n"
                      "  shape = (2, 3)\n  (axis, begin, end, step) = (1, 0, 4, 1)");
    CHECK_THROWS_AS(x.slice(1, 2, 1), ShapeError);
    CHECK_THROWS_AS(x.slice(1, 0, 2, 0), ShapeError);
    CHECK_THROWS_AS(x.slice(2, 0, 1), ShapeError);
    CHECK_THROWS_WITH(x.permute({1, 1}),
                      "permute: every axis exactly once\n  order = (1, 1)\n  shape = (2, 3)");
    CHECK_THROWS_AS(x.transpose(0, 2), ShapeError);
    CHECK_THROWS_WITH(x.reshape(Shape<1>{5}),
                      "reshape: the number of elements must stay the same\n"
                      "  from = (2, 3)\n  to = (5)");
    CHECK_THROWS_AS(x.unsqueeze(3), ShapeError);
    CHECK_THROWS_AS(x.squeeze(0), ShapeError);
    CHECK_THROWS_WITH(x.slice(0, 0, 1).broadcast_to({1, 1}),
                      "broadcast_to: only axes of extent 1 stretch\n"
                      "  from = (1, 3)\n  to = (1, 1)");
    CHECK_THROWS_WITH(x.slice(0, 0, 1).assign(x),
                      "assign: the expression must fit into the tensor\n"
                      "  tensor = (1, 3)\n  expression = (2, 3)");
}
