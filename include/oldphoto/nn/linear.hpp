#pragma once

#include <oldphoto/nn/weight_and_bias.hpp>
#include <oldphoto/ops/linear.hpp>

#include <cstddef>
#include <string>

namespace oldphoto {

struct LinearOptions {
    Index in_features;
    Index out_features;
    bool bias = true;
};

/// (N, in) -> (N, out); weight (out, in), bias (out). See linear().
template <class T = float, class B = Cpu>
class Linear {
public:
    static constexpr std::size_t output_axis = 0;  ///< of the weight, counts what comes out

    /// @throws OptionError
    Linear(const LinearOptions& o, const Init& init)
        : parameters_(weight_shape(o), o.bias ? o.out_features : 0, init) {}

    [[nodiscard]] Variable<T, 2, B> operator()(const Variable<T, 2, B>& x) const {
        return (*this)(x, parameters_.weight);
    }
    /// With a weight of the same shape in the place of its own.
    [[nodiscard]] Variable<T, 2, B> operator()(const Variable<T, 2, B>& x,
                                               const Variable<T, 2, B>& weight) const {
        return linear(x, weight, parameters_.bias);
    }
    [[nodiscard]] const WeightAndBias<T, 2, B>& parameters() const noexcept { return parameters_; }
    void visit_parameters(const ParameterVisitor<T, B>& visit) const {
        parameters_.visit_parameters(visit);
    }

private:
    [[nodiscard]] static Shape<2> weight_shape(const LinearOptions& o) {
        if (o.in_features < 1 || o.out_features < 1) {
            throw_option_error(LinearOp::name,
                               detail::joined({"features must be positive, got ", o.in_features,
                                               " -> ", o.out_features}));
        }
        return {o.out_features, o.in_features};
    }

    WeightAndBias<T, 2, B> parameters_;
};

}  // namespace oldphoto
