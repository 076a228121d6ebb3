#pragma once

#include <oldphoto/tensor/random.hpp>
#include <oldphoto/tensor/reduce.hpp>

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace oldphoto {

/// How parameters begin. fan_in is the number of inputs that one output sums over, fan_out the
/// number of outputs that one input goes to, both as PyTorch reads them off a weight (O, C, ...):
/// fan_in = C * taps, fan_out = O * taps. Norms begin as weight 1 and bias 0 whatever the kind.
enum class InitKind {
    zeros,           ///< to be filled from a file
    uniform_fan_in,  ///< U(-b, b), b = 1 / sqrt(fan_in), biases too: PyTorch's layers
    normal,          ///< N(0, 0.02^2), biases as uniform_fan_in: the published networks
    he_normal,       ///< N(0, 2 / fan_in), biases 0 (He, Zhang, Ren, Sun 2015)
    xavier_uniform,  ///< U(-b, b), b = sqrt(6 / (fan_in + fan_out)), biases 0 (Glorot, Bengio 2010)
    orthogonal,      ///< orthonormal rows or columns, biases 0 (Saxe, McClelland, Ganguli 2014)
};

namespace detail {

/// Makes vectors orthonormal, each from what it adds to those before it: modified Gram-Schmidt.
/// @param vectors  `count` of `length` numbers, one after another; count <= length.
inline void orthonormalize(std::vector<double>& vectors, Index count, Index length) {
    const auto vector = [&](Index k) { return vectors.data() + k * length; };
    const auto dot = [&](const double* a, const double* b) {
        double sum = 0;
        for (Index i = 0; i < length; ++i) sum += a[i] * b[i];
        return sum;
    };
    for (Index k = 0; k < count; ++k) {
        double* const v = vector(k);
        const double norm = std::sqrt(dot(v, v));
        for (Index i = 0; i < length; ++i) v[i] /= norm;
        for (Index later = k + 1; later < count; ++later) {
            double* const u = vector(later);
            const double along = dot(u, v);
            for (Index i = 0; i < length; ++i) u[i] -= along * v[i];
        }
    }
}

/// A random matrix, equally likely in every direction: its rows are orthonormal, or its columns
/// where it has more rows than columns.
/// @return row-major.
inline std::vector<double> orthogonal_matrix(Index rows, Index columns, Rng& rng) {
    const bool wide = rows <= columns;
    const Index count = wide ? rows : columns;
    const Index length = wide ? columns : rows;
    std::vector<double> vectors(static_cast<std::size_t>(count * length));
    const std::uint64_t stream = rng.next_stream();
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        vectors[i] = normal_from<double>(philox(rng.seed(), i, stream));
    }
    orthonormalize(vectors, count, length);
    if (wide) return vectors;
    std::vector<double> matrix(vectors.size());
    for (Index i = 0; i < rows * columns; ++i) {
        matrix[static_cast<std::size_t>(i)] =
            vectors[static_cast<std::size_t>(i % columns * rows + i / columns)];
    }
    return matrix;
}

}  // namespace detail

/// Draws the first values of parameters. An Rng stands for uniform_fan_in.
class Init {
public:
    Init(Rng& rng, InitKind kind = InitKind::uniform_fan_in)  // implicit: layers take an Rng
        : rng_(&rng), kind_(kind) {}

    /// Zeros, for parameters that a file will fill.
    [[nodiscard]] static Init zeros() { return {}; }

    /// @param shape  (O, C, ...); for grouped convolutions C is that of a group, for transposed
    ///               ones O and C change places.
    template <class T, class B, std::size_t R>
    [[nodiscard]] Tensor<T, R, B> weight(const Shape<R>& shape) const {
        switch (kind_) {
            case InitKind::zeros:
                break;
            case InitKind::uniform_fan_in:
                return symmetric<T, B>(shape, 1 / std::sqrt(fan_in(shape)));
            case InitKind::normal:
                return normal<T, B>(shape, 0.02);
            case InitKind::he_normal:
                return normal<T, B>(shape, std::sqrt(2 / fan_in(shape)));
            case InitKind::xavier_uniform:
                return symmetric<T, B>(shape, std::sqrt(6 / (fan_in(shape) + fan_out(shape))));
            case InitKind::orthogonal:
                return orthogonal<T, B>(shape);
        }
        return Tensor<T, R, B>::zeros(shape);
    }

    /// @param size    0 for none.
    /// @param weight  shape of the weight that the bias goes with.
    template <class T, class B, std::size_t R>
    [[nodiscard]] Tensor<T, 1, B> bias(Index size, const Shape<R>& weight) const {
        if (kind_ == InitKind::uniform_fan_in || kind_ == InitKind::normal) {
            return symmetric<T, B>(Shape<1>{size}, 1 / std::sqrt(fan_in(weight)));
        }
        return Tensor<T, 1, B>::zeros({size});
    }

    /// A random vector of length 1, equally likely in every direction; zeros where a file will fill
    /// it.
    template <class T, class B>
    [[nodiscard]] Tensor<T, 1, B> unit_vector(Index size) const {
        if (kind_ == InitKind::zeros) return Tensor<T, 1, B>::zeros({size});
        const auto direction = normal<T, B>(Shape<1>{size}, 1);
        return direction / norm_l2(direction);
    }

private:
    Init() = default;

    template <std::size_t R>
    [[nodiscard]] static double fan_in(const Shape<R>& weight) {
        return static_cast<double>(weight.size() / weight[0]);
    }
    template <std::size_t R>
    [[nodiscard]] static double fan_out(const Shape<R>& weight) {
        return static_cast<double>(weight.size() / weight[1]);
    }

    template <class T, class B, std::size_t R>
    [[nodiscard]] Tensor<T, R, B> symmetric(const Shape<R>& shape, double bound) const {
        return uniform<T, R, B>(shape, *rng_, static_cast<T>(-bound), static_cast<T>(bound));
    }
    template <class T, class B, std::size_t R>
    [[nodiscard]] Tensor<T, R, B> normal(const Shape<R>& shape, double deviation) const {
        return oldphoto::normal<T, R, B>(shape, *rng_, T(0), static_cast<T>(deviation));
    }
    template <class T, class B, std::size_t R>
    [[nodiscard]] Tensor<T, R, B> orthogonal(const Shape<R>& shape) const {
        const auto matrix = detail::orthogonal_matrix(shape[0], shape.size() / shape[0], *rng_);
        return Tensor<T, R, B>::from_values(shape, std::vector<T>(matrix.begin(), matrix.end()));
    }

    Rng* rng_ = nullptr;
    InitKind kind_ = InitKind::zeros;
};

}  // namespace oldphoto
