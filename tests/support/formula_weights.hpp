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

/// What an entry of a state is made of: centre + spread * t.
struct FormulaRange {
    double centre;
    double spread;
};

/// @param name  of the entry, which tells what it is.
inline FormulaRange formula_range(std::string_view name, const std::vector<Index>& dims,
                                  Index size) {
    if (name.ends_with("num_batches_tracked")) return {0, 0};
    if (name.ends_with("running_var")) return {1, 0.5};
    if (dims.size() < 2) return {name.ends_with("weight") ? 1.0 : 0.0, 0.1};
    const double spread = std::sqrt(6 / static_cast<double>(size / dims[0]));
    const bool key_or_query = name.find(".theta.") != std::string_view::npos ||
                              name.find(".phi.") != std::string_view::npos;
    return {0, key_or_query ? spread * std::sqrt(3 / std::sqrt(dims[0])) : spread};
}

/// Sets all of a state but the filters of blur-pools to the numbers t of "NET/NAME", in the range
/// that each entry has.
template <class T, class Net>
void fill_by_formula(const Net& net, const std::string& net_name) {
    for (const auto& [name, variable] : state_of<T>(net)) {
        if (name.ends_with("filt")) continue;
        const auto value = variable.value();
        const auto [centre, spread] = formula_range(name, variable.dims(), value.size());
        const auto numbers = formula_numbers(net_name + "/" + name, value.size());
        for (Index i = 0; i < value.size(); ++i) {
            value[i] = static_cast<float>(centre + spread * numbers[static_cast<std::size_t>(i)]);
        }
    }
}

}  // namespace oldphoto::test
