#pragma once

#include <oldphoto/io/array.hpp>

#include <string>

// State dicts with one entry changed.

namespace oldphoto::test {

/// A copy in which another array stands under `name`.
inline NamedArrays replaced(const NamedArrays& arrays, const std::string& name,
                            const Array& replacement) {
    NamedArrays changed;
    for (const auto& [key, array] : arrays) changed.insert(key, key == name ? replacement : array);
    return changed;
}

/// A copy in which `name` is missing.
inline NamedArrays without(const NamedArrays& arrays, const std::string& name) {
    NamedArrays changed;
    for (const auto& [key, array] : arrays) {
        if (key != name) changed.insert(key, array);
    }
    return changed;
}

}  // namespace oldphoto::test
