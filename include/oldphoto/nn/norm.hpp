#pragma once

#include <oldphoto/nn/activation.hpp>
#include <oldphoto/nn/layer.hpp>
#include <oldphoto/ops/norm.hpp>

namespace oldphoto {

/// (N, C, H, W): each plane to mean 0 and variance 1, then, where affine, times weight (C) plus
/// bias (C), which begin as 1 and 0.
template <class T = float, class B = Cpu>
class InstanceNorm2d {
public:
    explicit InstanceNorm2d(Index channels, bool affine = false, double eps = 1e-5)
        : weight_(Tensor<T, 1, B>::ones({affine ? channels : 0}), true),
          bias_(Tensor<T, 1, B>::zeros({affine ? channels : 0}), true),
          eps_(eps) {}

    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        return instance_norm(x, weight_, bias_, eps_);
    }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        if (weight_.size() == 0) return;
        visit("weight", weight_);
        visit("bias", bias_);
    }

private:
    Variable<T, 1, B> weight_;
    Variable<T, 1, B> bias_;
    double eps_;
};

struct BatchNorm2dOptions {
    double eps = 1e-5;      ///< added to the variance
    double momentum = 0.1;  ///< share of the batch in the running statistics
    bool affine = true;
};

/// (N, C, H, W): each channel to mean 0 and variance 1 over the batch, then, where affine, times
/// weight (C) plus bias (C), which begin as 1 and 0. Outside training the running statistics take
/// the place of the batch's.
template <class T = float, class B = Cpu>
class BatchNorm2d {
public:
    explicit BatchNorm2d(Index channels, const BatchNorm2dOptions& o = {})
        : weight_(Tensor<T, 1, B>::ones({o.affine ? channels : 0}), true),
          bias_(Tensor<T, 1, B>::zeros({o.affine ? channels : 0}), true),
          running_mean_(Tensor<T, 1, B>::zeros({channels})),
          running_var_(Tensor<T, 1, B>::ones({channels})),
          batches_tracked_(Tensor<T, 0, B>::zeros({})),
          eps_(o.eps),
          momentum_(o.momentum) {}

    [[nodiscard]] Variable<T, 4, B> operator()(const Variable<T, 4, B>& x) const {
        auto y = batch_norm(x, weight_, bias_, running_mean_.value(), running_var_.value(),
                            {.eps = eps_, .momentum = momentum_, .training = training_});
        if (training_ && !Program::replaying()) batches_tracked_.value() += 1;
        return y;
    }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        if (weight_.size() != 0) {
            visit("weight", weight_);
            visit("bias", bias_);
        }
        visit("running_mean", running_mean_);
        visit("running_var", running_var_);
        visit("num_batches_tracked", batches_tracked_);
    }
    void set_training(bool training) { training_ = training; }

private:
    Variable<T, 1, B> weight_;
    Variable<T, 1, B> bias_;
    Variable<T, 1, B> running_mean_;
    Variable<T, 1, B> running_var_;
    Variable<T, 0, B> batches_tracked_;
    double eps_;
    double momentum_;
    bool training_ = false;
};

/// The norm of a network's blocks. The published networks have `instance`; the others are
/// documented options of models of our own.
enum class NormKind { instance, affine_instance, batch, none };

template <class T, class B>
[[nodiscard]] AnyLayer<T, B> make_norm(NormKind kind, Index channels) {
    switch (kind) {
        case NormKind::instance:
            return InstanceNorm2d<T, B>(channels);
        case NormKind::affine_instance:
            return InstanceNorm2d<T, B>(channels, true);
        case NormKind::batch:
            return BatchNorm2d<T, B>(channels);
        case NormKind::none:
            break;
    }
    return Identity{};
}

}  // namespace oldphoto
