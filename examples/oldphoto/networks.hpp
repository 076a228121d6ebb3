#pragma once

#include <oldphoto/autograd/variable.hpp>
#include <oldphoto/io/safetensors.hpp>

#include <functional>
#include <string>
#include <vector>

/// The networks that the program knows by name.
namespace oldphoto::program {

struct NetworkInputs {
    Variable<float, 4> x;        ///< (N, C, H, W): a picture or a latent
    Variable<float, 4> mask;     ///< (N, 1, H, W), 1 is a hole; empty where there is none
    Variable<float, 4> parsing;  ///< (N, labels, H, W), 0 or 1; empty where there is none
};

struct NetworkOutput {
    std::string name;  ///< empty where it is the only one
    Variable<float, 4> value;
};

struct Network {
    std::function<std::vector<NetworkOutput>(const NetworkInputs&)> run;
    Index channels;  ///< of x
    Index side;      ///< of x, where nothing else is said
    bool takes_mask = false;
    Index labels = 0;  ///< channels of the parsing map; 0: it takes none
};

/// The state of one network.
struct NetworkWeights {
    NamedArrays arrays;
    std::string file;  ///< where it comes from, for messages
};

/// What the program knows of a network before it has one.
struct NetworkKind {
    std::string name;
    std::string start;  ///< what some names of its state begin with
    /// Those that the shapes of its weights do not tell.
    std::vector<std::string> untold_options;
    bool several_outputs;
    /// Its own part of a file that may hold more.
    NamedArrays (*part)(const NamedArrays& arrays);
    /// The published network, except for what the options say; without weights.
    /// @throws OptionError for an option that it does not have, naming those that it has.
    std::function<Network(const FlatObject& options)> make;
    /// @param options  untold ones.
    /// @throws WeightsError unless names and shapes are its own; OptionError.
    std::function<Network(const NetworkWeights& weights, const FlatObject& options)> load;
};

/// All of them.
const std::vector<NetworkKind>& network_kinds();

std::vector<std::string> network_names();

/// @param name  one of network_names().
const NetworkKind& network_kind(const std::string& name);

/// Reads "key=value" texts.
/// @throws OptionError for a text without '=' and for a key that stands twice.
FlatObject parse_options(const std::vector<std::string>& pairs);

/// The arrays of one network in a file of several, or of one half of it; all of a file that seems
/// to hold another network, which then says what is missing.
/// @param prefix  of its names.
/// @param path    where they come from, for messages.
/// @throws WeightsError when the file holds it behind another prefix, or nothing behind this one.
NamedArrays arrays_of(const NetworkKind& kind, const NamedArrays& all, const std::string& prefix,
                      const std::string& path);

/// A network from a weights file of either format.
/// @param prefix   of the network's names in the file, "vae_a."; the metadata of that name, if
///                 there is any, tells the options that shapes do not tell.
/// @param options  go before the metadata.
/// @throws IoError, WeightsError, and OptionError for an option that shapes tell already.
Network load_network(const NetworkKind& kind, const std::string& path, const std::string& prefix,
                     const FlatObject& options);

}  // namespace oldphoto::program
