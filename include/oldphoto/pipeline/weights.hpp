#pragma once

#include <oldphoto/io/safetensors.hpp>
#include <oldphoto/nn/layer.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// State dicts between networks and files. One file holds several networks, told apart by a prefix:
/// "vae_a.", "mapping.", "vae_b.".
namespace oldphoto {

namespace detail {

/// Throws "file: reason".
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_weights_error(const std::string& file,
                                                                       std::string_view reason) {
    throw WeightsError(joined({file, ": ", reason}));
}

/// Throws that no name begins with `prefix`, and what the first name is.
[[noreturn]] inline void throw_no_part(const std::string& file, std::string_view prefix,
                                       const NamedArrays& arrays) {
    std::string reason = joined({"has no weights whose names begin with ", quote_json(prefix)});
    if (!arrays.empty()) reason += joined({"; the first is ", quote_json(arrays.begin()->name)});
    throw_weights_error(file, reason);
}

inline void check_weight(const std::string& file, const std::string& name, const Array& stored,
                         const std::vector<Index>& expected) {
    if (stored.dims() != expected) {
        throw_weights_error(file, joined({quote_json(name),
                                          " has another shape\n  network = ", format_dims(expected),
                                          "\n  file    = ", format_dims(stored.dims())}));
    }
    // Counters, such as num_batches_tracked, are the only whole numbers in a state dict.
    if (!is_floating(stored.dtype()) && !expected.empty()) {
        throw_weights_error(file,
                            joined({quote_json(name), " ", format_dims(expected), " has type ",
                                    to_string(stored.dtype()), "; expected a floating type"}));
    }
}

/// "name" (3, 4) is not a part of the network, for the first such name; empty where all are.
/// @param known  the names that are.
[[nodiscard]] inline std::string unexpected_name(const NamedArrays& arrays,
                                                 const NameIndex& known) {
    for (const auto& [name, array] : arrays) {
        if (known.find(name) == nullptr) {
            return joined({quote_json(name), " ", format_dims(array.dims()),
                           " is not a part of the network"});
        }
    }
    return "";
}

/// @throws WeightsError for the first missing, misshapen, mistyped or unexpected name. Beside one
///         that is missing the first unexpected one is named too.
template <class T, class B>
void check_state(const std::vector<NamedVariable<T, B>>& state, const NamedArrays& arrays,
                 const std::string& file) {
    NameIndex known;
    for (const auto& entry : state) known.insert(entry.name);
    const std::string unexpected = unexpected_name(arrays, known);
    for (const auto& [name, variable] : state) {
        const Array* stored = arrays.find(name);
        if (stored == nullptr) {
            throw_weights_error(
                file, joined({quote_json(name), " is missing; the network has it as ",
                              format_dims(variable.dims()), unexpected.empty() ? "" : "\n  ",
                              unexpected}));
        }
        check_weight(file, name, *stored, variable.dims());
    }
    if (!unexpected.empty()) throw_weights_error(file, unexpected);
}

/// See load_state of a network.
template <class T, class B>
void load_state(const std::vector<NamedVariable<T, B>>& state, const NamedArrays& arrays,
                const std::string& file) {
    check_state(state, arrays, file);
    for (const auto& [name, variable] : state) {
        const auto values = arrays.at(name).template values<T>();
        const auto target = variable.value();
        B::upload(values.data(), target.data(), target.size());
    }
}

}  // namespace detail

/// Copies the arrays into the network's state. All names, shapes and types are checked before the
/// first is written.
/// @param file  where the arrays come from, for messages.
/// @throws WeightsError for the first missing, misshapen, mistyped or unexpected name.
template <class T, class B = Cpu, class Net>
void load_state(const Net& net, const NamedArrays& arrays, const std::string& file) {
    detail::load_state(state_of<T, B>(net), arrays, file);
}

/// Appends the network's state, names prefixed.
template <class T, class B = Cpu, class Net>
void save_state(const Net& net, NamedArrays& arrays, std::string_view prefix) {
    for (const auto& [name, variable] : state_of<T, B>(net)) {
        const auto values = variable.value().to_values();
        arrays.insert(detail::joined({prefix, name}),
                      Array::from_values(variable.dims(), std::span<const T>(values)));
    }
}

/// The arrays whose names begin with `prefix`, renamed to begin with `replacement`.
[[nodiscard]] inline NamedArrays with_prefix(const NamedArrays& arrays, std::string_view prefix,
                                             std::string_view replacement = "") {
    NamedArrays part;
    for (const auto& [name, array] : arrays) {
        if (name.starts_with(prefix)) {
            part.insert(detail::joined({replacement, std::string_view(name).substr(prefix.size())}),
                        array);
        }
    }
    return part;
}

}  // namespace oldphoto
