#pragma once

#include <oldphoto/nn/activation.hpp>
#include <oldphoto/nn/conv2d.hpp>
#include <oldphoto/nn/pool.hpp>
#include <oldphoto/nn/sequential.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace oldphoto {

/// The published settings of VGG-19.
struct Vgg19Options {
    Index in_channels = 3;
    Index width = 64;  ///< channels of the first stage, doubled by each of the next three

    /// Channels of stage k: width * (1, 2, 4, 8, 8).
    [[nodiscard]] Index width_at(Index k) const { return width << std::min(k, Index{3}); }

    [[nodiscard]] friend bool operator==(const Vgg19Options&, const Vgg19Options&) = default;

    /// @throws OptionError
    void check() const {
        require_option(in_channels >= 1, "vgg19", "in_channels must be positive", in_channels);
        require_option(width >= 1, "vgg19", "width must be positive", width);
    }
};

/// The features of VGG-19 up to relu5_1, by which the perceptual loss compares pictures:
///
///     stage     1           2                 3                       4                        5
///     features  0, 2        5, 7              10, 12, 14, 16          19, 21, 23, 25           28
///     channels  64          128               256                     512                      512
///     size      full        / 2               / 4                     / 8                      /
///     16
///
/// Each number is a 3x3 convolution padded by one zero, its relu follows; stages begin with a 2x2
/// max pooling from the second on. States, as torchvision names them: "features.0.weight", ...
///
/// The published system hands it pictures in [-1, 1] as they are, without the mean and deviation
/// of ImageNet, and never trains it: leave its parameters out of the list that a walk is given.
/// Source: Simonyan, Zisserman, "Very deep convolutional networks for large-scale image
/// recognition", ICLR 2015, configuration E.
template <class T = float, class B = Cpu>
class Vgg19Features {
public:
    static constexpr std::size_t stages = 5;
    /// relu1_1, relu2_1, relu3_1, relu4_1, relu5_1
    using Slices = std::array<Variable<T, 4, B>, stages>;

    /// @throws OptionError
    Vgg19Features(const Vgg19Options& options, const Init& init) : options_(options) {
        options_.check();
        constexpr std::array<int, stages> convolutions{2, 2, 4, 4, 1};
        Index channels = options_.in_channels;
        for (std::size_t k = 0; k < stages; ++k) {
            const Index width = options_.width_at(static_cast<Index>(k));
            if (k > 0) features_.add(MaxPool2d{{.kernel = 2}});
            for (int i = 0; i < convolutions[k]; ++i) {
                features_.add(Conv2d<T, B>(
                    {.in_channels = channels, .out_channels = width, .kernel = 3, .padding = 1},
                    init));
                features_.add(Relu{});
                channels = width;
                if (i == 0) ends_[k] = features_.size();
            }
        }
    }

    [[nodiscard]] const Vgg19Options& options() const noexcept { return options_; }

    /// @param x  (N, in_channels, H, W), sides of at least 16
    /// @throws ShapeError for other channels or smaller sides.
    [[nodiscard]] Slices operator()(const Variable<T, 4, B>& x) const {
        Slices slices;
        auto y = x;
        for (std::size_t k = 0; k < stages; ++k) {
            y = features_.slice(k == 0 ? 0 : ends_[k - 1], ends_[k])(y);
            // Read by the next slice and by the caller: what is pending is better applied once.
            static_cast<void>(y.value());
            slices[k] = y;
        }
        return slices;
    }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit_child("features", features_, visit);
    }

private:
    Vgg19Options options_;
    Sequential<T, B> features_;
    std::array<std::size_t, stages> ends_{};  // of the slices, in features_
};

}  // namespace oldphoto
