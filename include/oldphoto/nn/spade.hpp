#pragma once

#include <oldphoto/nn/activation.hpp>
#include <oldphoto/nn/conv2d.hpp>
#include <oldphoto/nn/norm.hpp>
#include <oldphoto/nn/sequential.hpp>

namespace oldphoto {

struct SpadeOptions {
    Index channels;
    Index condition_channels;
    Index hidden_channels = 128;
};

/// Spatially-adaptive normalisation: a batch norm whose scale and shift are pictures, made from
/// another one of the same size,
///
///     y = norm(x) * (1 + gamma(a)) + beta(a),  a = relu(shared(condition))
///
/// where shared, gamma and beta are convolutions 3x3. States: "param_free_norm.running_mean", ...,
/// "mlp_shared.0.weight", ..., "mlp_gamma.weight", ..., "mlp_beta.weight", ...
/// Source: Park, Liu, Wang, Zhu, "Semantic image synthesis with spatially-adaptive normalization",
/// CVPR 2019, equations 1 to 3.
template <class T = float, class B = Cpu>
class Spade {
public:
    /// @throws OptionError
    Spade(const SpadeOptions& o, const Init& init)
        : norm_(o.channels, {.affine = false}),
          shared_{conv(o.condition_channels, o.hidden_channels, init), Relu{}},
          gamma_(conv(o.hidden_channels, o.channels, init)),
          beta_(conv(o.hidden_channels, o.channels, init)) {}

    /// @param x          (N, channels, H, W)
    /// @param condition  (N, condition_channels, H, W)
    /// @throws ShapeError
    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x,
                                               const Variable<T, 4, B>& condition) const {
        const auto a = shared_(condition);
        // Read twice, so what is pending on it is better applied once, before.
        static_cast<void>(a.value());
        return norm_(x) * (1 + gamma_(a)) + beta_(a);
    }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        visit_child("param_free_norm", norm_, visit);
        visit_child("mlp_shared", shared_, visit);
        visit_child("mlp_gamma", gamma_, visit);
        visit_child("mlp_beta", beta_, visit);
    }
    void set_training(bool training) { norm_.set_training(training); }

private:
    [[nodiscard]] static Conv2d<T, B> conv(Index from, Index to, const Init& init) {
        return Conv2d<T, B>({.in_channels = from, .out_channels = to, .kernel = 3, .padding = 1},
                            init);
    }

    BatchNorm2d<T, B> norm_;
    Sequential<T, B> shared_;
    Conv2d<T, B> gamma_;
    Conv2d<T, B> beta_;
};

}  // namespace oldphoto
