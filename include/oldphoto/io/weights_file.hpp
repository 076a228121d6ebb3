#pragma once

#include <oldphoto/io/pytorch.hpp>
#include <oldphoto/io/safetensors.hpp>

#include <array>
#include <string>

namespace oldphoto {

/// The weights in a file: safetensors or a PyTorch checkpoint, told apart by what it holds and not
/// by its name. A checkpoint has no metadata.
/// @throws IoError as the two readers do
[[nodiscard]] inline Safetensors read_weights(const std::string& path) {
    InputFile file(path);
    std::array<std::byte, 9> start{};
    if (file.size() < start.size()) return read_safetensors(path);
    file.read(start);
    if (start.back() == std::byte{'{'}) return read_safetensors(path);
    return {read_pytorch(path), {}};
}

}  // namespace oldphoto
