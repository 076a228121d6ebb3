#pragma once

#include <oldphoto/data/image_folder.hpp>

#include "files.hpp"
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace oldphoto::test {

/// A folder of photos that exist as names alone: what they show, a function of the name tells.
class PhotoFolder {
public:
    using Picture = std::function<Image(const std::string& name)>;

    PhotoFolder(const std::vector<std::string>& names, Picture picture)
        : picture_(std::move(picture)) {
        for (const std::string& name : names) write_text(folder_ / name, "");
    }

    [[nodiscard]] ImageFolder open(const ImageFolderOptions& options = {}) const {
        const auto read = [picture = picture_, decoded = decoded_](const std::string& path) {
            ++*decoded;
            return picture(std::filesystem::path(path).filename().string());
        };
        return {folder_.path(), read, options};
    }

    /// How many times a photo was decoded.
    [[nodiscard]] int decoded() const { return *decoded_; }

private:
    TemporaryFolder folder_;
    Picture picture_;
    std::shared_ptr<std::atomic<int>> decoded_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace oldphoto::test
