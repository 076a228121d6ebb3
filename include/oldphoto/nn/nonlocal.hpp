#pragma once

#include <oldphoto/nn/norm.hpp>
#include <oldphoto/nn/weight_and_bias.hpp>
#include <oldphoto/ops/attention.hpp>
#include <oldphoto/ops/matmul.hpp>
#include <oldphoto/ops/pool.hpp>
#include <oldphoto/ops/shape.hpp>

#include <algorithm>
#include <optional>
#include <string_view>

namespace oldphoto {

/// How a non-local block weighs position j for position i.
enum class NonlocalKind {
    gaussian,           ///< softmax over j of x_i . x_j
    embedded_gaussian,  ///< softmax over j of theta_i . phi_j
    dot_product,        ///< theta_i . phi_j over the number of positions j
    concatenation,      ///< relu(w . [theta_i, phi_j]) over the number of positions j
};

struct NonlocalOptions {
    Index channels;
    Index inner_channels = 0;  ///< of theta, phi and g; 0: half of channels, but at least 1
    NonlocalKind kind = NonlocalKind::embedded_gaussian;
    bool sub_sample = true;  ///< positions j are the largest of 2, 2 x 2 or 1 x 2 x 2 neighbours
    bool batch_norm = true;  ///< after W, which then begins as usual and the norm as zeros

    /// @throws OptionError
    void check() const {
        require_option(channels >= 1, "nonlocal", "channels must be positive", channels);
        require_option(inner_channels >= 0, "nonlocal", "inner_channels must not be negative",
                       inner_channels);
    }
};

/// A convolution whose windows are single positions, of any rank: a product with a matrix.
/// (N, C, positions) -> (N, O, positions); weight (O, C, 1, ...) with `Axes` ones, bias (O).
template <std::size_t Axes, class T = float, class B = Cpu>
class PointwiseConv {
public:
    PointwiseConv(Index in_channels, Index out_channels, const Init& init)
        : parameters_(weight_shape(in_channels, out_channels), out_channels, init) {}

    [[nodiscard]] Variable<T, 3, B> operator()(const Variable<T, 3, B>& x) const {
        const Index outputs = parameters_.weight.dim(0);
        const Index inputs = parameters_.weight.dim(1);
        const auto matrix = reshape(parameters_.weight, Shape<3>{1, outputs, inputs});
        return matmul(matrix, x) + reshape(parameters_.bias, Shape<3>{1, outputs, 1});
    }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        parameters_.visit_parameters(visit);
    }

private:
    [[nodiscard]] static Shape<Axes + 2> weight_shape(Index in_channels, Index out_channels) {
        Shape<Axes + 2> shape{};
        std::fill_n(shape.extents, Axes + 2, Index{1});
        shape[0] = out_channels;
        shape[1] = in_channels;
        return shape;
    }

    WeightAndBias<T, Axes + 2, B> parameters_;
};

/// The non-local block: every position of x becomes
///
///     z_i = x_i + W y_i,  y_i = 1/C(x) sum over j of f(x_i, x_j) g(x_j)
///
/// with f and its C of NonlocalKind. It begins as the identity. x is (N, channels, W) for 1 axis,
/// (N, channels, H, W) for 2 or (N, channels, T, H, W) for 3; z has its shape. States: "g.weight",
/// "W.weight", "theta.weight", "phi.weight" and, by the options, "concat_project.0.weight";
/// "g.0.weight" and "phi.0.weight" where a pooling follows; "W.0.weight" and "W.1.weight" where a
/// norm does.
///
/// No matrix of all pairs is formed: softmaxes stream (ops/attention.hpp), the dot product is
/// g (phi^T theta) taken as (g phi^T) theta, and the concatenation, relu(a_i + b_j), is relu of the
/// product of (a_i, 1) and (1, b_j).
/// Source: Wang, Girshick, Gupta, He, "Non-local neural networks", CVPR 2018.
template <std::size_t Axes, class T = float, class B = Cpu>
class Nonlocal {
    static_assert(Axes >= 1 && Axes <= 3, "nonlocal: expected 1, 2 or 3 axes of positions");

public:
    static constexpr std::size_t rank = Axes + 2;

    /// @throws OptionError
    Nonlocal(const NonlocalOptions& o, const Init& init)
        : options_(checked(o)),
          g_(o.channels, inner_channels(), init),
          w_(inner_channels(), o.channels, o.batch_norm ? init : Init::zeros()) {
        if (o.kind != NonlocalKind::gaussian) {
            theta_.emplace(o.channels, inner_channels(), init);
            phi_.emplace(o.channels, inner_channels(), init);
        }
        if (o.kind == NonlocalKind::concatenation) {
            project_.emplace(Shape<4>{1, 2 * inner_channels(), 1, 1}, 0, init);
        }
        if (o.batch_norm) {
            norm_.emplace(o.channels);
            const auto clear_weight = [](std::string_view name, const AnyVariable<T, B>& variable) {
                if (name == "weight") variable.value().fill(T(0));
            };
            norm_->visit_parameters(ParameterVisitor<T, B>(clear_weight));
        }
    }

    [[nodiscard]] const NonlocalOptions& options() const noexcept { return options_; }

    /// @throws ShapeError for other channels; with sub_sample, for sides below 2.
    [[nodiscard]] Variable<T, rank, B> operator()(const Variable<T, rank, B>& x) const {
        const auto shape = x.shape();
        if (shape[1] != options_.channels) {
            throw_shape_error("nonlocal", "x must have the channels of the block",
                              {{"x (N, C, ...)", dims_of(shape)}, {"C", {options_.channels}}});
        }
        const Index positions = shape.size() / (shape[0] * shape[1]);
        const auto tokens = reshape(x, Shape<3>{shape[0], shape[1], positions});
        auto y = w_(sums(tokens, shape));
        if (norm_) {
            const auto column = reshape(y, Shape<4>{shape[0], shape[1], positions, 1});
            y = reshape((*norm_)(column), Shape<3>{shape[0], shape[1], positions});
        }
        return x + reshape(y, shape);
    }

    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit_child(options_.sub_sample ? "g.0" : "g", g_, visit);
        visit_child(options_.batch_norm ? "W.0" : "W", w_, visit);
        if (norm_) visit_child("W.1", *norm_, visit);
        if (theta_) visit_child("theta", *theta_, visit);
        if (phi_) visit_child(options_.sub_sample ? "phi.0" : "phi", *phi_, visit);
        if (project_) visit_child("concat_project.0", *project_, visit);
    }
    void set_training(bool training) {
        if (norm_) norm_->set_training(training);
    }

private:
    using Tokens = Variable<T, 3, B>;  // (N, channels, positions)

    [[nodiscard]] Index inner_channels() const noexcept {
        return options_.inner_channels > 0 ? options_.inner_channels
                                           : std::max(options_.channels / 2, Index{1});
    }

    /// Of f at all positions of x, those that are weighed.
    [[nodiscard]] Tokens sub_sampled(const Tokens& f, const Shape<rank>& x) const {
        if (!options_.sub_sample) return f;
        // Moments of time are as good as channels for a pooling that leaves them apart.
        const Index width = x[rank - 1];
        const Index height = Axes == 1 ? 1 : x[rank - 2];
        const Index planes = f.dim(1) * f.dim(2) / (height * width);
        const auto pooled = max_pool2d(reshape(f, Shape<4>{f.dim(0), planes, height, width}),
                                       {.kernel = {Axes == 1 ? 1 : 2, 2}});
        return reshape(pooled, Shape<3>{f.dim(0), f.dim(1), pooled.size() / (f.dim(0) * f.dim(1))});
    }

    /// y.
    [[nodiscard]] Tokens sums(const Tokens& x, const Shape<rank>& shape) const {
        const auto values = sub_sampled(g_(x), shape);
        if (options_.kind == NonlocalKind::gaussian) {
            return attention(x, sub_sampled(x, shape), values);
        }
        const auto theta = (*theta_)(x);
        const auto phi = sub_sampled((*phi_)(x), shape);
        if (options_.kind == NonlocalKind::embedded_gaussian) return attention(theta, phi, values);
        if (options_.kind == NonlocalKind::concatenation) return concatenated(theta, phi, values);
        const T share = T(1) / static_cast<T>(phi.dim(2));
        return matmul(matmul(values, transpose(phi, 1, 2)) * share, theta);
    }

    [[nodiscard]] Tokens concatenated(const Tokens& theta, const Tokens& phi,
                                      const Tokens& values) const {
        const auto projected = [&](const Tokens& x, Index first) {
            const Index inner = x.dim(1);
            const auto weight = slice(project_->weight, 1, first, first + inner);
            return matmul(reshape(weight, Shape<3>{1, 1, inner}), x);
        };
        const auto a = projected(theta, 0);
        const auto b = projected(phi, theta.dim(1));
        const auto ones = [](const Tokens& like) {
            return Tokens(Tensor<T, 3, B>::ones(like.shape()));
        };
        return relu_attention(concat(1, a, ones(a)), concat(1, ones(b), b), values);
    }

    NonlocalOptions options_;
    PointwiseConv<Axes, T, B> g_;
    PointwiseConv<Axes, T, B> w_;
    std::optional<PointwiseConv<Axes, T, B>> theta_{};
    std::optional<PointwiseConv<Axes, T, B>> phi_{};
    std::optional<WeightAndBias<T, 4, B>> project_{};
    std::optional<BatchNorm2d<T, B>> norm_{};
};

}  // namespace oldphoto
