#pragma once

#include <oldphoto/autograd/variable.hpp>
#include <oldphoto/io/json.hpp>

#include <functional>
#include <string>
#include <vector>

/// The networks that the program knows by name.
namespace oldphoto::program {

/// "vae_encoder", "vae_decoder", "vae", "mapping_quality".
const std::vector<std::string>& network_names();

/// Whether the network is given a latent and not a picture.
bool takes_latent(const std::string& name);

struct Network {
    std::function<Variable<float, 4>(const Variable<float, 4>&)> run;
    Index channels;  ///< of what it is given
};

/// Reads "key=value" texts.
/// @throws OptionError for a text without '=' and for a key that stands twice.
FlatObject parse_options(const std::vector<std::string>& pairs);

/// A network as published, except for what the options say; without weights.
/// @throws OptionError for an option that the network does not have, naming those that it has.
Network make_network(const std::string& name, const FlatObject& options);

/// A network from a weights file.
/// @param prefix   of the network's names in the file, "vae_a."; the metadata of that name, if
///                 there is any, tells the options that shapes do not tell.
/// @param options  go before the metadata.
/// @throws IoError, WeightsError, and OptionError for an option that shapes tell already.
Network load_network(const std::string& name, const std::string& weights, const std::string& prefix,
                     const FlatObject& options);

}  // namespace oldphoto::program
