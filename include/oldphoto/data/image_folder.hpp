#pragma once

#include <oldphoto/core/file.hpp>
#include <oldphoto/core/sorted.hpp>
#include <oldphoto/image/image.hpp>
#include <oldphoto/image/resample.hpp>
#include <oldphoto/image/stb.hpp>

#include <algorithm>
#include <cstddef>
#include <dirent.h>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oldphoto {

/// Makes a picture of the file at `path`; called by several threads at once.
using PhotoReader = std::function<Image(const std::string& path)>;

struct ImageFolderOptions {
    /// How much of memory the decoded photos may take that are kept for the next time.
    std::size_t cache_bytes = std::size_t{512} << 20U;
    /// Photos with a longer side are shrunk on reading until it has this many pixels; 0 never.
    Index max_side = 0;
};

namespace detail {

inline bool has_photo_extension(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos) return false;
    std::string extension(name.substr(dot));
    for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return extension == ".png" || extension == ".jpg" || extension == ".jpeg" ||
           extension == ".bmp";
}

/// The names in a folder but those that begin with a dot.
inline std::vector<std::string> names_in(const std::string& folder) {
    struct Closer {
        void operator()(DIR* directory) const noexcept { closedir(directory); }
    };
    const std::unique_ptr<DIR, Closer> directory(opendir(folder.c_str()));
    if (!directory) throw_system_error(folder, "cannot be read");
    std::vector<std::string> names;
    while (const dirent* entry = readdir(directory.get())) {
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    return names;
}

inline void append_photos(const std::string& folder, std::vector<std::string>& photos) {
    for (const std::string& name : names_in(folder)) {
        const std::string path = detail::joined({folder, "/", name});
        struct stat status {};
        // A link to a folder is not followed: it may lead in a circle. A broken one is passed over.
        if (lstat(path.c_str(), &status) != 0) continue;
        if (S_ISDIR(status.st_mode)) {
            append_photos(path, photos);
        } else if (has_photo_extension(name) && stat(path.c_str(), &status) == 0 &&
                   S_ISREG(status.st_mode)) {
            photos.push_back(path);
        }
    }
}

inline Image with_longest_side(Image photo, Index max_side) {
    const Size size = photo.size();
    const Index longest = std::max(size.width, size.height);
    if (max_side == 0 || longest <= max_side) return photo;
    const auto shrunk = [&](Index side) {
        return std::max((side * max_side + longest / 2) / longest, Index{1});
    };
    return resize(photo, {shrunk(size.width), shrunk(size.height)}, Resampling::bicubic);
}

}  // namespace detail

/// The paths of all photos below a folder, sorted: files named .png, .jpg, .jpeg or .bmp, in
/// capitals or not. Hidden files and folders, and links to folders, are left out.
/// @throws IoError when the folder cannot be read or holds no photo.
[[nodiscard]] inline std::vector<std::string> list_photos(const std::string& folder) {
    std::vector<std::string> photos;
    detail::append_photos(folder, photos);
    if (photos.empty()) throw_io_error(folder, "holds no photos (.png, .jpg, .jpeg or .bmp)");
    return detail::sorted(std::move(photos), [](const auto& a, const auto& b) { return a < b; });
}

/// The photos below a folder, decoded when they are first asked for and kept while there is room.
/// A handle: copies share photos and cache. All functions may be called by several threads at once.
class ImageFolder {
public:
    /// Use open_image_folder() unless the photos are to be read in another way.
    /// @throws IoError as list_photos() does; OptionError when max_side is negative.
    ImageFolder(const std::string& folder, PhotoReader read, const ImageFolderOptions& options = {})
        : state_(std::make_shared<State>(list_photos(folder), std::move(read), options)) {
        require_option(options.max_side >= 0, "ImageFolder", "max_side must not be negative",
                       options.max_side);
    }

    /// How many photos there are; at least one.
    [[nodiscard]] Index size() const noexcept { return static_cast<Index>(state_->paths.size()); }

    /// The photos' paths, sorted.
    [[nodiscard]] const std::vector<std::string>& paths() const noexcept { return state_->paths; }

    /// Photo `index` of paths(), with 8 bits a sample; grey or RGB as it is stored.
    /// @throws IoError when the file cannot be read.
    [[nodiscard]] std::shared_ptr<const Image> photo(Index index) const {
        return state_->photo(static_cast<std::size_t>(index));
    }

    /// Bytes of the photos that are kept.
    [[nodiscard]] std::size_t cached_bytes() const {
        const std::lock_guard lock(state_->mutex);
        return state_->cached_bytes;
    }

private:
    struct State {
        State(std::vector<std::string> photo_paths, PhotoReader reader,
              const ImageFolderOptions& folder_options)
            : paths(std::move(photo_paths)),
              read(std::move(reader)),
              options(folder_options),
              cache(paths.size()) {}

        std::shared_ptr<const Image> photo(std::size_t index) {
            {
                const std::lock_guard lock(mutex);
                if (cache[index]) return cache[index];
            }
            // Decoded outside the lock: twice, where two threads want the same photo at once.
            auto decoded = std::make_shared<const Image>(
                detail::with_longest_side(to_8_bit(read(paths[index])), options.max_side));
            const std::size_t bytes = decoded->samples().size() + decoded->alpha().size();
            const std::lock_guard lock(mutex);
            // A full cache stays as it is: photos are drawn at random, so that none of them is
            // likelier to be asked for again than another.
            if (!cache[index] && bytes <= options.cache_bytes - cached_bytes) {
                cache[index] = decoded;
                cached_bytes += bytes;
            }
            return decoded;
        }

        const std::vector<std::string> paths;
        const PhotoReader read;
        const ImageFolderOptions options;
        mutable std::mutex mutex;  // guards what follows
        std::vector<std::shared_ptr<const Image>> cache;
        std::size_t cached_bytes = 0;
    };

    std::shared_ptr<State> state_;
};

/// The photos below a folder, read by read_image().
/// @throws IoError when the folder cannot be read or holds no photo; OptionError when max_side is
/// negative.
[[nodiscard]] static inline ImageFolder open_image_folder(const std::string& folder,
                                                          const ImageFolderOptions& options = {}) {
    return {folder, [](const std::string& path) { return read_image(path); }, options};
}

}  // namespace oldphoto
