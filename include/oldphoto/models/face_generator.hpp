#pragma once

#include <oldphoto/nn/spade_block.hpp>
#include <oldphoto/ops/resample.hpp>
#include <oldphoto/ops/shape.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace oldphoto {

/// The published settings of the generator of faces; those for photos of high resolution have
/// size 512.
struct FaceGeneratorOptions {
    Index size = 256;    ///< load_size: both sides of a face, a multiple of 32
    Index channels = 3;  ///< of a face
    Index width = 64;    ///< ngf: channels at full size, doubled by each halving up to 16 times
    Index hidden = 128;  ///< channels from which a norm makes its scale and shift
    Index labels = 0;    ///< channels of the parsing map, 0 for none; published are 0 and 18

    /// Channels where the face is e times halved: width * 2^min(e, 4).
    [[nodiscard]] Index width_at(Index e) const { return width << std::min(e, Index{4}); }
    /// What fc sees: the parsing map or, where there is none, the face.
    [[nodiscard]] Index first_channels() const { return labels > 0 ? labels : channels; }
    /// What scales and shifts are made from: the parsing map and the face.
    [[nodiscard]] Index condition_channels() const { return labels + channels; }

    [[nodiscard]] friend bool operator==(const FaceGeneratorOptions&,
                                         const FaceGeneratorOptions&) = default;

    /// @throws OptionError
    void check() const {
        const auto require = [](bool holds, const char* rule, Index got) {
            require_option(holds, "face_generator", rule, got);
        };
        require(size >= 32 && size % 32 == 0, "size must be a positive multiple of 32", size);
        require(channels >= 1, "channels must be positive", channels);
        require(width >= 1, "width must be positive", width);
        require(hidden >= 1, "hidden must be positive", hidden);
        require(labels >= 0, "labels must not be negative", labels);
    }
};

/// Paints a degraded face anew, w = options.width and s = options.size:
///
///     states      layers                    channels    size
///     fc          conv 3x3                  16 w        s / 32
///     head_0      block                     16 w        s / 32
///     G_middle_0  enlarged, block           16 w        s / 16
///     G_middle_1  block                     16 w        s / 16
///     up_0        enlarged, block           8 w         s / 8
///     up_1        enlarged, block           4 w         s / 4
///     up_2        enlarged, block           2 w         s / 2
///     up_3        enlarged, block           w           s
///     conv_img    leaky relu, conv 3x3      channels    s
///                 tanh
///
/// fc sees the face, or the parsing map alone where there is one; the blocks (SpadeBlock) see both,
/// the map before the face, at their own size. Faces are resampled bilinearly; maps, and what is
/// enlarged, take the nearest pixel.
/// Source: Wan et al., "Old photo restoration via deep latent space translation", TPAMI 2022, the
/// enhancement of faces; see Spade for the blocks.
template <class T = float, class B = Cpu>
class FaceGenerator {
public:
    using Picture = Variable<T, 4, B>;

    struct Stage {
        const char* name;
        Index halvings;  ///< of the face, to the size of this block
    };
    static constexpr Stage stages[]{{"head_0", 5}, {"G_middle_0", 4}, {"G_middle_1", 4},
                                    {"up_0", 3},   {"up_1", 2},       {"up_2", 1},
                                    {"up_3", 0}};

    /// @throws OptionError
    FaceGenerator(const FaceGeneratorOptions& options, const Init& init)
        : options_(checked(options)),
          fc_(conv(options.first_channels(), options.width_at(stages[0].halvings), init)),
          conv_img_(conv(options.width, options.channels, init)) {
        Index channels = options.width_at(stages[0].halvings);
        for (const auto& stage : stages) {
            const Index width = options.width_at(stage.halvings);
            blocks_.emplace_back(
                SpadeBlockOptions{channels, width, options.condition_channels(), options.hidden},
                init);
            channels = width;
        }
    }

    [[nodiscard]] const FaceGeneratorOptions& options() const noexcept { return options_; }

    /// @param face     (N, channels, size, size), in [-1, 1]
    /// @param parsing  (N, labels, size, size), 1 where a pixel has the label and 0 elsewhere; left
    ///                 out where labels is 0
    /// @return         (N, channels, size, size), in [-1, 1]
    /// @throws ShapeError; OptionError for a parsing map that is missing or too much
    [[nodiscard]] Picture operator()(const Picture& face, const Picture& parsing = {}) const {
        auto x = begin(face, parsing);
        for (std::size_t k = 0; k < blocks_.size(); ++k) {
            x = blocks_[k](enlarged(x, k), condition(face, parsing, k));
        }
        return tanh(conv_img_(LeakyRelu{}(x)));
    }

    // Its steps: operator() is begin(), then block k of enlarged() and condition() for all k, then
    // conv_img.

    /// What fc makes of the face or the map: (N, 16 w, s / 32, s / 32).
    [[nodiscard]] Picture begin(const Picture& face, const Picture& parsing = {}) const {
        check_input(face, parsing);
        const Index side = side_of(0);
        return fc_(parsing.empty() ? resample(face, side, ResampleMode::bilinear)
                                   : resample(parsing, side, ResampleMode::nearest));
    }
    /// x at the size of block k.
    [[nodiscard]] Picture enlarged(const Picture& x, std::size_t k) const {
        return x.dim(2) == side_of(k) ? x : resample(x, side_of(k), ResampleMode::nearest);
    }
    /// What block k sees of face and map: (N, labels + channels, h, w).
    [[nodiscard]] Picture condition(const Picture& face, const Picture& parsing,
                                    std::size_t k) const {
        const auto small = resample(face, side_of(k), ResampleMode::bilinear);
        if (parsing.empty()) return small;
        return concat(1, resample(parsing, side_of(k), ResampleMode::nearest), small);
    }
    /// In the order of `stages`.
    [[nodiscard]] const std::vector<SpadeBlock<T, B>>& blocks() const noexcept { return blocks_; }

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit_child("fc", fc_, visit);
        for (std::size_t k = 0; k < blocks_.size(); ++k) {
            visit_child(stages[k].name, blocks_[k], visit);
        }
        visit_child("conv_img", conv_img_, visit);
    }
    void set_training(bool training) {
        for (auto& block : blocks_) block.set_training(training);
    }

private:
    [[nodiscard]] static Conv2d<T, B> conv(Index from, Index to, const Init& init) {
        return Conv2d<T, B>({.in_channels = from, .out_channels = to, .kernel = 3, .padding = 1},
                            init);
    }
    [[nodiscard]] Index side_of(std::size_t k) const { return options_.size >> stages[k].halvings; }

    void check_input(const Picture& face, const Picture& parsing) const {
        const auto* name = "face_generator";
        const auto& [size, channels, width, hidden, labels] = options_;
        if (!(face.shape() == Shape<4>{face.dim(0), channels, size, size})) {
            throw_shape_error(name, "the face has another size or other channels",
                              {{"face (N, C, H, W)", dims_of(face.shape())},
                               {"expected (C, H, W)", {channels, size, size}}});
        }
        if (parsing.empty() != (labels == 0)) {
            throw_option_error(name, labels == 0 ? "this network takes no parsing map"
                                                 : "this network needs a parsing map");
        }
        if (labels > 0 && !(parsing.shape() == Shape<4>{face.dim(0), labels, size, size})) {
            throw_shape_error(name, "the parsing map does not fit the face",
                              {{"parsing (N, C, H, W)", dims_of(parsing.shape())},
                               {"expected", {face.dim(0), labels, size, size}}});
        }
    }

    FaceGeneratorOptions options_;
    Conv2d<T, B> fc_;
    std::vector<SpadeBlock<T, B>> blocks_;
    Conv2d<T, B> conv_img_;
};

}  // namespace oldphoto
