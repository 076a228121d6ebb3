// Restores a photo. The result has the size of the photo, and a grey photo stays grey.
//
// Run: {repository}/examples/models/compact.safetensors {repository}/examples/photos/emir.jpg o.png
//
// Prints:
//     restored 374 x 329 pixels, 1 channel(s)

#include <oldphoto/restore.hpp>

#include <cstdio>

int main(int argc, char** argv) {
    if (argc != 4) return 2;  // MODEL PHOTO RESULT
    const auto restorer = oldphoto::Restorer<>::load(argv[1]);
    const auto photo = oldphoto::read_image(argv[2]);
    const auto result = restorer(photo);
    oldphoto::write_image(result.photo, argv[3]);
    std::printf("restored %s pixels, %td channel(s)\n", to_string(result.photo.size()).c_str(),
                result.photo.channels());
}
