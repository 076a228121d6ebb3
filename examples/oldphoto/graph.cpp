#include <oldphoto/autograd/draw.hpp>
#include <oldphoto/core/file.hpp>

#include "command.hpp"
#include "networks.hpp"
#include <charconv>
#include <cstdio>
#include <memory>

namespace oldphoto::program {

namespace {

struct GraphArguments {
    std::string network;
    std::string size;
    std::vector<std::string> options;
    std::string output;
};

struct Extents {
    Index width;
    Index height;
};

/// Reads "64x48".
Extents parse_size(const std::string& text) {
    Extents size{};
    const char* const end = text.data() + text.size();
    const auto width = std::from_chars(text.data(), end, size.width);
    if (width.ec == std::errc() && width.ptr != end && *width.ptr == 'x') {
        const auto height = std::from_chars(width.ptr + 1, end, size.height);
        constexpr Index longest = 1 << 14;
        if (height.ec == std::errc() && height.ptr == end && size.width > 0 && size.height > 0 &&
            size.width <= longest && size.height <= longest) {
            return size;
        }
    }
    throw_option_error("size", "expected WxH of at most 16384 pixels a side, got '" + text + "'");
}

/// Zeros for all that the network takes.
NetworkInputs blank_inputs(const Network& network, Extents size) {
    const auto zeros = [&](Index channels, Index scale) {
        const Shape<4> shape{1, channels, scale * size.height, scale * size.width};
        return Variable<float, 4>(Tensor<float, 4>::zeros(shape));
    };
    NetworkInputs inputs;
    inputs.x = zeros(network.channels, 1);
    // Masks come with latents, whose photos are four times as large.
    if (network.takes_mask) inputs.mask = zeros(1, 4);
    if (network.labels > 0) inputs.parsing = zeros(network.labels, 1);
    return inputs;
}

void record(Program& program, const Network& network, Extents size) {
    const NetworkInputs inputs = blank_inputs(network, size);
    const auto recording = program.record();
    for (const auto& output : network.run(inputs)) static_cast<void>(output.value.value());
}

void write_text(const std::string& path, const std::string& text) {
    write_file_atomically(path, std::as_bytes(std::span(text)));
}

int graph(const GraphArguments& arguments) {
    const std::string& output = arguments.output;
    if (!output.empty() && !output.ends_with(".svg") && !output.ends_with(".txt")) {
        throw_io_error(output, "is the name of neither an .svg nor a .txt file");
    }
    const Network network = network_kind(arguments.network).make(parse_options(arguments.options));
    const auto size =
        arguments.size.empty() ? Extents{network.side, network.side} : parse_size(arguments.size);
    Program program;
    record(program, network, size);
    if (output.empty()) {
        std::fputs(to_text(program).c_str(), stdout);
    } else if (output.ends_with(".svg")) {
        write_text(output, to_svg(program, arguments.network));
    } else {
        write_text(output, to_text(program));
    }
    return 0;
}

}  // namespace

Command add_graph(CLI::App& app) {
    const auto arguments = std::make_shared<GraphArguments>();
    CLI::App* command =
        app.add_subcommand("graph", "Show what a network computes, step by step, as text or SVG");
    command->add_option("NETWORK", arguments->network, "Which network, as published")
        ->required()
        ->check(CLI::IsMember(network_names()));
    command
        ->add_option(
            "--size", arguments->size,
            "Of what it is given; unless said 64x64 for a picture, 16x16 for a latent and its "
            "own size for a face_generator")
        ->type_name("WxH");
    command
        ->add_option("--options", arguments->options,
                     "What differs from the published network: ngf=32,mc=48")
        ->type_name("KEY=VALUE,...")
        ->delimiter(',');
    command
        ->add_option("-o,--output", arguments->output,
                     "The .svg or .txt file to write; without it text on the terminal")
        ->type_name("FILE");
    return {command, [arguments] { return graph(*arguments); }};
}

}  // namespace oldphoto::program
