#pragma once

#include <cmath>

#include <oldphoto/tensor/random.hpp>

namespace oldphoto {

/// How parameters begin. Bounds and deviations follow from the number of inputs that one output
/// sums over (fan_in = C / groups * kh * kw) and, where named, of outputs (fan_out).
enum class InitKind {
    zeros,           ///< to be filled from a file
    uniform_fan_in,  ///< U(-b, b), b = 1 / sqrt(fan_in): what PyTorch's layers begin with
    normal,          ///< N(0, 0.02): the published networks; biases as uniform_fan_in
    he_normal,       ///< N(0, 2 / fan_in); biases 0 (He, Zhang, Ren, Sun 2015)
    xavier_uniform,  ///< U(-b, b), b = sqrt(6 / (fan_in + fan_out)); biases 0 (Glorot, Bengio 2010)
};

/// Draws the first values of parameters. An Rng stands for uniform_fan_in.
class Init {
public:
    Init(Rng& rng, InitKind kind = InitKind::uniform_fan_in)  // implicit: layers take an Rng
        : rng_(&rng), kind_(kind) {}

    /// Zeros, for parameters that a file will fill.
    [[nodiscard]] static Init zeros() { return {}; }

    template <class T, std::size_t R, class B>
    [[nodiscard]] Tensor<T, R, B> weight(const Shape<R>& shape, Index fan_in, Index fan_out) const {
        const double in = static_cast<double>(fan_in);
        switch (kind_) {
            case InitKind::zeros:
                break;
            case InitKind::uniform_fan_in:
                return symmetric<T, R, B>(shape, 1 / std::sqrt(in));
            case InitKind::normal:
                return oldphoto::normal<T, R, B>(shape, *rng_, T(0), T(0.02));
            case InitKind::he_normal:
                return oldphoto::normal<T, R, B>(shape, *rng_, T(0), T(std::sqrt(2 / in)));
            case InitKind::xavier_uniform:
                return symmetric<T, R, B>(shape,
                                          std::sqrt(6 / (in + static_cast<double>(fan_out))));
        }
        return Tensor<T, R, B>::zeros(shape);
    }

    template <class T, class B>
    [[nodiscard]] Tensor<T, 1, B> bias(Index size, Index fan_in) const {
        if (kind_ == InitKind::uniform_fan_in || kind_ == InitKind::normal) {
            return symmetric<T, 1, B>({size}, 1 / std::sqrt(static_cast<double>(fan_in)));
        }
        return Tensor<T, 1, B>::zeros({size});
    }

private:
    Init() = default;

    template <class T, std::size_t R, class B>
    [[nodiscard]] Tensor<T, R, B> symmetric(const Shape<R>& shape, double bound) const {
        return uniform<T, R, B>(shape, *rng_, static_cast<T>(-bound), static_cast<T>(bound));
    }

    Rng* rng_ = nullptr;
    InitKind kind_ = InitKind::zeros;
};

}  // namespace oldphoto
