#include <oldphoto/core/error.hpp>
#include <oldphoto/core/file.hpp>
#include <oldphoto/io/safetensors.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

/// Any bytes are a safetensors file or an error of the library.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        oldphoto::InputFile file(std::as_bytes(std::span(data, size)), "input");
        (void)oldphoto::read_safetensors(file);
    } catch (const oldphoto::IoError&) {
    }
    return 0;
}
