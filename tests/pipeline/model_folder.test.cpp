#include <oldphoto/pipeline/hole_restorers.hpp>
#include <oldphoto/pipeline/model_folder.hpp>

#include <catch2/catch.hpp>

#include "../support/download.hpp"
#include "../support/files.hpp"
#include "../support/pictures.hpp"
#include "../support/small_model.hpp"

using namespace oldphoto;

namespace {

namespace fs = std::filesystem;

std::vector<float> first_weights(const NamedArrays& arrays, const std::string& name) {
    return arrays.at(name).values<float>();
}

}  // namespace

TEST_CASE("the published download is one model for each kind of photo", "[pipeline][file]") {
    const test::TemporaryFolder folder;
    test::write_download(folder / "d", test::small_download);
    for (const std::string within : {"", "/Global/checkpoints"}) {
        const std::string path = folder / "d" + within;
        INFO(within);
        const Image photo = test::pattern({20, 16}, 3);
        Image mask = test::flat({20, 16}, 1, 0);
        mask.samples()[50] = 255;
        const auto quality = read_model(path, ModelKind::quality);
        CHECK(Restorer<>::load(quality, path)(photo).photo.size() == photo.size());
        const auto scratch = read_model(path, ModelKind::scratch);
        CHECK(ScratchRestorer<>::load(scratch, path)(photo, mask).photo.size() == photo.size());
        const auto patches = read_model(path, ModelKind::high_resolution);
        CHECK(HighResolutionRestorer<>::load(patches, path)(photo, mask).photo.size() ==
              photo.size());
        // All share the first VAE; those for holes share the decoder of the second.
        const std::string a = "vae_a.encoder.1.weight";
        const std::string b = "vae_b.decoder.0.conv_block.1.weight";
        CHECK(first_weights(quality.tensors, a) == first_weights(scratch.tensors, a));
        CHECK(first_weights(patches.tensors, b) == first_weights(scratch.tensors, b));
        CHECK_FALSE(first_weights(quality.tensors, b) == first_weights(scratch.tensors, b));

        const auto detector_path = official_detector_path(path);
        CHECK(load_detector(read_weights(detector_path), detector_path).options() ==
              test::small_download.detector);
    }
}

TEST_CASE("a network that is missing in the download is named", "[pipeline][file][error]") {
    const test::TemporaryFolder folder;
    test::write_download(folder / "d", test::small_download);
    const std::string path =
        folder / "d/Global/checkpoints/restoration/mapping_scratch/latest_net_mapping_net.pth";
    fs::remove(path);
    CHECK_THROWS_WITH(read_model(folder / "d", ModelKind::scratch),
                      Catch::StartsWith(path + ": ") && Catch::Contains("No such file"));
    CHECK_NOTHROW(read_model(folder / "d", ModelKind::quality));
    CHECK_NOTHROW(read_model(folder / "d", ModelKind::high_resolution));
}

TEST_CASE("a file of the download with another network in it is named", "[pipeline][file][error]") {
    const test::TemporaryFolder folder;
    test::write_download(folder / "d", test::small_download);
    const std::string networks = folder / "d/Global/checkpoints/restoration/";
    const std::string path = networks + "VAE_A_quality/latest_net_G.pth";
    fs::copy_file(networks + "mapping_quality/latest_net_mapping_net.pth", path,
                  fs::copy_options::overwrite_existing);
    CHECK_THROWS_WITH(read_model(folder / "d", ModelKind::quality),
                      path +
                          ": has no weights whose names begin with \"encoder.\"; the first is "
                          "\"model.0.weight\"");
}

TEST_CASE("a model file is read whatever it restores", "[pipeline][file]") {
    const test::TemporaryFolder folder;
    test::SmallModel().write(folder / "m.pth");
    const auto model = read_model(folder / "m.pth", ModelKind::scratch);
    CHECK(model.tensors.contains("mapping.model.0.weight"));
    CHECK(model.metadata.contains("tone"));
}
