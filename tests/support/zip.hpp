#pragma once

#include <stdexcept>
#include <string>
#include <vector>
#include <zip.h>

// Writes zip archives without the library.

namespace oldphoto::test {

struct ZipMember {
    std::string name;
    std::string content;
    int method = ZIP_CM_STORE;  // or ZIP_CM_DEFLATE
};

inline void write_zip(const std::string& path, const std::vector<ZipMember>& members) {
    int code = 0;
    zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    if (archive == nullptr) throw std::runtime_error("cannot create " + path);
    for (const auto& member : members) {
        zip_source_t* source =
            zip_source_buffer(archive, member.content.data(), member.content.size(), 0);
        const auto index = zip_file_add(archive, member.name.c_str(), source, 0);
        zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), member.method, 0);
    }
    if (zip_close(archive) != 0) throw std::runtime_error("cannot write " + path);
}

}  // namespace oldphoto::test
