#pragma once

#include <oldphoto/core/file.hpp>
#include <oldphoto/core/function_ref.hpp>
#include <oldphoto/image/color.hpp>
#include <oldphoto/image/inspect.hpp>
#include <oldphoto/image/orientation.hpp>

#include <algorithm>
#include <array>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Pictures from and to files and memory, decoded and encoded by stb_image and stb_image_write.
///
/// Any number of translation units of a program may include this header: stb and every function
/// below have internal linkage, so each unit has its own copy, state included, which the compiler
/// drops where it is not used. It follows that an inline function or template of another header
/// must not call them, or it would mean something else in each unit: call them from source files.
/// A unit that includes this header cannot include stb_image.h or stb_image_write.h itself; another
/// unit of the same program can.

#if defined(STBI_INCLUDE_STB_IMAGE_H) || defined(INCLUDE_STB_IMAGE_WRITE_H)
#error "stb_image is included already; include oldphoto/image/stb.hpp in a file of its own"
#endif

namespace oldphoto::detail {

/// Thrown where stb would abort: its assertions, which hostile data or a lack of memory may break.
struct StbAssertion {};

/// stb has C callbacks and C memory; a broken assertion leaks what it held.
static inline void stb_assert(bool condition) {
    if (!condition) throw StbAssertion{};
}

}  // namespace oldphoto::detail

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_ASSERT(condition) ::oldphoto::detail::stb_assert(condition)
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STBIW_ASSERT(condition) ::oldphoto::detail::stb_assert(condition)
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#if __has_include(<stb/stb_image.h>)
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>
#else
#include <stb_image.h>
#include <stb_image_write.h>
#endif
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
#undef STB_IMAGE_IMPLEMENTATION
#undef STB_IMAGE_WRITE_IMPLEMENTATION

namespace oldphoto {

struct ReadOptions {
    /// Accept a picture whose data ends early or has wrong checksums; what is missing is invented
    /// (mostly black or grey).
    bool tolerant = false;
    /// Judged from the header, before anything is allocated.
    Index max_pixels = Index{1} << 28;
};

struct WriteOptions {
    /// 1 (small) to 100 (good); for JPEG alone.
    int jpeg_quality = 95;
};

namespace detail {

struct StbDeleter {
    void operator()(void* memory) const noexcept { stbi_image_free(memory); }
};

static inline const stbi_uc* stb_bytes(Bytes bytes) {
    return reinterpret_cast<const stbi_uc*>(bytes.data());
}

/// Splits pixels into colour, of `color` bytes a pixel, and the alpha that follows each.
static inline void split_pixels(const std::byte* pixels, Index color, std::span<std::byte> colors,
                                Index alpha, std::span<std::byte> alphas) {
    std::byte* write_color = colors.data();
    std::byte* write_alpha = alphas.data();
    while (write_alpha != alphas.data() + alphas.size()) {
        write_color = std::copy_n(pixels, color, write_color);
        write_alpha = std::copy_n(pixels + color, alpha, write_alpha);
        pixels += color + alpha;
    }
}

/// Splits samples into colour and alpha; stb gives grey, grey and alpha, RGB or RGBA.
template <Sample S>
Image image_from_interleaved(const S* samples, Size size, Index channels) {
    const Index colors = channels < 3 ? 1 : 3;
    const Index pixels = size.width * size.height;
    if (colors == channels) {
        return Image::from_samples(size, colors,
                                   std::vector<S>(samples, samples + pixels * colors));
    }
    std::vector<S> color(static_cast<std::size_t>(pixels * colors));
    std::vector<S> alpha(static_cast<std::size_t>(pixels));
    constexpr auto bytes = static_cast<Index>(sizeof(S));
    split_pixels(reinterpret_cast<const std::byte*>(samples), colors * bytes,
                 std::as_writable_bytes(std::span(color)), bytes,
                 std::as_writable_bytes(std::span(alpha)));
    auto image = Image::from_samples(size, colors, std::move(color));
    image.set_alpha(std::move(alpha));
    return image;
}

/// @param bits  8 or 16 a sample, as the picture has them.
static inline Image decode_with_stb(Bytes bytes, const std::string& name, int bits) {
    const auto fail = [&](const char* reason) {
        throw_io_error(name, joined({"cannot be decoded: ", reason}));
    };
    if (bytes.size() > INT_MAX) fail("it has more than 2^31 - 1 bytes");
    const stbi_uc* const begin = stb_bytes(bytes);
    const int count = static_cast<int>(bytes.size());
    int width = 0;
    int height = 0;
    int channels = 0;
    std::unique_ptr<void, StbDeleter> samples;
    try {
        if (bits == 8) {
            samples.reset(stbi_load_from_memory(begin, count, &width, &height, &channels, 0));
        } else {
            samples.reset(stbi_load_16_from_memory(begin, count, &width, &height, &channels, 0));
        }
    } catch (const StbAssertion&) {
        fail("its data contradicts itself");
    }
    if (!samples) fail(stbi_failure_reason());
    const Size size{width, height};
    return bits == 8
               ? image_from_interleaved(static_cast<std::uint8_t*>(samples.get()), size, channels)
               : image_from_interleaved(static_cast<std::uint16_t*>(samples.get()), size, channels);
}

/// The rows of a damaged PNG as far as they can be unpacked, zero beyond.
static inline std::vector<std::byte> unpacked_rows(const PngFile& file) {
    const auto packed = png_packed_data(file);
    std::vector<std::byte> rows(png_unpacked_bytes(file));
    if (rows.size() <= INT_MAX && packed.size() <= INT_MAX) {
        // The result says how it ended, which is known; what was unpacked before stays in `rows`.
        stbi_zlib_decode_buffer(reinterpret_cast<char*>(rows.data()), static_cast<int>(rows.size()),
                                reinterpret_cast<const char*>(packed.data()),
                                static_cast<int>(packed.size()));
    }
    return rows;
}

/// Encoded data that stb accepts in place of damaged data.
static inline std::vector<std::byte> repaired(Bytes bytes, const std::string& name,
                                              ImageFormat format, Index max_pixels) {
    if (format == ImageFormat::png) {
        const PngFile file = parse_png(bytes, name, max_pixels);
        return rebuilt_png(file, unpacked_rows(file));
    }
    if (format == ImageFormat::jpeg) {
        bytes = bytes.first(parse_jpeg(bytes, name, max_pixels).sound_size);
        std::vector<std::byte> closed(bytes.begin(), bytes.end());
        append(closed, std::array{std::byte{0xFF}, std::byte{jpeg_marker::end_of_image}});
        return closed;
    }
    return {bytes.begin(), bytes.end()};  // stb reads what a BMP lacks as zeros
}

static inline bool all_pixels_grey(const Image& rgb) {
    const auto samples = rgb.samples();
    for (std::size_t i = 0; i < samples.size(); i += 3) {
        if (samples[i] != samples[i + 1] || samples[i] != samples[i + 2]) return false;
    }
    return true;
}

}  // namespace detail

/// Decodes a PNG, JPEG or BMP.
///
/// Grey stays grey, alpha becomes a plane of its own, 16-bit PNG keeps its 16 bits, and the EXIF
/// orientation is applied. A palette counts as grey when all pixels are. CMYK JPEG becomes RGB
/// without a colour profile.
/// @param name  stands before error messages: the file's path.
/// @param info  if given, receives what the headers say; its `damage` is not empty when a damaged
///              picture was accepted.
/// @throws IoError when the data is no such picture, is damaged (unless options.tolerant) beyond
/// recovery, or claims more than options.max_pixels.
[[nodiscard]] static inline Image decode_image(std::span<const std::byte> bytes,
                                               const std::string& name,
                                               const ReadOptions& options = {},
                                               ImageInfo* info = nullptr) {
    const ImageInfo found = inspect_image(bytes, name, options.max_pixels);
    std::vector<std::byte> repaired;
    if (!found.damage.empty()) {
        if (!options.tolerant) throw_io_error(name, found.damage);
        repaired = detail::repaired(bytes, name, found.format, options.max_pixels);
        bytes = repaired;
    }
    Image image = detail::decode_with_stb(bytes, name, found.bits);
    if (found.palette && image.channels() == 3 && detail::all_pixels_grey(image)) {
        image = to_grey(image);
    }
    if (info != nullptr) *info = found;
    return upright(std::move(image), found.orientation);
}

/// Reads a PNG, JPEG or BMP file, told apart by its content and not by its name.
/// @throws IoError as decode_image() does, and when the file cannot be read.
/// @see decode_image for what is kept and for the parameters.
[[nodiscard]] static inline Image read_image(const std::string& path,
                                             const ReadOptions& options = {},
                                             ImageInfo* info = nullptr) {
    InputFile file(path);
    std::vector<std::byte> bytes(std::min(file.size(), detail::signature_size));
    file.read(bytes);
    static_cast<void>(identify_image(bytes, path));  // refuses a large file of another kind early
    if (file.size() > INT_MAX) {
        throw_io_error(
            path, detail::joined({"has ", file.size(), " bytes; a picture may have 2^31 - 1"}));
    }
    const std::size_t start = bytes.size();
    bytes.resize(file.size());
    file.read(std::span(bytes).subspan(start));
    return decode_image(bytes, path, options, info);
}

namespace detail {

static inline void append_encoded(void* target, void* data, int size) {
    append(*static_cast<std::vector<std::byte>*>(target),
           Bytes(static_cast<const std::byte*>(data), static_cast<std::size_t>(size)));
}

/// Colour and alpha side by side, as stb wants them.
static inline std::vector<std::uint8_t> interleaved_with_alpha(const Image& image) {
    const auto colors = image.samples();
    const auto alpha = image.alpha();
    std::vector<std::uint8_t> samples(colors.size() + alpha.size());
    auto read = colors.begin();
    auto write = samples.begin();
    for (const std::uint8_t opacity : alpha) {
        write = std::copy_n(read, image.channels(), write);
        read += image.channels();
        *write++ = opacity;
    }
    return samples;
}

/// A function of stb: encode(append, target, width, height, channels, samples), 0 on failure.
using StbEncode = FunctionRef<int(stbi_write_func*, void*, int, int, int, const std::uint8_t*)>;

/// Runs `encode` and returns its output.
static inline std::vector<std::byte> encode_with_stb(std::string_view op, const Image& image,
                                                     bool keep_alpha, StbEncode encode) {
    constexpr Index most_bytes = Index{1} << 30;  // stb doubles int sizes
    const bool alpha = keep_alpha && image.has_alpha();
    const Index channels = image.channels() + (alpha ? 1 : 0);
    if (image.width() * channels > most_bytes / image.height()) {
        throw_option_error(op,
                           joined({"a picture of ", to_string(image.size()),
                                   " pixels has more than the 2^30 bytes that can be encoded"}));
    }
    std::vector<std::uint8_t> with_alpha;
    if (alpha) with_alpha = interleaved_with_alpha(image);
    const std::uint8_t* samples = alpha ? with_alpha.data() : image.samples().data();
    std::vector<std::byte> bytes;
    bool done = false;
    try {
        done = encode(append_encoded, &bytes, static_cast<int>(image.width()),
                      static_cast<int>(image.height()), static_cast<int>(channels), samples) != 0;
    } catch (const StbAssertion&) {
        done = false;
    }
    if (!done) throw Error(joined({op, ": there is not enough memory"}));
    return bytes;
}

}  // namespace detail

/// An 8-bit picture as PNG, alpha included.
/// @throws OptionError when it has 16 bits or more than 2^30 bytes.
[[nodiscard]] static inline std::vector<std::byte> encode_png(const Image& image) {
    return detail::encode_with_stb("encode_png", image, true,
                                   [](stbi_write_func* append, void* target, int width, int height,
                                      int channels, const std::uint8_t* samples) {
                                       return stbi_write_png_to_func(append, target, width, height,
                                                                     channels, samples,
                                                                     width * channels);
                                   });
}

/// An 8-bit picture as baseline JPEG with three components, of which grey has three equal ones.
/// JPEG has no alpha: it is left out.
/// @param quality  1 to 100; up to 90 colour is stored at half the resolution.
/// @throws OptionError when the quality is out of range, a side is longer than 65535 or the picture
/// has 16 bits or more than 2^30 bytes.
[[nodiscard]] static inline std::vector<std::byte> encode_jpeg(const Image& image, int quality) {
    constexpr Index longest_side = 65535;
    if (quality < 1 || quality > 100) {
        throw_option_error("encode_jpeg",
                           detail::joined({"quality must lie in 1 .. 100, got ", quality}));
    }
    if (image.width() > longest_side || image.height() > longest_side) {
        throw_option_error("encode_jpeg",
                           detail::joined({"a side of a JPEG has at most 65535 pixels, got ",
                                           to_string(image.size())}));
    }
    return detail::encode_with_stb(
        "encode_jpeg", image, false,
        [quality](stbi_write_func* append, void* target, int width, int height, int channels,
                  const std::uint8_t* samples) {
            return stbi_write_jpg_to_func(append, target, width, height, channels, samples,
                                          quality);
        });
}

/// An 8-bit picture as BMP with 24 bits a pixel, or with 32 where it has alpha.
/// @throws OptionError when it has 16 bits or more than 2^30 bytes.
[[nodiscard]] static inline std::vector<std::byte> encode_bmp(const Image& image) {
    return detail::encode_with_stb("encode_bmp", image.has_alpha() ? to_rgb(image) : image, true,
                                   [](stbi_write_func* append, void* target, int width, int height,
                                      int channels, const std::uint8_t* samples) {
                                       return stbi_write_bmp_to_func(append, target, width, height,
                                                                     channels, samples);
                                   });
}

/// The format in which write_image() stores a file of this name: .png, .jpg, .jpeg or .bmp, in
/// capitals or not.
/// @throws IoError when it is none of them.
[[nodiscard]] inline ImageFormat format_for(const std::string& path) {
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    const std::size_t dot = name.rfind('.');
    std::string extension(dot == std::string_view::npos ? "" : name.substr(dot));
    for (char& c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (extension == ".png") return ImageFormat::png;
    if (extension == ".jpg" || extension == ".jpeg") return ImageFormat::jpeg;
    if (extension == ".bmp") return ImageFormat::bmp;
    throw_io_error(path,
                   "cannot be written in a format of that name; oldphoto writes .png, .jpg, "
                   ".jpeg and .bmp");
}

/// @see encode_png, encode_jpeg, encode_bmp.
[[nodiscard]] static inline std::vector<std::byte> encode_image(const Image& image,
                                                                ImageFormat format,
                                                                const WriteOptions& options = {}) {
    switch (format) {
        case ImageFormat::png:
            return encode_png(image);
        case ImageFormat::jpeg:
            return encode_jpeg(image, options.jpeg_quality);
        case ImageFormat::bmp:
            return encode_bmp(image);
    }
    throw_option_error("encode_image", "there is no such format");
}

/// Writes an 8-bit picture in the format that the extension of `path` names. The file appears when
/// it is complete; after a failure what stood under the name before is still there.
/// @throws IoError when the extension is unknown or the file cannot be written; OptionError when
/// the picture does not fit the format.
static inline void write_image(const Image& image, const std::string& path,
                               const WriteOptions& options = {}) {
    write_file_atomically(path, encode_image(image, format_for(path), options));
}

}  // namespace oldphoto
