#include <oldphoto/io/weights_file.hpp>

#include "command.hpp"
#include "text.hpp"
#include "weights_table.hpp"
#include <cstdio>
#include <memory>

namespace oldphoto::program {

namespace {

/// Of safetensors the header alone is read.
int inspect(const std::string& path) {
    WeightsTable table;
    std::vector<TableRow> metadata;
    if (is_safetensors(path)) {
        const SafetensorsHeader header = read_safetensors_header(path);
        for (const auto& tensor : header.tensors) table.add(tensor.name, tensor.dtype, tensor.dims);
        for (const auto& [name, text] : header.metadata) {
            metadata.push_back({printable(name), printable(text)});
        }
    } else {
        table = WeightsTable(read_pytorch(path));
    }
    std::fputs(table.lines().c_str(), stdout);
    if (!metadata.empty()) std::printf("\nmetadata\n%s", format_table(metadata, "ll").c_str());
    std::printf("\n%s\n", table.totals().c_str());
    return 0;
}

}  // namespace

Command add_inspect(CLI::App& app) {
    const auto weights = std::make_shared<std::string>();
    CLI::App* command =
        app.add_subcommand("inspect", "List what a weights file holds: names, shapes, options");
    command->add_option("WEIGHTS", *weights, "A safetensors file or a PyTorch checkpoint")
        ->required();
    return {command, [weights] { return inspect(*weights); }};
}

}  // namespace oldphoto::program
