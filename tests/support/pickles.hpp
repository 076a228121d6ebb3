#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Pickles and PyTorch checkpoints put together by hand, so that tests can say anything in them.

namespace oldphoto::test {

/// The low `size` bytes of a number, low byte first.
inline std::string little_endian(std::uint64_t number, std::size_t size) {
    std::string bytes;
    for (std::size_t k = 0; k < size; ++k) bytes += static_cast<char>(number >> (8 * k));
    return bytes;
}

/// PROTO 2, the opcodes and STOP.
inline std::string pickle(const std::string& ops, int protocol = 2) {
    return std::string("\x80") + static_cast<char>(protocol) + ops + ".";
}

inline std::string op_integer(std::int32_t number) {
    return "J" + little_endian(static_cast<std::uint32_t>(number), 4);
}

inline std::string op_text(const std::string& text) {
    return "X" + little_endian(text.size(), 4) + text;
}

inline std::string op_global(const std::string& module_name, const std::string& name) {
    return "c" + module_name + "\n" + name + "\n";
}

inline std::string op_tuple(const std::string& ops) {
    return "(" + ops + "t";
}

/// A dictionary: keys and values in turn.
inline std::string op_dict(const std::string& ops) {
    return "}(" + ops + "u";
}

inline std::string op_integers(const std::vector<std::int32_t>& numbers) {
    std::string ops;
    for (const std::int32_t number : numbers) ops += op_integer(number);
    return op_tuple(ops);
}

/// The persistent id of a storage; `type` is "FloatStorage".
inline std::string op_storage(const std::string& key, std::int32_t count,
                              const std::string& type = "FloatStorage",
                              const std::string& view = "") {
    return op_tuple(op_text("storage") + op_global("torch", type) + op_text(key) + op_text("cpu") +
                    op_integer(count) + view) +
           "Q";
}

/// A call of torch._utils.FUNCTION.
inline std::string op_call(const std::string& function, const std::string& arguments) {
    return op_global("torch._utils", function) + op_tuple(arguments) + "R";
}

inline std::string op_tensor(const std::string& storage, std::int32_t offset,
                             const std::vector<std::int32_t>& dims,
                             const std::vector<std::int32_t>& strides) {
    const std::string hooks = op_global("collections", "OrderedDict") + ")R";
    return op_call("_rebuild_tensor_v2", storage + op_integer(offset) + op_integers(dims) +
                                             op_integers(strides) + "\x89" + hooks);
}

struct StoredBytes {
    std::string key;
    std::int64_t count;
    std::string bytes;
};

/// A file of five pickles, of which `object` is the fourth, and storages.
inline std::string legacy_checkpoint(const std::string& object,
                                     const std::vector<StoredBytes>& storages,
                                     const std::string& little_endian_op = "\x88",
                                     int version = 1001) {
    std::string keys;
    std::string data;
    for (const auto& storage : storages) {
        keys += op_text(storage.key);
        data += little_endian(static_cast<std::uint64_t>(storage.count), 8) + storage.bytes;
    }
    return pickle("\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19") +
           pickle(op_integer(version)) +
           pickle(op_dict(op_text("little_endian") + little_endian_op)) + pickle(object) +
           pickle("](" + keys + "e") + data;
}

}  // namespace oldphoto::test
