#include <oldphoto/data/image_folder.hpp>

#include <catch2/catch.hpp>

#include "../support/photo_folder.hpp"
#include "../support/pictures.hpp"
#include <thread>

using namespace oldphoto;
using namespace oldphoto::test;

namespace fs = std::filesystem;

namespace {

/// 12 bytes; the last letter of the name before the dot is the level.
Image twelve_bytes(const std::string& name) {
    return flat({4, 3}, 1, static_cast<std::uint8_t>(name[0]));
}

}  // namespace

TEST_CASE("photos are listed in order, wherever they lie below the folder", "[data][folder]") {
    const TemporaryFolder folder;
    fs::create_directories(folder / "b/deep");
    fs::create_directories(folder / ".hidden");
    for (const char* name : {"c.png", "a.JPG", "b/x.jpeg", "b/deep/y.Bmp", "notes.txt", "png",
                             ".thumb.png", ".hidden/z.png", "d.tif"}) {
        write_text(folder / name, "");
    }
    fs::create_directory(folder / "folder.png");
    fs::create_directory_symlink(folder.path(), folder / "b/circle");
    fs::create_symlink(folder / "c.png", folder / "link.png");
    fs::create_symlink(folder / "gone.png", folder / "broken.png");
    CHECK(list_photos(folder.path()) ==
          std::vector<std::string>{folder / "a.JPG", folder / "b/deep/y.Bmp", folder / "b/x.jpeg",
                                   folder / "c.png", folder / "link.png"});
}

TEST_CASE("a folder without photos is an error", "[data][error]") {
    const TemporaryFolder folder;
    write_text(folder / "notes.txt", "");
    CHECK_THROWS_AS(list_photos(folder.path()), IoError);
    CHECK_THROWS_WITH(open_image_folder(folder.path()),
                      folder.path() + ": holds no photos (.png, .jpg, .jpeg or .bmp)");
    CHECK_THROWS_WITH(open_image_folder(folder / "gone"),
                      folder / "gone: cannot be read (No such file or directory)");
}

TEST_CASE("a photo is read from its file, with 8 bits", "[data][folder]") {
    const TemporaryFolder folder;
    write_image(pattern({6, 5}, 3), folder / "a.png");
    write_image(pattern({4, 7}, 1), folder / "b.bmp");
    const ImageFolder photos = open_image_folder(folder.path());
    REQUIRE(photos.size() == 2);
    CHECK(photos.paths().at(1) == folder / "b.bmp");
    CHECK(*photos.photo(0) == pattern({6, 5}, 3));
    CHECK(photos.photo(1)->size() == Size{4, 7});

    const PhotoFolder deep({"a.png"}, [](const std::string&) {
        return Image::from_samples({2, 1}, 1, std::vector<std::uint16_t>{0, 65535});
    });
    CHECK(*deep.open().photo(0) == grey({2, 1}, {0, 255}));
}

TEST_CASE("a file that is no photo is reported when it is asked for", "[data][error]") {
    const TemporaryFolder folder;
    write_text(folder / "letter.jpg", "Dear aunt,");
    const ImageFolder photos = open_image_folder(folder.path());
    CHECK_THROWS_WITH(photos.photo(0),
                      folder / "letter.jpg: is text; oldphoto reads PNG, JPEG and BMP");
}

TEST_CASE("a photo that is kept is not decoded again, not even by a copy", "[data][cache]") {
    const PhotoFolder folder({"a.png", "b.png"}, twelve_bytes);
    const ImageFolder photos = folder.open();
    const ImageFolder copy = photos;
    for (int i = 0; i < 3; ++i) {
        CHECK(photos.photo(0)->samples()[0] == 'a');
        CHECK(copy.photo(1)->samples()[0] == 'b');
    }
    CHECK(folder.decoded() == 2);
    CHECK(photos.cached_bytes() == 24);
}

TEST_CASE("the cache does not grow beyond its bytes", "[data][cache]") {
    const PhotoFolder folder({"a.png", "b.png", "c.png"}, twelve_bytes);
    const ImageFolder photos = folder.open({.cache_bytes = 35});
    for (int round = 0; round < 2; ++round) {
        for (Index i = 0; i < 3; ++i) CHECK(photos.photo(i)->samples()[0] == 'a' + i);
    }
    CHECK(photos.cached_bytes() == 24);
    CHECK(folder.decoded() == 4);  // c.png twice

    const PhotoFolder uncached({"a.png"}, twelve_bytes);
    const ImageFolder none = uncached.open({.cache_bytes = 0});
    static_cast<void>(none.photo(0));
    static_cast<void>(none.photo(0));
    CHECK(none.cached_bytes() == 0);
    CHECK(uncached.decoded() == 2);
}

TEST_CASE("threads may ask for photos at the same time", "[data][cache]") {
    const PhotoFolder folder({"a.png", "b.png", "c.png"}, twelve_bytes);
    const ImageFolder photos = folder.open({.cache_bytes = 24});
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (Index i = 0; i < 300; ++i) {
                wrong += photos.photo(i % 3)->samples()[5] == 'a' + i % 3 ? 0 : 1;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(photos.cached_bytes() == 24);
}

TEST_CASE("large photos are shrunk on reading where that is asked for", "[data][folder]") {
    const PhotoFolder folder({"tall.png", "wide.png"}, [](const std::string& name) {
        return pattern(name == "tall.png" ? Size{3, 40} : Size{31, 20}, 3);
    });
    const ImageFolder whole = folder.open();
    CHECK(whole.photo(1)->size() == Size{31, 20});
    const ImageFolder photos = folder.open({.max_side = 10});
    CHECK(photos.photo(0)->size() == Size{1, 10});  // 0.75
    CHECK(*photos.photo(1) == resize(pattern({31, 20}, 3), {10, 6}, Resampling::bicubic));
    CHECK(*folder.open({.max_side = 40}).photo(0) == pattern({3, 40}, 3));
    CHECK_THROWS_WITH(folder.open({.max_side = -1}),
                      "ImageFolder: max_side must not be negative, got -1");
}
