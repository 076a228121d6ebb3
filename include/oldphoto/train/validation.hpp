#pragma once

#include <oldphoto/image/color.hpp>
#include <oldphoto/image/stb.hpp>
#include <oldphoto/metrics/psnr.hpp>
#include <oldphoto/metrics/ssim.hpp>

#include <functional>
#include <string>
#include <vector>

namespace oldphoto {

/// How close pictures are to what they should be.
struct Score {
    double psnr = 0;  ///< dB
    double ssim = 0;
};

/// The score of one picture, compared as RGB of 8 bits.
/// @throws ShapeError when the sizes differ or a side is shorter than the window of SSIM.
[[nodiscard]] inline Score score_of(const Image& clean, const Image& restored) {
    const Image a = to_rgb(to_8_bit(clean));
    const Image b = to_rgb(to_8_bit(restored));
    if (a.size() != b.size()) {
        throw_shape_error("score", "the photos must have the same size",
                          {{"clean (H, W)", {a.height(), a.width()}},
                           {"restored (H, W)", {b.height(), b.width()}}});
    }
    return {psnr(a.samples(), b.samples()),
            ssim(a.samples(), b.samples(), a.height(), a.width(), a.channels())};
}

/// A damaged photo beside the clean one; the same file where a VAE is to reproduce it.
struct ValidationPair {
    std::string damaged;
    std::string clean;
};

/// Mean scores over all pairs of what `restore` makes of the damaged photos.
/// @throws IoError when a file cannot be read; ShapeError as score_of(); OptionError for no pairs
[[nodiscard]] inline Score validate(const std::function<Image(const Image&)>& restore,
                                    const std::vector<ValidationPair>& pairs) {
    if (pairs.empty()) throw_option_error("validate", "expected at least one pair of photos");
    Score total;
    for (const auto& [damaged, clean] : pairs) {
        const Score score = score_of(read_image(clean), restore(read_image(damaged)));
        total.psnr += score.psnr;
        total.ssim += score.ssim;
    }
    const auto count = static_cast<double>(pairs.size());
    return {total.psnr / count, total.ssim / count};
}

}  // namespace oldphoto
