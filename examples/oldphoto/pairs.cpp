#include "pairs.hpp"

#include "photo_files.hpp"

namespace oldphoto::program {

std::vector<ValidationPair> pairs_of(const std::string& clean, const std::string& damaged,
                                     const std::string& command) {
    std::vector<ValidationPair> pairs;
    const auto partners = photos_by_name(damaged, command);
    for (const auto& [name, path] : photos_by_name(clean, command)) {
        const auto partner = partners.find(name);
        if (partner == partners.end()) {
            throw_option_error(command, path.string() + " has no partner in " + damaged);
        }
        pairs.push_back({partner->second.string(), path.string()});
    }
    return pairs;
}

}  // namespace oldphoto::program
