#pragma once

#include <oldphoto/io/json.hpp>
#include <oldphoto/models/detector.hpp>
#include <oldphoto/models/face_generator.hpp>
#include <oldphoto/models/mapping_high_resolution.hpp>
#include <oldphoto/models/mapping_scratch.hpp>
#include <oldphoto/models/patch_discriminator.hpp>
#include <oldphoto/models/vae.hpp>
#include <oldphoto/models/vgg19.hpp>

#include <string>
#include <vector>

/// The options of networks as a user gives them, under their published names.
namespace oldphoto::program {

/// Those of the mapping, and which of its two paths to take.
struct HighResolutionOptions : HighResolutionMappingOptions {
    bool training_path = false;
};

// `o` with what `given` says changed.
// @param network  its name, for messages.
// @throws OptionError for an option that the network does not have, naming those that it has, and
//         for a value that is not of its kind.
VaeOptions with_options(VaeOptions o, const std::string& network, const FlatObject& given);
MappingOptions with_options(MappingOptions o, const std::string& network, const FlatObject& given);
ScratchMappingOptions with_options(ScratchMappingOptions o, const std::string& network,
                                   const FlatObject& given);
HighResolutionOptions with_options(HighResolutionOptions o, const std::string& network,
                                   const FlatObject& given);
PartialNonlocalLayerOptions with_options(PartialNonlocalLayerOptions o, const std::string& network,
                                         const FlatObject& given);
DetectorOptions with_options(DetectorOptions o, const std::string& network,
                             const FlatObject& given);
PatchDiscriminatorOptions with_options(PatchDiscriminatorOptions o, const std::string& network,
                                       const FlatObject& given);
Vgg19Options with_options(Vgg19Options o, const std::string& network, const FlatObject& given);
FaceGeneratorOptions with_options(FaceGeneratorOptions o, const std::string& network,
                                  const FlatObject& given);

/// Whether "path" is "training" and not "inference", which it is where it is not given.
/// @throws OptionError for another value.
bool training_path(const FlatObject& given);

/// @throws OptionError always.
[[noreturn]] void throw_unknown_option(const std::string& option, const std::string& network,
                                       const std::vector<std::string>& known);

}  // namespace oldphoto::program
