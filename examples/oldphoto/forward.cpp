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
    std::string parsing;
    std::string path;
    std::vector<std::string> options;
    std::string output;
    Numerics numerics = Numerics::fast;
};

struct ArrayPlace {
    std::string file;
    std::string name;  ///< empty where the file is one array
};

/// Takes "X.npy" or "F.npz:NAME" apart.
ArrayPlace parse_place(const std::string& place) {
    constexpr std::string_view archive = ".npz:";
    const auto start = place.rfind(archive);
    if (start == std::string::npos) return {place, ""};
    const auto colon = start + archive.size() - 1;
    return {place.substr(0, colon), place.substr(colon + 1)};
}

Array read_array(const std::string& place) {
    const auto [file, name] = parse_place(place);
    if (!name.empty()) return NpzFile(file).read(name);
    if (!file.ends_with(".npz")) return read_npy(file);
    throw_option_error("input", "say which array of " + place + " to take, as " + place +
                                    ":NAME; it holds " + join(NpzFile(file).names()));
}

/// One array goes into an npy file, several go into an archive.
void check_output(const NetworkKind& kind, const std::string& path) {
    const std::string extension = kind.several_outputs ? ".npz" : ".npy";
    if (path.ends_with(extension)) return;
    throw_option_error("output", kind.name + " gives " +
                                     (kind.several_outputs ? "several arrays" : "one array") +
                                     ", for " + extension + "; got '" + path + "'");
}

/// The options given, with --path as one of them.
FlatObject options_of(const ForwardArguments& arguments) {
    std::vector<std::string> pairs = arguments.options;
    if (!arguments.path.empty()) pairs.push_back("path=" + arguments.path);
    return parse_options(pairs);
}

Variable<float, 4> read_input(const std::string& place) {
    return Variable<float, 4>(to_tensor<float, 4>(read_array(place)));
}

/// An input that some networks need and others do not take.
/// @param option  what it is given by.
/// @param needed  whether this one needs it.
Variable<float, 4> read_second_input(const std::string& option, const std::string& place,
                                     bool needed, const std::string& noun,
                                     const std::string& network) {
    if (place.empty() == needed) {
        throw_option_error(option, network + (needed ? " needs a " : " takes no ") + noun);
    }
    return needed ? read_input(place) : Variable<float, 4>();
}

void write_outputs(const std::string& path, const std::vector<NetworkOutput>& outputs,
                   bool several) {
    if (!several) return write_npy(path, to_array(outputs.front().value.value()));
    NamedArrays arrays;
    for (const auto& [name, value] : outputs) arrays.insert(name, to_array(value.value()));
    write_npz(path, arrays);
}

int forward(const ForwardArguments& arguments) {
    const NumericsScope scope(arguments.numerics);
    const NetworkKind& kind = network_kind(arguments.network);
    check_output(kind, arguments.output);
    for (const auto& place :
         {arguments.weights, arguments.input, arguments.mask, arguments.parsing}) {
        check_not_read(arguments.output, parse_place(place).file);
    }
    const Network network =
        load_network(kind, arguments.weights, arguments.prefix, options_of(arguments));
    const NetworkInputs inputs{
        read_input(arguments.input),
        read_second_input("mask", arguments.mask, network.takes_mask, "mask", kind.name),
        read_second_input("seg", arguments.parsing, network.labels > 0,
                          "parsing map with these weights", kind.name)};
    const auto start = std::chrono::steady_clock::now();
    const auto outputs = network.run(inputs);
    for (const auto& output : outputs) static_cast<void>(output.value.value());
    const double seconds = seconds_since(start);
    write_outputs(arguments.output, outputs, kind.several_outputs);
    for (const auto& output : outputs) {
        const auto& y = output.value.value();
        const std::string place =
            arguments.output + (kind.several_outputs ? ":" + output.name : "");
        std::printf("%s: %s, min %.6g, max %.6g, mean %.6g, %.2f s\n", place.c_str(),
                    to_string(y.shape()).c_str(), double(min(y)), double(max(y)), double(mean(y)),
                    seconds);
    }
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
    command
        ->add_option("--weights", arguments->weights, "A safetensors file or a PyTorch checkpoint")
        ->type_name("FILE")
        ->required();
    command->add_option("--prefix", arguments->prefix,
                        "What the network's names begin with in a file of several: vae_a.");
    command
        ->add_option("--input", arguments->input,
                     "X.npy, or F.npz:NAME for an array of an archive; (N, C, H, W)")
        ->type_name("ARRAY")
        ->required();
    command
        ->add_option("--mask", arguments->mask,
                     "(N, 1, H, W), 1 is a hole; for mapping_scratch, mapping_high_resolution and "
                     "partial_nonlocal")
        ->type_name("ARRAY");
    command
        ->add_option("--seg", arguments->parsing,
                     "The parsing map, 0 or 1; for a face_generator whose weights know labels")
        ->type_name("ARRAY");
    command
        ->add_option("--path", arguments->path,
                     "How mapping_high_resolution looks for patches; inference unless given")
        ->check(CLI::IsMember({"inference", "training"}));
    command
        ->add_option("--options", arguments->options,
                     "What shapes do not tell, before the file's own metadata: norm=..., "
                     "output=..., dilation=..., temperature=..., patch_1=..., size=...; an unknown "
                     "one is answered with those of the network")
        ->type_name("KEY=VALUE,...")
        ->delimiter(',');
    command
        ->add_option("-o,--output", arguments->output,
                     "The npy file to write or, of networks that give several arrays, the npz "
                     "file: a discriminator's are scale0.layer0 ..., scale 0 being the full "
                     "picture, those of vgg19 slice0 to slice4 for relu1_1 to relu5_1")
        ->type_name("Y.npy|Y.npz")
        ->required();
    add_numerics(*command, arguments->numerics);
    add_threads(*command);
    return {command, [arguments] { return forward(*arguments); }};
}

}  // namespace oldphoto::program
