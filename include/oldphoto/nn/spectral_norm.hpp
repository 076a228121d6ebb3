#pragma once

#include <oldphoto/nn/init.hpp>
#include <oldphoto/nn/layer.hpp>
#include <oldphoto/ops/spectral_norm.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace oldphoto {

/// A layer that multiplies by a weight and can be given another one: layer(x, weight). Its
/// `output_axis` is the axis of the weight that counts what comes out.
template <class L>
concept WeightedLayer = requires(const L& layer) {
    layer.parameters().weight;
    layer.parameters().bias;
    { L::output_axis } -> std::convertible_to<std::size_t>;
};

/// A layer whose weight is divided by its largest singular value sigma, as power iteration finds
/// it. Each call in training does one step of the iteration and then divides by the new u^T M v;
/// outside training, and in the second run of a checkpoint, the stored u and v serve. The gradient
/// goes through the weight in both places and takes u and v as constants.
///
/// M has a row for each output. States, as PyTorch names and orders them: "bias", "weight_orig",
/// "weight_u" (rows), "weight_v" (columns). See spectral_norm().
template <WeightedLayer L>
class SpectralNorm {
    using Weight = std::remove_cvref_t<decltype(std::declval<const L&>().parameters().weight)>;
    using T = typename Weight::value_type;
    using B = typename Weight::backend_type;
    using Matrix = Tensor<T, Weight::rank, B>;
    using Extents = Shape<Weight::rank>;

public:
    /// @param init  draws the first u and v, random unit vectors.
    SpectralNorm(L layer, const Init& init)
        : layer_(std::move(layer)),
          u_(init.unit_vector<T, B>(u_shape().size())),
          v_(init.unit_vector<T, B>(v_shape().size())) {}

    template <class X>
    [[nodiscard]] X operator()(const X& x) const {
        return layer_(x, normalized_weight());
    }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        const auto& parameters = layer_.parameters();
        if (parameters.bias.size() != 0) visit("bias", parameters.bias);
        visit("weight_orig", parameters.weight);
        visit("weight_u", u_);
        visit("weight_v", v_);
    }
    void set_training(bool training) { training_ = training; }

private:
    [[nodiscard]] Extents u_shape() const {
        Extents shape{};
        for (std::size_t k = 0; k < Weight::rank; ++k) shape[k] = 1;
        shape[L::output_axis] = layer_.parameters().weight.dim(L::output_axis);
        return shape;
    }
    [[nodiscard]] Extents v_shape() const {
        Extents shape = layer_.parameters().weight.shape();
        shape[L::output_axis] = 1;
        return shape;
    }
    [[nodiscard]] Weight normalized_weight() const {
        const Weight& weight = layer_.parameters().weight;
        const Matrix u = u_.value().reshape(u_shape());
        const Matrix v = v_.value().reshape(v_shape());
        if (training_ && !Program::replaying()) power_iteration(weight.value(), u, v);
        return spectral_norm(weight, u, v);
    }

    L layer_;
    Variable<T, 1, B> u_;
    Variable<T, 1, B> v_;
    bool training_ = false;
};

}  // namespace oldphoto
