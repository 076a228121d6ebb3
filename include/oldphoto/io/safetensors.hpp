#pragma once

#include <oldphoto/core/error.hpp>
#include <oldphoto/core/file.hpp>
#include <oldphoto/core/sorted.hpp>
#include <oldphoto/io/array.hpp>
#include <oldphoto/io/json.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The safetensors format: 8 bytes that give the length N of the header (little-endian), N bytes
/// of JSON, the tensors' bytes. Source: https://github.com/huggingface/safetensors, "Format".
namespace oldphoto {

/// A tensor as the header describes it; `begin` and `end` count bytes from the end of the header.
struct SafetensorsEntry {
    std::string name;
    DType dtype = DType::f32;
    std::vector<Index> dims;
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// What a file holds, known without its tensors.
struct SafetensorsHeader {
    std::vector<SafetensorsEntry> tensors;  ///< no name stands twice
    Metadata metadata;
    std::size_t data_begin = 0;  ///< bytes before the first tensor
};

/// A whole file.
struct Safetensors {
    NamedArrays tensors;
    Metadata metadata;
};

namespace detail {

inline constexpr std::string_view safetensors_metadata_name = "__metadata__";
inline constexpr std::size_t safetensors_header_limit = 100'000'000;

inline constexpr DTypeCode safetensors_codes[] = {
    {DType::f16, "F16"},     {DType::bf16, "BF16"}, {DType::f32, "F32"}, {DType::f64, "F64"},
    {DType::i8, "I8"},       {DType::u8, "U8"},     {DType::i16, "I16"}, {DType::u16, "U16"},
    {DType::i32, "I32"},     {DType::u32, "U32"},   {DType::i64, "I64"}, {DType::u64, "U64"},
    {DType::boolean, "BOOL"}};

/// Reads the header of one file and checks it against the file's size.
class SafetensorsHeaderReader {
public:
    explicit SafetensorsHeaderReader(InputFile& file)
        : file_(file), text_(read_text()), json_(text_, joined({file.path(), ": header"})) {}

    SafetensorsHeader read() {
        if (!text_.starts_with('{')) json_.fail("expected '{'");
        SafetensorsHeader header;
        header.data_begin = length_bytes + text_.size();
        json_.read_object([&](const std::string& name) {
            if (name == safetensors_metadata_name) {
                json_.read_object([&](const std::string& key) {
                    header.metadata.insert(key, json_.read_string());
                });
            } else {
                header.tensors.push_back(read_entry(name));
            }
        });
        json_.expect_end();
        check_layout(header);
        return header;
    }

private:
    static constexpr std::size_t length_bytes = 8;

    std::string read_text() {
        if (file_.size() < length_bytes) {
            throw_io_error(file_.path(),
                           joined({file_.size(), " bytes are too few for a safetensors file"}));
        }
        std::array<std::byte, length_bytes> prefix{};
        file_.read(prefix);
        const auto length = std::bit_cast<std::uint64_t>(prefix);
        if (length > safetensors_header_limit || length > file_.size() - length_bytes) {
            throw_io_error(
                file_.path(),
                joined({"header length ", length, " must be at most ", safetensors_header_limit,
                        " and fit into the file's ", file_.size(), " bytes"}));
        }
        std::string text(static_cast<std::size_t>(length), '\0');
        file_.read(std::as_writable_bytes(std::span(text)));
        return text;
    }

    SafetensorsEntry read_entry(const std::string& name) {
        SafetensorsEntry entry;
        entry.name = name;
        std::vector<Index> offsets;
        int keys = 0;  // no key stands twice, so three known ones are all three
        json_.read_object([&](const std::string& key) {
            ++keys;
            if (key == "dtype") {
                entry.dtype = read_dtype(name);
            } else if (key == "shape") {
                entry.dims = read_indices();
            } else if (key == "data_offsets") {
                offsets = read_indices();
            } else {
                fail(name, joined({"unknown key ", quote_json(key)}));
            }
        });
        if (keys != 3 || offsets.size() != 2) fail(name, "needs dtype, shape, two data_offsets");
        entry.begin = static_cast<std::size_t>(offsets[0]);
        entry.end = static_cast<std::size_t>(offsets[1]);
        if (entry.begin > entry.end ||
            byte_count(entry.dtype, entry.dims) != entry.end - entry.begin) {
            fail(name, joined({to_string(entry.dtype), " ", format_dims(entry.dims),
                               " does not fill data_offsets ", format_dims(offsets)}));
        }
        return entry;
    }

    DType read_dtype(const std::string& name) {
        const std::string code = json_.read_string();
        const auto dtype = find_dtype(safetensors_codes, code);
        if (!dtype) fail(name, joined({"dtype ", quote_json(code), " is not supported"}));
        return *dtype;
    }

    std::vector<Index> read_indices() {
        std::vector<Index> indices;
        json_.read_array([&] { indices.push_back(json_.read_index()); });
        return indices;
    }

    /// Sorted by offset, the tensors must follow one another from 0 to the end of the file.
    void check_layout(const SafetensorsHeader& header) const {
        std::vector<const SafetensorsEntry*> entries;
        for (const auto& entry : header.tensors) entries.push_back(&entry);
        entries = sorted(std::move(entries), [](const auto* a, const auto* b) {
            return a->begin != b->begin ? a->begin < b->begin : a->end < b->end;
        });
        std::size_t end = 0;
        for (const auto* entry : entries) {
            if (entry->begin != end) {
                fail(entry->name, joined({"begins at byte ", entry->begin,
                                          " of the data, but the tensors before it end at ", end}));
            }
            end = entry->end;
        }
        const std::size_t data_size = file_.size() - header.data_begin;
        if (end != data_size) {
            throw_io_error(file_.path(), joined({"tensors take ", end,
                                                 " bytes, but the file holds ", data_size}));
        }
    }

    [[noreturn, gnu::cold, gnu::noinline]] void fail(const std::string& name,
                                                     std::string_view reason) const {
        throw_io_error(file_.path(), joined({"tensor ", quote_json(name), ": ", reason}));
    }

    InputFile& file_;
    std::string text_;
    JsonReader json_;
};

/// "[4,3,7,7]"
inline std::string format_json_indices(std::span<const Index> indices) {
    std::string text = "[";
    for (const Index index : indices) {
        if (text.size() > 1) text += ',';
        text += std::to_string(index);
    }
    return text + "]";
}

inline std::string format_safetensors_metadata(const Metadata& metadata) {
    std::string text = "{";
    for (const auto& [key, value] : metadata) {
        if (text.size() > 1) text += ',';
        text += quote_json(key) + ":" + quote_json(value);
    }
    return text + "}";
}

/// The JSON text of a header, padded so that the data begins at a multiple of 8 bytes.
inline std::string format_safetensors_header(const NamedArrays& tensors, const Metadata& metadata) {
    std::string text = "{";
    if (!metadata.empty()) {
        text += quote_json(safetensors_metadata_name) + ":" + format_safetensors_metadata(metadata);
    }
    Index begin = 0;
    for (const auto& [name, array] : tensors) {
        if (name == safetensors_metadata_name) {
            throw_option_error("write_safetensors", "no tensor may be named " + name);
        }
        if (text.size() > 1) text += ',';
        const Index end = begin + std::ssize(array.bytes());
        text += quote_json(name) + R"(:{"dtype":")";
        text += find_code(safetensors_codes, array.dtype());
        text += R"(","shape":)" + format_json_indices(array.dims()) + R"(,"data_offsets":)" +
                format_json_indices(std::array{begin, end}) + "}";
        begin = end;
    }
    text += '}';
    text.append((8 - text.size() % 8) % 8, ' ');
    if (text.size() > safetensors_header_limit) {
        throw_option_error("write_safetensors",
                           joined({"names and metadata take ", text.size(),
                                   " bytes; the format allows ", safetensors_header_limit}));
    }
    return text;
}

}  // namespace detail

/// Reads and checks the header only: what `inspect` shows, and what a reader may allocate.
/// @throws IoError when the file is not a safetensors file that is whole.
[[nodiscard]] inline SafetensorsHeader read_safetensors_header(const std::string& path) {
    InputFile file(path);
    return detail::SafetensorsHeaderReader(file).read();
}

/// Reads all tensors, in the order of the header, and the metadata.
/// @param file  at its start.
/// @throws IoError as read_safetensors_header does.
[[nodiscard]] inline Safetensors read_safetensors(InputFile& file) {
    SafetensorsHeader header = detail::SafetensorsHeaderReader(file).read();
    Safetensors contents{{}, std::move(header.metadata)};
    for (const auto& entry : header.tensors) {
        Array array(entry.dtype, entry.dims);
        file.seek(header.data_begin + entry.begin);
        file.read(array.bytes());
        contents.tensors.insert(entry.name, std::move(array));
    }
    return contents;
}

/// The same for the file of that path.
[[nodiscard]] inline Safetensors read_safetensors(const std::string& path) {
    InputFile file(path);
    return read_safetensors(file);
}

/// Writes tensors in their order, or, on failure, nothing.
/// @throws OptionError when a name or a text is not UTF-8 or a tensor is named "__metadata__",
///         IoError when the file cannot be written.
inline void write_safetensors(const std::string& path, const NamedArrays& tensors,
                              const Metadata& metadata = {}) {
    const std::string header = detail::format_safetensors_header(tensors, metadata);
    const std::uint64_t length = header.size();
    OutputFile file(path);
    file.write(std::as_bytes(std::span(&length, 1)));
    file.write(std::as_bytes(std::span(header)));
    for (const auto& [name, array] : tensors) file.write(array.bytes());
    file.commit();
}

}  // namespace oldphoto
