// Restores a photo with a mapping of one's own type between the encoder and the decoder: the
// model's mapping with a dial, from 0 (the latent of the old photo is decoded as it is) to 1
// (restored).
//
// Run: {repository}/examples/models/compact.safetensors {repository}/examples/photos/emir.jpg
//
// Prints:
//     dial 0.0 changes the photo by 52.7 of 255 levels on average
//     dial 0.5 changes the photo by 7.7 of 255 levels on average
//     dial 1.0 changes the photo by 3.9 of 255 levels on average

#include <oldphoto/restore.hpp>

#include <cstdio>
#include <cstdlib>

using namespace oldphoto;

namespace {

/// z + strength * (mapping(z) - z). Any type that is callable on latents is a mapping.
struct DialledMapping {
    Mapping<> mapping;
    float strength;

    Variable<float, 4> operator()(const Variable<float, 4>& z) const {
        return z + strength * (mapping(z) - z);
    }
};

double mean_change(const Image& before, const Image& after) {
    const auto a = before.samples();
    const auto b = after.samples();
    double total = 0;
    for (std::size_t i = 0; i < a.size(); ++i) total += std::abs(a[i] - b[i]);
    return total / static_cast<double>(a.size());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;  // MODEL PHOTO
    const auto model = load_translation(argv[1]);
    const auto photo = read_image(argv[2]);
    for (const float strength : {0.0F, 0.5F, 1.0F}) {
        const Restorer restorer(TripletTranslation(
            model.vae_a(), DialledMapping{model.mapping(), strength}, model.vae_b(), model.tone()));
        std::printf("dial %.1f changes the photo by %.1f of 255 levels on average\n",
                    static_cast<double>(strength), mean_change(photo, restorer(photo).photo));
    }
}
