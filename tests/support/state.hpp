#pragma once

#include <oldphoto/nn/layer.hpp>

#include <string>
#include <vector>

// What tests ask of the state of any layer or network.

namespace oldphoto::test {

using Lines = std::vector<std::string>;

/// "encoder.1.weight 64x3x7x7" for each entry of the state.
template <class T, class Net>
Lines state_lines(const Net& net) {
    Lines lines;
    for (const auto& [name, variable] : state_of<T>(net)) {
        std::string shape;
        for (const Index extent : variable.dims()) {
            shape += (shape.empty() ? "" : "x") + std::to_string(extent);
        }
        lines.push_back(name + " " + shape);
    }
    return lines;
}

/// The names alone.
template <class T, class Net>
Lines state_names(const Net& net) {
    Lines names;
    for (const auto& entry : state_of<T>(net)) names.push_back(entry.name);
    return names;
}

}  // namespace oldphoto::test
