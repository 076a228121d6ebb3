#include <oldphoto/io/npy.hpp>
#include <oldphoto/io/npz.hpp>
#include <oldphoto/io/tensor.hpp>
#include <oldphoto/tensor/reduce.hpp>

#include "command.hpp"
#include "networks.hpp"
#include "progress.hpp"
#include "text.hpp"
#include <cstdio>
#include <memory>

namespace oldphoto::program {

namespace {

struct ForwardArguments {
    std::string network;
    std::string weights;
    std::string prefix;
    std::string input;
    std::string mask;
    std::vector<std::string> options;
    std::string output;
};

/// Reads "X.npy" or "F.npz:NAME".
Array read_array(const std::string& place) {
    constexpr std::string_view extension = ".npz";
    const auto end = place.rfind(std::string(extension) + ":");
    if (end != std::string::npos) {
        const auto colon = end + extension.size();
        return NpzFile(place.substr(0, colon)).read(place.substr(colon + 1));
    }
    if (!place.ends_with(extension)) return read_npy(place);
    std::string names;
    for (const auto& name : NpzFile(place).names()) names += (names.empty() ? "" : ", ") + name;
    throw_option_error("input", "say which array of " + place + " to take, as " + place +
                                    ":NAME; it holds " + names);
}

int forward(const ForwardArguments& arguments) {
    if (!arguments.mask.empty()) {
        throw_option_error("mask", arguments.network + " takes no mask");
    }
    const Network network = load_network(arguments.network, arguments.weights, arguments.prefix,
                                         parse_options(arguments.options));
    const auto x = to_tensor<float, 4>(read_array(arguments.input));
    const auto start = std::chrono::steady_clock::now();
    const Tensor<float, 4> y = network.run(Variable<float, 4>(x)).value();
    const double seconds = seconds_since(start);
    write_npy(arguments.output, to_array(y));
    std::printf("%s: %s, min %.6g, max %.6g, mean %.6g, %.2f s\n", arguments.output.c_str(),
                to_string(y.shape()).c_str(), double(min(y)), double(max(y)), double(mean(y)),
                seconds);
    return 0;
}

}  // namespace

Command add_forward(CLI::App& app) {
    const auto arguments = std::make_shared<ForwardArguments>();
    CLI::App* command =
        app.add_subcommand("forward", "Run one network on an array, to check its weights");
    command->add_option("NETWORK", arguments->network, "Which network")
        ->required()
        ->check(CLI::IsMember(network_names()));
    command->add_option("--weights", arguments->weights, "A safetensors file")
        ->type_name("FILE")
        ->required();
    command->add_option("--prefix", arguments->prefix,
                        "What the network's names begin with in a file of several: vae_a.");
    command
        ->add_option("--input", arguments->input,
                     "X.npy, or F.npz:NAME for an array of an archive; (N, C, H, W)")
        ->type_name("ARRAY")

        ->required();
    command->add_option("--mask", arguments->mask, "The mask, for networks that take one")
        ->type_name("ARRAY");
    command
        ->add_option("--options", arguments->options,
                     "What shapes do not tell: norm=..., output=..., dilation=..., before the "
                     "file's own metadata")
        ->type_name("KEY=VALUE,...")

        ->delimiter(',');
    command->add_option("-o,--output", arguments->output, "The npy file to write")
        ->type_name("Y.npy")
        ->required();
    add_threads(*command);
    return {command, [arguments] { return forward(*arguments); }};
}

}  // namespace oldphoto::program
