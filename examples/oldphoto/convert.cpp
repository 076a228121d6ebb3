#include <oldphoto/io/weights_file.hpp>

#include "command.hpp"
#include "networks.hpp"
#include "weights_table.hpp"
#include <cstdio>
#include <memory>

namespace oldphoto::program {

namespace {

struct ConvertArguments {
    std::string input;
    std::string output;
    std::string network;
};

int convert(const ConvertArguments& arguments) {
    check_not_read(arguments.output, arguments.input);
    Safetensors file = read_weights(arguments.input);
    std::string fits;
    if (!arguments.network.empty()) {
        const NetworkKind& kind = network_kind(arguments.network);
        file.tensors = arrays_of(kind, file.tensors, "", arguments.input);
        static_cast<void>(kind.load({file.tensors, arguments.input}, {}));
        fits = "; fits " + kind.name;
    }
    write_safetensors(arguments.output, file.tensors, file.metadata);
    const WeightsTable table(file.tensors);
    std::printf("%s\n%s%s\n", table.lines().c_str(), table.totals().c_str(), fits.c_str());
    return 0;
}

}  // namespace

Command add_convert(CLI::App& app) {
    const auto arguments = std::make_shared<ConvertArguments>();
    CLI::App* command = app.add_subcommand(
        "convert", "Write a PyTorch checkpoint's tensors as safetensors, and list them");
    command->add_option("WEIGHTS", arguments->input, "A PyTorch checkpoint or a safetensors file")
        ->required();
    command->add_option("OUTPUT", arguments->output, "The safetensors file to write")
        ->type_name("OUT.safetensors")
        ->required();
    command
        ->add_option("--network", arguments->network,
                     "Hold names and shapes against this network's, and write its part alone: "
                     "half of a VAE, the features of torchvision's VGG-19")
        ->check(CLI::IsMember(network_names()));
    return {command, [arguments] { return convert(*arguments); }};
}

}  // namespace oldphoto::program
