#include <oldphoto/restore.hpp>

int main() {
    auto restorer = oldphoto::Restorer<>::load("compact.safetensors");
    auto photo = oldphoto::read_image("old.jpg");
    auto result = restorer(photo);
    oldphoto::write_image(result.photo, "restored.png");
}
