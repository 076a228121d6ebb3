#include <oldphoto/core/table.hpp>
#include <oldphoto/io/safetensors.hpp>

#include "command.hpp"
#include "text.hpp"
#include <cstdio>
#include <memory>

namespace oldphoto::program {

namespace {

int inspect(const std::string& path) {
    const SafetensorsHeader header = read_safetensors_header(path);
    std::size_t parameters = 0;
    std::size_t bytes = 0;
    std::vector<TableRow> tensors;
    for (const auto& tensor : header.tensors) {
        const std::size_t tensor_bytes = tensor.end - tensor.begin;
        parameters += tensor_bytes / item_size(tensor.dtype);
        bytes += tensor_bytes;
        tensors.push_back({printable(tensor.name), format_dims(tensor.dims),
                           std::string(to_string(tensor.dtype))});
    }
    std::vector<TableRow> metadata;
    for (const auto& [name, text] : header.metadata) {
        metadata.push_back({printable(name), printable(text)});
    }
    std::fputs(format_table(tensors, "lll").c_str(), stdout);
    if (!metadata.empty()) std::printf("\nmetadata\n%s", format_table(metadata, "ll").c_str());
    std::printf("\n%s, %s, %s\n", count_of(tensors.size(), "tensor").c_str(),
                count_of(parameters, "parameter").c_str(), count_of(bytes, "byte").c_str());
    return 0;
}

}  // namespace

Command add_inspect(CLI::App& app) {
    const auto weights = std::make_shared<std::string>();
    CLI::App* command =
        app.add_subcommand("inspect", "List what a weights file holds: names, shapes, options");
    command->add_option("WEIGHTS", *weights, "A safetensors file")->required();
    return {command, [weights] { return inspect(*weights); }};
}

}  // namespace oldphoto::program
