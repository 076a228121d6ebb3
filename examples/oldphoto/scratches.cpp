#include "scratches.hpp"

#include <oldphoto/image/mask.hpp>
#include <oldphoto/image/stb.hpp>
#include <oldphoto/pipeline/hole_restorers.hpp>
#include <oldphoto/pipeline/model_folder.hpp>
#include <oldphoto/pipeline/official_programs.hpp>

#include "photo_files.hpp"
#include <algorithm>
#include <filesystem>
#include <utility>

namespace oldphoto::program {

namespace fs = std::filesystem;

namespace {

ScratchDetector<> detector_of(const std::string& path) {
    const std::string file = fs::is_directory(path) ? official_detector_path(path) : path;
    return load_detector(read_weights(file), file);
}

Holes detected(const ScratchDetector<>& detector, const Image& photo, double threshold) {
    const ScratchMap scratches = find_scratches(detector, photo);
    return {photo, scratches.mask(threshold), scratches.picture(), ""};
}

Holes officially_detected(const ScratchDetector<>& detector, const Image& photo, double threshold) {
    OfficialDetection detection = official_detection(detector, photo);
    Image mask = detection.saved_mask(threshold);
    return {std::move(detection.photo), std::move(mask), detection.scratches.picture(), ""};
}

/// What is said of a mask that had not the size of its photo.
std::string resizing_note(const Image& mask, Size size) {
    if (mask.size() == size) return "";
    return "the mask was brought from " + to_string(mask.size()) + " to " + to_string(size) +
           " pixels";
}

Holes masked(const Image& photo, const Image& mask) {
    return {photo, to_mask(mask, photo.size()), {}, resizing_note(mask, photo.size())};
}

/// A mask as it is stored, for a photo of the size with which the published programs go on.
/// @throws OptionError for a coloured one, of which those paint each channel for itself
Holes officially_masked(const Image& photo, const Image& mask) {
    Image rounded = official_detection_photo(photo);
    const Image shallow = to_8_bit(mask);
    const Image grey = to_grey(shallow);
    const Image colours = difference(to_rgb(grey), to_rgb(shallow));
    if (std::ranges::any_of(colours.samples(), [](auto level) { return level > 0; })) {
        throw_option_error("scratches", "the mask has colours; --official takes grey ones");
    }
    const Size size = rounded.size();
    const Image fitted = grey.size() == size ? grey : resize(grey, size, Resampling::nearest);
    return {std::move(rounded), fitted, {}, resizing_note(mask, size)};
}

/// Reads the masks of photos.
using ReadMask = std::function<Image(const std::string& name)>;

ReadMask read_masks(const std::string& source, std::size_t photos) {
    if (!fs::is_directory(source)) {
        if (photos > 1) {
            throw_option_error("scratches", source + " is one mask for " + std::to_string(photos) +
                                                " photos; expected a folder with one for each");
        }
        return [mask = read_image(source)](const std::string&) { return mask; };
    }
    return [masks = photos_by_name(source, "scratches"), source](const std::string& name) {
        // The mask of "a.jpg" is "a.png", or "a.jpg.png" as detect calls it beside an "a.png".
        const std::string stem = without_picture_extension(name).string();
        auto mask = masks.find(name);
        if (mask == masks.end()) mask = masks.find(stem);
        if (mask == masks.end()) {
            throw_io_error(source, "has no mask of the name '" + stem + "'");
        }
        return read_image(mask->second);
    };
}

FindHoles found_by(const ScratchArguments& arguments, std::size_t photos) {
    if (arguments.source != "detect") {
        const auto holes = arguments.official ? officially_masked : masked;
        return
            [holes, read = read_masks(arguments.source, photos)](
                const Image& photo, const std::string& name) { return holes(photo, read(name)); };
    }
    const auto holes = arguments.official ? officially_detected : detected;
    return
        [holes, detector = detector_of(arguments.detector),
         threshold = arguments.threshold.value_or(scratch_threshold)](
            const Image& photo, const std::string&) { return holes(detector, photo, threshold); };
}

}  // namespace

void add_scratch_options(CLI::App& command, ScratchArguments& arguments,
                         const std::string& dilation) {
    command
        .add_option("--threshold", arguments.threshold,
                    "How likely a pixel must be a scratch to be taken for one, 0 to 1; 0.4 unless "
                    "given")
        ->check(CLI::Range(0.0, 1.0, ""))
        ->type_name("P");
    constexpr int most_pixels = 1024;
    command
        .add_option("--dilate", arguments.dilate,
                    "Pixels by which the mask grows on each side; " + dilation)
        ->check(CLI::Range(0, most_pixels, ""))
        ->type_name("PIXELS");
    command.add_flag("--official", arguments.official,
                     "Do what the published programs do, see docs/differences.md");
}

FindHoles find_holes(const ScratchArguments& arguments, std::size_t photos) {
    return [find = found_by(arguments, photos), pixels = arguments.dilate.value_or(0)](
               const Image& photo, const std::string& name) {
        Holes holes = find(to_8_bit(photo), name);
        holes.mask = grown(holes.mask, pixels);
        return holes;
    };
}

}  // namespace oldphoto::program
