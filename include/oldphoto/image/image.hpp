#pragma once

#include <oldphoto/core/error.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oldphoto {

/// Pixels across and down.
struct Size {
    Index width;
    Index height;

    [[nodiscard]] friend bool operator==(const Size&, const Size&) = default;
};

/// "640 x 480"
[[nodiscard]] inline std::string to_string(const Size& size) {
    return detail::joined({size.width, " x ", size.height});
}

namespace detail {

/// @throws OptionError when a side lies outside 1 .. 2^30.
inline void check_size(std::string_view op, const Size& size) {
    constexpr Index largest_side = Index{1} << 30;
    if (size.width < 1 || size.height < 1 || size.width > largest_side ||
        size.height > largest_side) {
        throw_option_error(op, joined({"sides must lie in 1 .. 2^30, got ", to_string(size)}));
    }
}

}  // namespace detail

/// What a picture is made of: 0 is black, the type's largest value is white.
template <class T>
concept Sample = std::same_as<T, std::uint8_t> || std::same_as<T, std::uint16_t>;

/// A photo or a mask in memory: grey (1 channel) or RGB (3), 8 or 16 bits a sample, sRGB as stored
/// in its file, and apart from them an optional alpha plane of the same depth. A value: a copy is
/// independent.
///
/// The samples of pixel (y, x) stand at (y * width + x) * channels. Whatever computes on pictures
/// takes 8 bits; a 16-bit picture keeps its precision until to_8_bit() is called.
class Image {
public:
    /// A black 8-bit picture without alpha.
    /// @throws OptionError when a side lies outside 1 .. 2^30 or `channels` is neither 1 nor 3.
    [[nodiscard]] static Image black(Size size, Index channels) {
        check_layout(size, channels);
        return from_samples(size, channels,
                            std::vector<std::uint8_t>(count(size.width * size.height * channels)));
    }

    /// @param samples  (height, width, channels), row by row.
    /// @throws OptionError as black() does; ShapeError when the number of samples does not fit.
    template <Sample S>
    [[nodiscard]] static Image from_samples(Size size, Index channels, std::vector<S> samples) {
        check_samples(size, channels, std::ssize(samples));
        Image image(size, channels);
        planes_of<S>(image).samples = std::move(samples);
        return image;
    }

    [[nodiscard]] Size size() const noexcept { return size_; }
    [[nodiscard]] Index width() const noexcept { return size_.width; }
    [[nodiscard]] Index height() const noexcept { return size_.height; }
    [[nodiscard]] Index channels() const noexcept { return channels_; }

    /// 8 or 16.
    [[nodiscard]] int bits() const noexcept { return deep_.samples.empty() ? 8 : 16; }

    [[nodiscard]] bool has_alpha() const noexcept {
        return !usual_.alpha.empty() || !deep_.alpha.empty();
    }

    /// All samples, (height, width, channels).
    /// @throws OptionError when the picture's depth is not that of S.
    template <Sample S = std::uint8_t>
    [[nodiscard]] std::span<const S> samples() const {
        return checked_planes_of<S>(*this).samples;
    }
    template <Sample S = std::uint8_t>
    [[nodiscard]] std::span<S> samples() {
        return checked_planes_of<S>(*this).samples;
    }

    /// The alpha plane, (height, width), 0 transparent; empty without alpha.
    /// @throws OptionError when the picture's depth is not that of S.
    template <Sample S = std::uint8_t>
    [[nodiscard]] std::span<const S> alpha() const {
        return checked_planes_of<S>(*this).alpha;
    }
    template <Sample S = std::uint8_t>
    [[nodiscard]] std::span<S> alpha() {
        return checked_planes_of<S>(*this).alpha;
    }

    /// @param alpha  (height, width).
    /// @throws OptionError when the picture's depth is not that of S; ShapeError when the number of
    /// samples does not fit.
    template <Sample S>
    void set_alpha(std::vector<S> alpha) {
        auto& target = checked_planes_of<S>(*this).alpha;
        check_alpha(std::ssize(alpha));
        target = std::move(alpha);
    }

    /// Same size, channels, depth, samples and alpha.
    [[nodiscard]] friend bool operator==(const Image&, const Image&) = default;

private:
    template <Sample S>
    struct Planes {
        std::vector<S> samples;
        std::vector<S> alpha;

        [[nodiscard]] friend bool operator==(const Planes&, const Planes&) = default;
    };

    Image(Size size, Index channels) : size_(size), channels_(channels) {}

    static std::size_t count(Index n) noexcept { return static_cast<std::size_t>(n); }

    static void check_layout(Size size, Index channels) {
        detail::check_size("Image", size);
        if (channels != 1 && channels != 3) {
            throw_option_error(
                "Image", detail::joined({"expected 1 (grey) or 3 (RGB) channels, got ", channels}));
        }
    }

    // Once, and not in every function that makes a picture.
    [[gnu::noinline]] static void check_samples(Size size, Index channels, Index samples) {
        check_layout(size, channels);
        if (samples == size.width * size.height * channels) return;
        throw_shape_error("Image", "expected height * width * channels samples",
                          {{"picture (H, W, C)", {size.height, size.width, channels}},
                           {"samples (count)", {samples}}});
    }

    [[gnu::noinline]] void check_alpha(Index alpha) const {
        if (alpha == size_.width * size_.height) return;
        throw_shape_error(
            "Image", "expected one alpha sample a pixel",
            {{"picture (H, W)", {size_.height, size_.width}}, {"alpha (count)", {alpha}}});
    }

    void check_bits(int asked) const {
        if (bits() != asked) throw_other_depth(asked);
    }
    [[noreturn, gnu::cold, gnu::noinline]] void throw_other_depth(int asked) const {
        throw_option_error("Image", detail::joined({asked, "-bit samples asked of a picture with ",
                                                    bits(), "; to_8_bit() converts it"}));
    }

    template <Sample S, class Self>
    static auto& planes_of(Self& self) {
        if constexpr (std::same_as<S, std::uint8_t>) {
            return self.usual_;
        } else {
            return self.deep_;
        }
    }

    /// The planes of depth S.
    /// @throws OptionError when the picture has the other depth.
    template <Sample S, class Self>
    static auto& checked_planes_of(Self& self) {
        self.check_bits(8 * sizeof(S));
        return planes_of<S>(self);
    }

    Size size_;
    Index channels_;
    // One of the two is empty. Not a variant, which takes a compiler longer than both together.
    Planes<std::uint8_t> usual_;
    Planes<std::uint16_t> deep_;
};

namespace detail {

/// round(v / 257), so that 0 .. 65535 maps onto 0 .. 255.
inline std::vector<std::uint8_t> narrowed(std::span<const std::uint16_t> samples) {
    std::vector<std::uint8_t> narrow(samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
        narrow[i] = static_cast<std::uint8_t>((samples[i] + 128U) / 257U);
    }
    return narrow;
}

}  // namespace detail

/// The picture with 8 bits a sample, each rounded to the nearest; as it is when it has them
/// already.
[[nodiscard]] inline Image to_8_bit(Image image) {
    if (image.bits() == 8) return image;
    auto result = Image::from_samples(image.size(), image.channels(),
                                      detail::narrowed(image.samples<std::uint16_t>()));
    if (image.has_alpha()) result.set_alpha(detail::narrowed(image.alpha<std::uint16_t>()));
    return result;
}

}  // namespace oldphoto
