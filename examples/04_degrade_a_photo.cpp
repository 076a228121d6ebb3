// Makes a photo worse: as the published training data is, and in a way of one's own.
//
// Run: {repository}/examples/photos/emir.jpg published.png film.png
//
// Prints:
//     published.png:
//       salt and pepper, 0.633 %, 31 % of it salt
//       low resolution, 356 x 260 px, enlarged by repetition
//     film.png:
//       blur, 11 px wide, sigma 1.96 px
//       grain, deviation 12.7 of 255, sigma 1.1 px

#include <oldphoto/degrade/pipeline.hpp>

#include <cstdio>
#include <string>
#include <vector>

using namespace oldphoto;

namespace {

/// Writes the photo made worse and prints how.
void degrade_to(const char* path, const Image& photo, Rng& rng, const DegradeOptions& options) {
    std::vector<std::string> steps;
    write_image(degrade(photo, rng, options, &steps), path);
    std::printf("%s:\n", path);
    for (const std::string& step : steps) std::printf("  %s\n", step.c_str());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 2;  // PHOTO RESULT RESULT
    const Image photo = read_image(argv[1]);
    Rng rng(1);
    degrade_to(argv[2], photo, rng, {});

    // A soft lens and a coarse film; nothing else.
    DegradeOptions film;
    film.blur = {.probability = 1.0, .kernel = {9, 15}, .sigma = {1.5, 2.5}};
    film.grain = {.probability = 1.0, .deviation = {10.0, 20.0}, .size = {0.8, 1.2}};
    film.noise.probability = film.low_resolution.probability = film.jpeg.probability = 0.0;
    degrade_to(argv[3], photo, rng, film);
}
