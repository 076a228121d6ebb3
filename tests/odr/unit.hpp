#pragma once

#include <oldphoto/restore.hpp>

#include <vector>

/// What each of the two translation units computes for itself: 1000 values, so that whole blocks
/// and a remainder go through the kernels of the unit's own instruction set.
[[nodiscard]] static double unit_result() {
    std::vector<float> values;
    for (int i = 0; i < 1000; ++i) values.push_back(0.002F * static_cast<float>(i) - 1.0F);
    const auto x = oldphoto::Tensor<float, 1>::from_values({1000}, values);
    return static_cast<double>(oldphoto::sum(oldphoto::tanh(x * 2.0F + 0.5F)));
}
