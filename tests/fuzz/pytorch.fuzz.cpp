#include <oldphoto/core/error.hpp>
#include <oldphoto/io/pytorch.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

/// Any bytes are a checkpoint or an error of the library.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        (void)oldphoto::read_pytorch(std::as_bytes(std::span(data, size)), "input");
    } catch (const oldphoto::IoError&) {
    }
    return 0;
}
