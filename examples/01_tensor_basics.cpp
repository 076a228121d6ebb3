// Tensors: how they are made, how expressions of them are computed, views, reductions, products.
//
// Prints:
//     x = [1, 2, 3, 4, 5, 6]
//     x * x + 1 = [2, 5, 10, 17, 26, 37]
//     x minus its row means = [-1, 0, 1, -1, 0, 1]
//     second column = [2, 5]
//     after zeroing it, sum(x) = 14
//     x times its transpose = [10, 22, 22, 52]
//     matmul: columns of a must equal rows of b
//       a (M, K) = (2, 3)
//       b (K, N) = (2, 3)

#include <oldphoto/tensor/matmul.hpp>
#include <oldphoto/tensor/reduce.hpp>

#include <cstdio>

using oldphoto::Tensor;

namespace {

/// Prints the elements in row-major order.
template <std::size_t R>
void print(const char* name, const Tensor<float, R>& x) {
    std::printf("%s = [", name);
    const char* separator = "";
    for (const float value : x.to_values()) {
        std::printf("%s%g", separator, static_cast<double>(value));
        separator = ", ";
    }
    std::printf("]\n");
}

}  // namespace

int main() {
    // A factory says what the numbers mean: first the shape, then the elements.
    const auto x = Tensor<float, 2>::from_values({2, 3}, {1, 2, 3, 4, 5, 6});
    print("x", x);

    // An expression is a recipe. A Tensor built from it computes it, in one loop.
    const auto recipe = x * x + 1;
    print("x * x + 1", Tensor<float, 2>(recipe));

    // A reduced axis stays with extent 1, so that the result stretches over what it came from.
    const Tensor<float, 2> centred = x - mean(x, {1});
    print("x minus its row means", centred);

    // A view shares its elements with the tensor it was taken from.
    const auto column = x.slice(1, 1, 2);
    print("second column", column);
    column.fill(0);
    std::printf("after zeroing it, sum(x) = %g\n", static_cast<double>(sum(x)));

    print("x times its transpose", matmul(x, x.transpose(0, 1)));

    // What does not fit says why.
    try {
        static_cast<void>(matmul(x, x));
    } catch (const oldphoto::ShapeError& error) {
        std::printf("%s\n", error.what());
    }
}
