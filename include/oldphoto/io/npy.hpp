#pragma once

#include <oldphoto/core/error.hpp>
#include <oldphoto/core/file.hpp>
#include <oldphoto/core/function_ref.hpp>
#include <oldphoto/io/array.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

/// The npy format: "\x93NUMPY", a version, the length of the header, a Python dict literal, the
/// elements. Source: numpy, doc/neps/nep-0001-npy-format.rst.
namespace oldphoto {

namespace detail {

inline constexpr std::string_view npy_magic = "\x93NUMPY";

/// What follows the byte-order mark in 'descr'.
inline constexpr DTypeCode npy_codes[] = {
    {DType::f16, "f2"}, {DType::f32, "f4"}, {DType::f64, "f8"}, {DType::i8, "i1"},
    {DType::u8, "u1"},  {DType::i16, "i2"}, {DType::u16, "u2"}, {DType::i32, "i4"},
    {DType::u32, "u4"}, {DType::i64, "i8"}, {DType::u64, "u8"}, {DType::boolean, "b1"}};

struct NpyHeader {
    DType dtype;
    bool big_endian;
    bool column_major;
    std::vector<Index> dims;
};

/// Reads {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }: these three keys, in any
/// order, and no other Python.
class NpyDictParser {
public:
    /// @param where  the path with which errors start.
    NpyDictParser(std::string_view text, std::string where)
        : text_(text), where_(std::move(where)) {}

    NpyHeader parse() {
        std::optional<std::string_view> descr;
        std::optional<bool> column_major;
        std::optional<std::vector<Index>> dims;
        read_list('{', '}', [&] {
            const std::string_view key = read_quoted();
            expect(':');
            if (key == "descr" && !descr) {
                descr = read_quoted();
            } else if (key == "fortran_order" && !column_major) {
                column_major = read_boolean();
            } else if (key == "shape" && !dims) {
                dims = read_dims();
            } else {
                fail("unexpected key '" + escape_control(key) + "'");
            }
        });
        skip_space();
        if (!rest().empty()) fail("expected the end of the header");
        if (!descr || !column_major || !dims) fail("descr, fortran_order or shape is missing");
        return {read_dtype(*descr), descr->front() == '>', *column_major, *std::move(dims)};
    }

private:
    DType read_dtype(std::string_view descr) const {
        std::optional<DType> dtype;
        if (!descr.empty() && std::string_view("<>|").find(descr.front()) != descr.npos) {
            dtype = find_dtype(npy_codes, descr.substr(1));
        }
        if (!dtype) fail("element type '" + escape_control(descr) + "' is not supported");
        return *dtype;
    }

    std::vector<Index> read_dims() {
        std::vector<Index> dims;
        read_list('(', ')', [&] { dims.push_back(read_extent()); });
        return dims;
    }

    /// Items between `open` and `close`; a comma may stand after the last one.
    void read_list(char open, char close, FunctionRef<void()> read_item) {
        expect(open);
        while (!accept(close)) {
            read_item();
            if (accept(',')) continue;
            expect(close);
            return;
        }
    }

    /// The text between two equal quotes; none of the names that may stand here needs an escape.
    std::string_view read_quoted() {
        skip_space();
        const char quote = accept('"') ? '"' : '\'';
        if (quote == '\'') expect(quote);
        const std::size_t length = rest().find(quote);
        if (length == std::string_view::npos) fail("quote is not closed");
        const std::string_view quoted = rest().substr(0, length);
        position_ += length + 1;
        return quoted;
    }

    bool read_boolean() {
        skip_space();
        for (const bool value : {false, true}) {
            const std::string_view word = value ? "True" : "False";
            if (!rest().starts_with(word)) continue;
            position_ += word.size();
            return value;
        }
        fail("expected True or False");
    }

    Index read_extent() {
        skip_space();
        const char* const begin = rest().data();
        Index extent = 0;
        const auto status = std::from_chars(begin, begin + rest().size(), extent);
        if (status.ec != std::errc{} || extent < 0) fail("expected an extent of 0 to 2^63 - 1");
        position_ += static_cast<std::size_t>(status.ptr - begin);
        return extent;
    }

    std::string_view rest() const { return text_.substr(position_); }

    void skip_space() {
        position_ = std::min(text_.find_first_not_of(" \n\t", position_), text_.size());
    }

    bool accept(char c) {
        skip_space();
        const bool present = rest().starts_with(c);
        if (present) ++position_;
        return present;
    }

    void expect(char c) {
        if (!accept(c)) fail(std::string("expected ") + c);
    }

    [[noreturn]] void fail(const std::string& reason) const {
        throw_io_error(where_, "header: byte " + std::to_string(position_) + ": " + reason);
    }

    std::string_view text_;
    std::string where_;
    std::size_t position_ = 0;
};

/// Copies elements, of which the first extent varies fastest, so that the last one does.
inline void copy_to_row_major(std::span<const std::byte> column_major, Array& array) {
    const auto item = static_cast<Index>(item_size(array.dtype()));
    const auto& dims = array.dims();
    std::vector<Index> strides(dims.size());
    Index step = item;
    for (std::size_t k = dims.size(); k-- > 0;) {
        strides[k] = step;
        step *= dims[k];
    }
    std::vector<Index> index(dims.size(), 0);
    std::byte* target = array.bytes().data();
    for (const std::byte* source = column_major.data();
         source != column_major.data() + column_major.size(); source += item) {
        std::copy_n(source, item, target);
        for (std::size_t k = 0; k < dims.size(); ++k) {
            target += strides[k];
            if (++index[k] < dims[k]) break;
            target -= strides[k] * dims[k];
            index[k] = 0;
        }
    }
}

inline void swap_byte_order(Array& array) {
    const std::size_t item = item_size(array.dtype());
    const std::span<std::byte> bytes = array.bytes();
    for (std::size_t i = 0; i < bytes.size(); i += item) {
        const auto element = bytes.subspan(i, item);
        std::reverse(element.begin(), element.end());
    }
}

/// Reads one npy file of `size` bytes from a stream, so that a file on disk and a member of an
/// archive take the same way. No element is allocated before the header has been compared with
/// `size`.
class NpyReader {
public:
    /// Fills a span with the next bytes of the stream.
    using Read = FunctionRef<void(std::span<std::byte>)>;

    /// @param where  the path with which errors start.
    /// @param read   what it refers to must outlive the reader.
    NpyReader(std::string where, std::size_t size, Read read)
        : where_(std::move(where)), left_(size), read_(read) {}

    Array read() {
        const std::string text = take_header();
        const NpyHeader header = NpyDictParser(text, where_).parse();
        const auto count = byte_count(header.dtype, header.dims);
        if (count != left_) {
            throw_io_error(where_, std::string(to_string(header.dtype)) + " " +
                                       format_dims(header.dims) + " does not fill the " +
                                       std::to_string(left_) + " bytes after the header");
        }
        Array array(header.dtype, header.dims);
        if (header.column_major) {
            std::vector<std::byte> bytes(*count);
            take(bytes);
            copy_to_row_major(bytes, array);
        } else {
            take(array.bytes());
        }
        if (header.big_endian) swap_byte_order(array);
        return array;
    }

private:
    /// numpy writes headers of about 100 bytes and itself refuses some below this limit.
    static constexpr std::size_t header_limit = 65535;

    std::string take_header() {
        if (take_text(npy_magic.size()) != npy_magic) throw_io_error(where_, "is not an npy file");
        const std::size_t major = take_size(1);
        const std::size_t minor = take_size(1);
        if (major < 1 || major > 3 || minor != 0) {
            throw_io_error(where_, "npy version " + std::to_string(major) + "." +
                                       std::to_string(minor) + " is not supported");
        }
        const std::size_t length = take_size(major == 1 ? 2 : 4);
        if (length > header_limit) {
            throw_io_error(where_, "header of " + std::to_string(length) + " bytes exceeds " +
                                       std::to_string(header_limit));
        }
        return take_text(length);
    }

    std::string take_text(std::size_t size) {
        std::string text(size, '\0');
        take(std::as_writable_bytes(std::span(text)));
        return text;
    }

    /// A number of that many bytes, the lowest first.
    std::size_t take_size(std::size_t bytes) {
        const std::string digits = take_text(bytes);
        std::size_t size = 0;
        for (std::size_t k = bytes; k-- > 0;) {
            size = size << 8U | static_cast<unsigned char>(digits[k]);
        }
        return size;
    }

    void take(std::span<std::byte> out) {
        if (out.size() > left_) throw_io_error(where_, "ends within the npy header");
        read_(out);
        left_ -= out.size();
    }

    std::string where_;
    std::size_t left_;
    Read read_;
};

/// Everything before the elements, version 1.0, padded so that they begin at a multiple of 64.
inline std::string format_npy_header(const Array& array) {
    const std::string_view code = find_code(npy_codes, array.dtype());
    if (code.empty()) {
        throw_option_error("write_npy",
                           "npy has no element type " + std::string(to_string(array.dtype())));
    }
    std::string shape = format_dims(array.dims());
    if (array.dims().size() == 1) shape.insert(shape.size() - 1, ",");
    std::string dict = std::string("{'descr': '") + (item_size(array.dtype()) == 1 ? '|' : '<') +
                       std::string(code) + "', 'fortran_order': False, 'shape': " + shape + ", }";
    constexpr std::size_t preamble = npy_magic.size() + 4;
    dict.append(63 - (preamble + dict.size()) % 64, ' ');
    dict += '\n';
    if (dict.size() > 0xFFFF) {
        throw_option_error("write_npy", std::to_string(array.dims().size()) +
                                            " axes are too many for an npy header");
    }
    std::string header(npy_magic);
    header +=
        {'\1', '\0', static_cast<char>(dict.size() & 0xFFU), static_cast<char>(dict.size() >> 8U)};
    return header + dict;
}

}  // namespace detail

/// Reads versions 1.0 to 3.0; elements in column-major or big-endian order are brought into
/// row-major and little-endian order.
/// @throws IoError when the file is not an npy file that is whole, or holds other elements than
///         integers, floats or bools.
[[nodiscard]] inline Array read_npy(const std::string& path) {
    InputFile file(path);
    const auto read = [&](std::span<std::byte> out) { file.read(out); };
    return detail::NpyReader(path, file.size(), read).read();
}

/// Writes version 1.0 or, on failure, nothing.
/// @throws OptionError for bfloat16, which npy lacks, IoError when the file cannot be written.
inline void write_npy(const std::string& path, const Array& array) {
    const std::string header = detail::format_npy_header(array);
    OutputFile file(path);
    file.write(std::as_bytes(std::span(header)));
    file.write(array.bytes());
    file.commit();
}

}  // namespace oldphoto
