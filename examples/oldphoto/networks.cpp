#include "networks.hpp"

#include <oldphoto/io/weights_file.hpp>
#include <oldphoto/pipeline/weights.hpp>

#include "network_options.hpp"
#include "text.hpp"
#include <algorithm>
#include <charconv>

namespace oldphoto::program {

namespace {

/// A number where the text is one, otherwise the text.
FlatValue parse_value(const std::string& text) {
    double number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc() && rest == end) return number;
    return text;
}

/// The options given, then those of the file's metadata that are not among them.
FlatObject with_metadata(FlatObject options, const Metadata& metadata, const std::string& prefix,
                         const std::string& path) {
    const std::string name = prefix.substr(0, prefix.find_last_not_of('.') + 1);
    const std::string* stored = metadata.find(name);
    if (stored == nullptr) return options;
    for (const auto& [key, value] :
         parse_flat_object(*stored, path + ": metadata '" + name + "'")) {
        if (!options.contains(key)) options.insert(key, value);
    }
    return options;
}

/// "encoder., decoder.": what the names begin with.
std::string starts_of(const NamedArrays& arrays) {
    std::vector<std::string> starts;
    for (const auto& [name, array] : arrays) {
        const auto dot = name.find('.');
        const std::string start = printable(name.substr(0, dot == name.npos ? dot : dot + 1));
        if (std::find(starts.begin(), starts.end(), start) == starts.end()) {
            starts.push_back(start);
        }
    }
    return join(starts);
}

}  // namespace

std::vector<std::string> network_names() {
    std::vector<std::string> names;
    for (const auto& kind : network_kinds()) names.push_back(kind.name);
    return names;
}

const NetworkKind& network_kind(const std::string& name) {
    const auto& kinds = network_kinds();
    const auto found = std::find_if(kinds.begin(), kinds.end(),
                                    [&](const auto& kind) { return kind.name == name; });
    if (found == kinds.end()) throw_option_error("network", "there is no '" + name + "'");
    return *found;
}

FlatObject parse_options(const std::vector<std::string>& pairs) {
    FlatObject options;
    for (const auto& pair : pairs) {
        const auto equals = pair.find('=');
        if (equals == std::string::npos) {
            throw_option_error("options", "expected key=value, got '" + pair + "'");
        }
        const std::string key = pair.substr(0, equals);
        if (options.contains(key)) throw_option_error("options", "'" + key + "' stands twice");
        options.insert(key, parse_value(pair.substr(equals + 1)));
    }
    return options;
}

NamedArrays arrays_of(const NetworkKind& kind, const NamedArrays& all, const std::string& prefix,
                      const std::string& path) {
    const auto any_name = [&](const auto& holds) {
        return std::any_of(all.begin(), all.end(),
                           [&](const auto& entry) { return holds(entry.name); });
    };
    const std::string start = prefix + kind.start;
    if (any_name([&](const std::string& name) { return name.starts_with(start); })) {
        return kind.part(with_prefix(all, prefix));
    }
    const std::string within = "." + kind.start;
    if (prefix.empty() &&
        !any_name([&](const std::string& name) { return name.find(within) != name.npos; })) {
        return all;
    }
    throw WeightsError(path + ": no name begins with '" + start + "'; they begin with " +
                       starts_of(all) + " (see --prefix)");
}

Network load_network(const NetworkKind& kind, const std::string& path, const std::string& prefix,
                     const FlatObject& options) {
    const auto& known = kind.untold_options;
    for (const auto& [key, value] : options) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            throw_unknown_option(key, kind.name, known);
        }
    }
    const Safetensors file = read_weights(path);
    return kind.load({arrays_of(kind, file.tensors, prefix, path), path},
                     with_metadata(options, file.metadata, prefix, path));
}

}  // namespace oldphoto::program
