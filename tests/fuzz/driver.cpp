#include <oldphoto/core/file.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

// Runs a fuzz target over the files of a folder, for compilers without libFuzzer.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
    int count = 0;
    std::string path;
    try {
        for (int k = 1; k < argc; ++k) {
            for (const auto& entry : std::filesystem::directory_iterator(argv[k])) {
                path = entry.path().string();
                const auto bytes = oldphoto::read_file(path);
                LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                       bytes.size());
                ++count;
            }
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", path.c_str(), error.what());
        return 1;
    }
    std::printf("%d inputs\n", count);
    return count > 0 ? 0 : 1;
}
