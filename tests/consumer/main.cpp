#include <oldphoto/restore.hpp>

int main() {
    const auto x = oldphoto::Tensor<float, 1>::from_values({3}, {1.0F, 2.0F, 3.0F});
    return oldphoto::sum(x * x) == 14.0F ? 0 : 1;
}
