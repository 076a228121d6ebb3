#pragma once

#include <oldphoto/core/file.hpp>
#include <oldphoto/io/pytorch.hpp>
#include <oldphoto/io/safetensors.hpp>

#include <array>
#include <cstddef>
#include <string>

/// Opt-in, needs libzip (link with -lzip): weights in either format, told apart by what a file
/// holds and never by its name.
namespace oldphoto {

/// Whether a file is to be read as safetensors: behind the 8 bytes of its length the header begins
/// with a brace. A PyTorch checkpoint has none there: in a zip archive the byte belongs to the
/// compression method, in the older container to a magic number. Files that are too short for
/// either count as safetensors, whose reader says what they lack.
/// @throws IoError when the file cannot be read.
[[nodiscard]] inline bool is_safetensors(const std::string& path) {
    InputFile file(path);
    std::array<std::byte, 9> start{};
    if (file.size() < start.size()) return true;
    file.read(start);
    return start.back() == std::byte{'{'};
}

/// All tensors of a safetensors file or of a PyTorch checkpoint, in the order of the file. A
/// checkpoint has no metadata.
/// @throws IoError as read_safetensors and read_pytorch do.
[[nodiscard]] inline Safetensors read_weights(const std::string& path) {
    if (is_safetensors(path)) return read_safetensors(path);
    return {read_pytorch(path), {}};
}

}  // namespace oldphoto
