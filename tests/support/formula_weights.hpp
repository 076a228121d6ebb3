#pragma once

#include <oldphoto/nn/layer.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Weights that follow from their names, so that full-width networks can be compared without files.

namespace oldphoto::test {

/// The first `count` numbers of [-1, 1) that a text stands for: SplitMix64 seeded by its FNV-1a
/// hash, the upper 24 bits of each.
inline std::vector<double> formula_numbers(std::string_view text, Index count) {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    }
    std::vector<double> numbers;
    for (Index i = 0; i < count; ++i) {
        std::uint64_t z = hash + static_cast<std::uint64_t>(i + 1) * 0x9E3779B97F4A7C15U;
        z = (z ^ z >> 30U) * 0xBF58476D1CE4E5B9U;
        z = (z ^ z >> 27U) * 0x94D049BB133111EBU;
        z ^= z >> 31U;
        numbers.push_back(static_cast<double>(z >> 40U) * 0x1p-23 - 1);
    }
    return numbers;
}

/// Sets all weights to t * sqrt(6 / fan) and all biases to t / 10, t the numbers of "NET/NAME" and
/// fan the elements of a weight for each of its first axis.
template <class T, class Net>
void fill_by_formula(const Net& net, const std::string& net_name) {
    for (const auto& [name, variable] : state_of<T>(net)) {
        const auto dims = variable.dims();
        const double fan = static_cast<double>(variable.size() / dims[0]);
        const double scale = dims.size() >= 2 ? std::sqrt(6 / fan) : 0.1;
        const auto value = variable.value();
        const auto numbers = formula_numbers(net_name + "/" + name, value.size());
        for (Index i = 0; i < value.size(); ++i) {
            value[i] = static_cast<float>(scale * numbers[static_cast<std::size_t>(i)]);
        }
    }
}

}  // namespace oldphoto::test
