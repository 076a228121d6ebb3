#include <oldphoto/tensor/matmul.hpp>

#include <catch2/catch.hpp>

#include "../support/random.hpp"
#include "../support/threads.hpp"

using namespace oldphoto;

namespace {

using Values = std::vector<double>;

/// Views of shape (m, n) whose elements lie in every way that matters.
template <class T>
std::vector<Tensor<T, 2>> layouts(Index m, Index n, std::uint64_t seed) {
    const auto base = test::random_tensor<T>(Shape<2>{2 * m + 1, 2 * n + 1}, seed);
    const auto turned = test::random_tensor<T>(Shape<2>{2 * n + 1, 2 * m + 1}, seed + 1);
    return {base.slice(0, 0, m).slice(1, 0, n).clone(),            // dense
            base.slice(0, 1, m + 1).slice(1, 1, n + 1),            // longer rows
            turned.slice(0, 0, n).slice(1, 0, m).transpose(0, 1),  // by columns
            base.slice(0, 0, 2 * m, 2).slice(1, 0, 2 * n, 2),      // neither
            turned.slice(0, 0, 2 * n, 2).slice(1, 0, 2 * m, 2).transpose(0, 1),
            base.slice(0, 0, 1).slice(1, 0, n).broadcast_to({m, n}),   // one row
            base.slice(0, 0, m).slice(1, 0, 1).broadcast_to({m, n})};  // one column
}

template <class T>
double largest_error(const Tensor<T, 2>& c, const Tensor<T, 2>& a, const Tensor<T, 2>& b) {
    double worst = 0;
    for (Index i = 0; i < c.dim(0); ++i) {
        for (Index j = 0; j < c.dim(1); ++j) {
            double expected = 0;
            for (Index k = 0; k < a.dim(1); ++k) expected += double(a(i, k)) * double(b(k, j));
            worst = std::max(worst, std::abs(double(c(i, j)) - expected));
        }
    }
    return worst;
}

}  // namespace

TEST_CASE("matmul multiplies rows by columns", "[tensor][matmul]") {
    const auto a = Tensor<double, 2>::from_values({2, 3}, {1, 2, 3, 4, 5, 6});
    const auto b = Tensor<double, 2>::from_values({3, 2}, {1, 0, 0, 1, 10, 100});
    CHECK(matmul(a, b).to_values() == Values{31, 302, 64, 605});
    CHECK(matmul(a, a.transpose(0, 1)).to_values() == Values{14, 32, 32, 77});
    CHECK(matmul(2 * a, b + 0).to_values() == Values{62, 604, 128, 1210});
}

TEMPLATE_TEST_CASE("matmul equals the plain sums for every layout", "[tensor][matmul]", float,
                   double) {
    const double tolerance = sizeof(TestType) == 4 ? 2e-5 : 1e-13;
    for (const auto& [m, k, n] : {std::tuple<Index, Index, Index>{7, 5, 9}, {1, 6, 1}, {3, 1, 4}}) {
        for (const auto& a : layouts<TestType>(m, k, 1)) {
            for (const auto& b : layouts<TestType>(k, n, 3)) {
                REQUIRE(largest_error(matmul(a, b), a, b) < tolerance);
            }
        }
    }
    // Larger than one block of the partition, in either direction.
    for (const auto& [m, n] : {std::pair<Index, Index>{300, 20}, {20, 600}}) {
        const auto a = test::random_tensor<TestType>(Shape<2>{m, 30}, 5);
        const auto b = test::random_tensor<TestType>(Shape<2>{30, n}, 6);
        CHECK(largest_error(matmul(a, b), a, b) < tolerance);
    }
}

TEST_CASE("operands with dense rows or columns are not copied", "[tensor][matmul]") {
    const auto base = Tensor<double, 2>::zeros({6, 8});
    CHECK(detail::gemm_operand(base).data() == base.data());
    CHECK(detail::gemm_operand(base.transpose(0, 1)).data() == base.data());
    const auto window = base.slice(0, 1, 4).slice(1, 2, 5);
    CHECK(detail::gemm_operand(window).data() == window.data());
    const auto sparse = base.slice(1, 0, 8, 2);
    CHECK(detail::gemm_operand(sparse).data() != sparse.data());
}

TEST_CASE("a product over no terms is zero, one of no rows is empty", "[tensor][edges]") {
    const auto a = Tensor<double, 2>::zeros({2, 0});
    const auto b = Tensor<double, 2>::zeros({0, 3});
    CHECK(matmul(a, b).to_values() == Values(6, 0.0));
    CHECK(matmul(b, Tensor<double, 2>::zeros({3, 4})).size() == 0);
    CHECK(matmul(Tensor<double, 3>::zeros({0, 2, 3}), Tensor<double, 3>::zeros({0, 3, 2})).size() ==
          0);
}

TEST_CASE("a batch of matrices is multiplied one by one", "[tensor][matmul]") {
    const auto a = test::random_tensor<double>(Shape<3>{4, 3, 5}, 7);
    const auto b = test::random_tensor<double>(Shape<3>{4, 6, 5}, 8).transpose(1, 2);
    const auto one = test::random_tensor<double>(Shape<3>{1, 5, 6}, 9);
    const auto outer = test::random_tensor<double>(Shape<3>{3, 5, 4}, 10).permute({2, 0, 1});
    const auto matrix = [](const Tensor<double, 3>& m, Index s) {
        const Index at = m.dim(0) == 1 ? 0 : s;
        return m.slice(0, at, at + 1).squeeze(0);
    };
    const auto check = [&](const Tensor<double, 3>& l, const Tensor<double, 3>& r) {
        const auto c = matmul(l, r);
        REQUIRE(c.shape() == Shape<3>{4, l.dim(1), r.dim(2)});
        for (Index s = 0; s < 4; ++s) {
            CHECK(largest_error(matrix(c, s), matrix(l, s), matrix(r, s)) < 1e-13);
        }
    };
    check(a, b);
    check(a, one);
    check(outer, b);
    check(one.transpose(1, 2), b);
}

TEST_CASE("a Kronecker product repeats one matrix for every element of the other",
          "[tensor][kron]") {
    const auto a = Tensor<double, 2>::from_values({2, 2}, {1, 2, 3, 4});
    const auto b = Tensor<double, 2>::from_values({1, 3}, {1, 10, 100});
    CHECK(kron(a, b).shape() == Shape<2>{2, 6});
    CHECK(kron(a, b).to_values() == Values{1, 10, 100, 2, 20, 200, 3, 30, 300, 4, 40, 400});
    CHECK(kron(b, a).to_values() == Values{1, 2, 10, 20, 100, 200, 3, 4, 30, 40, 300, 400});
    CHECK(kron(a.transpose(0, 1), 2 * b).to_values() ==
          Values{2, 20, 200, 6, 60, 600, 4, 40, 400, 8, 80, 800});

    // (A (x) B) (C (x) D) = A C (x) B D
    const auto p = test::random_tensor<double>(Shape<2>{2, 3}, 11);
    const auto q = test::random_tensor<double>(Shape<2>{4, 2}, 12);
    const auto r = test::random_tensor<double>(Shape<2>{3, 2}, 13);
    const auto s = test::random_tensor<double>(Shape<2>{2, 5}, 14);
    const auto left = matmul(kron(p, q), kron(r, s));
    const auto right = kron(matmul(p, r), matmul(q, s));
    REQUIRE(left.shape() == right.shape());
    for (Index i = 0; i < left.size(); ++i) {
        CHECK(left[i] == Approx(right[i]).epsilon(1e-12).margin(1e-13));
    }
}

TEST_CASE("products have the same bits with any number of threads", "[tensor][determinism]") {
    const auto a = test::random_tensor<float>(Shape<2>{600, 70}, 15);
    const auto b = test::random_tensor<float>(Shape<2>{70, 530}, 16);
    CHECK(test::same_for_any_threads([&] { return matmul(a, b).to_values(); }));
    CHECK(test::same_for_any_threads(
        [&] { return matmul(b.transpose(0, 1), a.transpose(0, 1)).to_values(); }));
    const auto batch = test::random_tensor<float>(Shape<3>{5, 40, 70}, 17);
    CHECK(test::same_for_any_threads([&] { return matmul(batch, b.unsqueeze(0)).to_values(); }));
    CHECK(test::same_for_any_threads(
        [&] { return kron(a.slice(0, 0, 20), b.slice(1, 0, 20)).to_values(); }));
}

TEST_CASE("matrices that do not fit are named", "[tensor][error]") {
    CHECK_THROWS_WITH(matmul(Tensor<float, 2>::zeros({2, 3}), Tensor<float, 2>::zeros({4, 5})),
                      "matmul: columns of a must equal rows of b\n"
                      "  a (M, K) = (2, 3)\n"
                      "  b (K, N) = (4, 5)");
    CHECK_THROWS_WITH(
        matmul(Tensor<float, 3>::zeros({2, 3, 4}), Tensor<float, 3>::zeros({3, 4, 5})),
        "matmul: batches must be equal, or 1\n"
        "  a (S, M, K) = (2, 3, 4)\n"
        "  b (S, K, N) = (3, 4, 5)");
    CHECK_THROWS_WITH(
        matmul(Tensor<float, 3>::zeros({2, 3, 4}), Tensor<float, 3>::zeros({1, 3, 5})),
        "matmul: columns of a must equal rows of b\n"
        "  a (S, M, K) = (2, 3, 4)\n"
        "  b (S, K, N) = (1, 3, 5)");
}
