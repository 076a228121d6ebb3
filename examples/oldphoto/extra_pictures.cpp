#include "extra_pictures.hpp"

#include <oldphoto/image/mask.hpp>
#include <oldphoto/image/resample.hpp>

namespace oldphoto::program {

void add_also(CLI::App& command, std::vector<std::string>& extras,
              const std::vector<std::string>& words) {
    std::string list;
    for (const auto& word : words) list += (list.empty() ? "" : ", ") + word;
    command
        .add_option(
            "--also", extras,
            "Pictures to write beside the result a.png, as a." + words.front() + ".png: " + list)
        ->delimiter(',')
        ->check(CLI::IsMember(words))
        ->type_name("WORD,...");
}

Image hole_picture(const std::string& extra, const Holes& holes) {
    if (extra == "mask") return holes.mask;
    if (extra == "overlay") return overlay(holes.photo, holes.mask);
    if (!holes.probability) {
        throw_option_error("also", "there is a probability only of what was detected");
    }
    return *holes.probability;
}

Image change_picture(const Image& photo, const Image& restored) {
    Image before = to_8_bit(photo);
    if (before.size() != restored.size()) {
        before = resize(before, restored.size(), Resampling::bilinear);
    }
    return difference(restored.channels() == 3 ? to_rgb(before) : to_grey(before), restored);
}

}  // namespace oldphoto::program
