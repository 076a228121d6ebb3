#pragma once

#include <oldphoto/backend/attention_rule.hpp>
#include <oldphoto/backend/conv_geometry.hpp>
#include <oldphoto/backend/patch_grid.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

/// The heavy kernels as plain loops on one thread, summed in double precision: the oracle of the
/// fast ones, and all that a backend without them needs.
namespace oldphoto::naive {

/// C = A B, or C += A B.
template <class T>
void gemm(const View<T, 2>& c, const View<T, 2>& a, const View<T, 2>& b, bool accumulate = false) {
    const auto element = [](const View<T, 2>& m, Index i, Index j) -> T& {
        return m.data[i * m.strides[0] + j * m.strides[1]];
    };
    for (Index i = 0; i < c.shape[0]; ++i) {
        for (Index j = 0; j < c.shape[1]; ++j) {
            double sum = accumulate ? double(element(c, i, j)) : 0;
            for (Index k = 0; k < a.shape[1]; ++k) {
                sum += double(element(a, i, k)) * double(element(b, k, j));
            }
            element(c, i, j) = static_cast<T>(sum);
        }
    }
}

/// A convolution is a sum of products w * x, one for each output, channel and tap that meets a
/// pixel. Calls visit(y, w, x) for all of them, with the row-major numbers of the elements.
/// @param x  (N, C, H, W)
/// @param w  (O, C / groups, kh, kw)
/// @param y  (N, O, oh, ow)
template <class Visit>
void for_each_product(const ConvGeometry& g, const Shape<4>& x, const Shape<4>& w,
                      const Shape<4>& y, Visit visit) {
    const auto number = [](const Shape<4>& shape, Index n, Index c, Index row, Index column) {
        return ((n * shape[1] + c) * shape[2] + row) * shape[3] + column;
    };
    const Index windows = y.size();
    const Index taps = w.size() / w[0];
    for (Index window = 0; window < windows; ++window) {
        const Index ox = window % y[3];
        const Index oy = window / y[3] % y[2];
        const Index o = window / (y[3] * y[2]) % y[1];
        const Index n = window / (y[3] * y[2] * y[1]);
        const Index group = o / (w[0] / g.groups);
        for (Index tap = 0; tap < taps; ++tap) {
            const Index kx = tap % w[3];
            const Index ky = tap / w[3] % w[2];
            const Index c = tap / (w[3] * w[2]);
            const Index row = oy * g.stride.h + ky * g.dilation.h - g.padding.h;
            const Index column = ox * g.stride.w + kx * g.dilation.w - g.padding.w;
            if (row < 0 || row >= x[2] || column < 0 || column >= x[3]) continue;
            visit(window, o * taps + tap, number(x, n, group * w[1] + c, row, column));
        }
    }
}

/// Sums of a picture (N, C, H, W) before anything is added: the bias of their channel, or 0.
template <class T>
[[nodiscard]] std::vector<double> initial_sums(const Shape<4>& shape, const T* bias) {
    std::vector<double> sums(static_cast<std::size_t>(shape.size()), 0.0);
    const Index pixels = shape[2] * shape[3];
    for (Index i = 0; bias != nullptr && i < shape.size(); ++i) {
        sums[static_cast<std::size_t>(i)] = double(bias[i / pixels % shape[1]]);
    }
    return sums;
}

template <class T, std::size_t R>
void write_sums(const std::vector<double>& sums, const View<T, R>& to) {
    for (std::size_t i = 0; i < sums.size(); ++i) to.data[i] = static_cast<T>(sums[i]);
}

/// y = conv(x, w) + bias; all dense, bias O numbers or null.
template <class T>
void conv2d(const ConvGeometry& g, const View<T, 4>& x, const View<T, 4>& w, const T* bias,
            const View<T, 4>& y) {
    auto sums = initial_sums(y.shape, bias);
    for_each_product(g, x.shape, w.shape, y.shape, [&](Index to, Index tap, Index pixel) {
        sums[static_cast<std::size_t>(to)] += double(w.data[tap]) * double(x.data[pixel]);
    });
    write_sums(sums, y);
}

/// The adjoint in x, and the transposed convolution: x = conv^T(y, w) + bias; bias C numbers or
/// null.
template <class T>
void conv2d_data(const ConvGeometry& g, const View<T, 4>& y, const View<T, 4>& w, const T* bias,
                 const View<T, 4>& x) {
    auto sums = initial_sums(x.shape, bias);
    for_each_product(g, x.shape, w.shape, y.shape, [&](Index from, Index tap, Index pixel) {
        sums[static_cast<std::size_t>(pixel)] += double(w.data[tap]) * double(y.data[from]);
    });
    write_sums(sums, x);
}

/// The adjoint in w.
template <class T>
void conv2d_weights(const ConvGeometry& g, const View<T, 4>& x, const View<T, 4>& y,
                    const View<T, 4>& dw) {
    auto sums = initial_sums<T>(dw.shape, nullptr);
    for_each_product(g, x.shape, dw.shape, y.shape, [&](Index from, Index tap, Index pixel) {
        sums[static_cast<std::size_t>(tap)] += double(y.data[from]) * double(x.data[pixel]);
    });
    write_sums(sums, dw);
}

/// One query's row of the matrices that attention is made of.
struct AttentionRow {
    std::vector<double> products;
    std::vector<double> gates;
    std::vector<double> shares;   ///< the softmax of the products
    std::vector<double> weights;  ///< gated and renormalised
    double open = 0;              ///< the gated shares, summed up
    double divisor = 1;           ///< what renormalises them
};

/// Products and gates to weights, in the steps of the published block: softmax over all keys,
/// gates, division by the sum of what they leave.
inline void weigh_row(const AttentionRule& rule, AttentionRow& row) {
    const std::size_t keys = row.products.size();
    row.weights.resize(keys);
    if (rule.kind == AttentionKind::relu) {
        for (std::size_t j = 0; j < keys; ++j) {
            row.weights[j] = std::max(row.products[j], 0.0) / static_cast<double>(keys);
        }
        return;
    }
    row.shares.resize(keys);
    const double largest = *std::max_element(row.products.begin(), row.products.end());
    double all = 0;
    for (std::size_t j = 0; j < keys; ++j) {
        row.shares[j] = std::exp(row.products[j] - largest);
        all += row.shares[j];
    }
    for (std::size_t j = 0; j < keys; ++j) {
        row.shares[j] /= all;
        row.weights[j] = row.shares[j] * row.gates[j];
        row.open += row.weights[j];
    }
    if (rule.renormalize) row.divisor = std::max(row.open, 1e-12);
    for (double& weight : row.weights) weight /= row.divisor;
}

/// The derivatives of a loss by the weights of a row to those by its products: the same steps
/// backwards.
[[nodiscard]] inline std::vector<double> differentiate_row(const AttentionRule& rule,
                                                           const AttentionRow& row,
                                                           std::vector<double> by_weight) {
    const std::size_t keys = row.products.size();
    const auto weighed_sum = [&](const std::vector<double>& factors) {
        double sum = 0;
        for (std::size_t j = 0; j < keys; ++j) sum += factors[j] * by_weight[j];
        return sum;
    };
    if (rule.kind == AttentionKind::relu) {
        for (std::size_t j = 0; j < keys; ++j) {
            by_weight[j] *= row.products[j] > 0 ? 1 / static_cast<double>(keys) : 0;
        }
        return by_weight;
    }
    const bool divided = rule.renormalize && row.divisor == row.open;
    const double mean = divided ? weighed_sum(row.weights) : 0;
    for (std::size_t j = 0; j < keys; ++j) {
        by_weight[j] = row.gates[j] * (by_weight[j] - mean) / row.divisor;
    }
    const double center = weighed_sum(row.shares);
    for (std::size_t j = 0; j < keys; ++j) {
        by_weight[j] = row.shares[j] * (by_weight[j] - center);
    }
    return by_weight;
}

/// The product of column i of sample n of a (N, C, columns) and column j of b.
template <class T>
[[nodiscard]] double multiply_columns(const View<T, 3>& a, Index i, const View<T, 3>& b, Index j,
                                      Index n) {
    double sum = 0;
    for (Index c = 0; c < a.shape[1]; ++c) {
        sum += double(a.data[n * a.strides[0] + c * a.strides[1] + i]) *
               double(b.data[n * b.strides[0] + c * b.strides[1] + j]);
    }
    return sum;
}

/// All rows of sample n: the matrix of weights, with what it was made from.
/// @param gate  (N, K) dense, or null for ones.
template <class T>
[[nodiscard]] std::vector<AttentionRow> attention_matrix(const AttentionRule& rule,
                                                         const QueryKeyValue<T>& x, const T* gate,
                                                         Index n) {
    const Index keys = x.k.shape[2];
    std::vector<AttentionRow> matrix(static_cast<std::size_t>(keys == 0 ? 0 : x.q.shape[2]));
    for (std::size_t i = 0; i < matrix.size(); ++i) {
        const auto query = static_cast<Index>(i);
        for (Index j = 0; j < keys; ++j) {
            const bool open = gate == nullptr || (rule.use_self && j == query);
            matrix[i].gates.push_back(open ? 1 : double(gate[n * keys + j]));
            matrix[i].products.push_back(rule.scale * multiply_columns(x.q, query, x.k, j, n));
        }
        weigh_row(rule, matrix[i]);
    }
    return matrix;
}

/// to[:, i] += factor * from[:, j] for sample n, where sums are kept in double precision.
template <class T>
void add_column(std::vector<double>& to, const Shape<3>& shape, Index i, double factor,
                const View<T, 3>& from, Index j, Index n) {
    for (Index c = 0; c < shape[1]; ++c) {
        to[static_cast<std::size_t>((n * shape[1] + c) * shape[2] + i)] +=
            factor * double(from.data[n * from.strides[0] + c * from.strides[1] + j]);
    }
}

/// Attention (backend/attention_rule.hpp); all dense.
template <class T>
void attention(const AttentionRule& rule, const QueryKeyValue<T>& x, const T* gate,
               const View<T, 3>& y) {
    std::vector<double> sums(static_cast<std::size_t>(y.shape.size()));
    for (Index n = 0; n < y.shape[0]; ++n) {
        const auto matrix = attention_matrix(rule, x, gate, n);
        for (std::size_t i = 0; i < matrix.size(); ++i) {
            for (std::size_t j = 0; j < matrix[i].weights.size(); ++j) {
                add_column(sums, y.shape, Index(i), matrix[i].weights[j], x.v, Index(j), n);
            }
        }
    }
    write_sums(sums, y);
}

/// Its gradients by q, k and v.
template <class T>
void attention_gradients(const AttentionRule& rule, const QueryKeyValue<T>& x, const T* gate,
                         const View<T, 3>& gy, const QueryKeyValue<T>& gradients) {
    const auto zeros = [](const View<T, 3>& to) {
        return std::vector<double>(static_cast<std::size_t>(to.shape.size()));
    };
    auto gq = zeros(gradients.q);
    auto gk = zeros(gradients.k);
    auto gv = zeros(gradients.v);
    for (Index n = 0; n < gy.shape[0]; ++n) {
        const auto matrix = attention_matrix(rule, x, gate, n);
        for (Index i = 0; i < static_cast<Index>(matrix.size()); ++i) {
            const AttentionRow& row = matrix[static_cast<std::size_t>(i)];
            std::vector<double> by_weight;
            for (Index j = 0; j < x.k.shape[2]; ++j) {
                by_weight.push_back(multiply_columns(gy, i, x.v, j, n));
            }
            const auto by_product = differentiate_row(rule, row, std::move(by_weight));
            for (Index j = 0; j < x.k.shape[2]; ++j) {
                const double slope = rule.scale * by_product[static_cast<std::size_t>(j)];
                add_column(gq, x.q.shape, i, slope, x.k, j, n);
                add_column(gk, x.k.shape, j, slope, x.q, i, n);
                add_column(gv, x.v.shape, j, row.weights[static_cast<std::size_t>(j)], gy, i, n);
            }
        }
    }
    write_sums(gq, gradients.q);
    write_sums(gk, gradients.k);
    write_sums(gv, gradients.v);
}

/// The elements of a patch of x (C, H, W), dense, divided by their Euclidean norm but not by less
/// than 1e-12.
template <class T>
[[nodiscard]] std::vector<double> patch_direction(const PatchGrid& grid, const View<T, 3>& x,
                                                  Index patch) {
    std::vector<double> elements;
    double square = 0;
    for (Index i = 0; i < x.shape[0] * grid.patch * grid.patch; ++i) {
        elements.push_back(double(x.data[grid.corner(patch) + grid.element(i)]));
        square += elements.back() * elements.back();
    }
    const double length = std::max(std::sqrt(square), 1e-12);
    for (double& element : elements) element /= length;
    return elements;
}

/// The likeness of patches: element (i, j) is the cosine of query i and key j.
template <class T>
[[nodiscard]] std::vector<std::vector<double>> patch_cosines(const PatchGrid& grid,
                                                             const View<T, 3>& x,
                                                             std::span<const Index> queries,
                                                             std::span<const Index> keys) {
    std::vector<std::vector<double>> rows;
    for (const Index query : queries) {
        const auto a = patch_direction(grid, x, query);
        auto& row = rows.emplace_back();
        for (const Index key : keys) {
            const auto b = patch_direction(grid, x, key);
            double product = 0;
            for (std::size_t i = 0; i < a.size(); ++i) product += a[i] * b[i];
            row.push_back(product);
        }
    }
    return rows;
}

/// For each query the position of the key with the largest cosine; of equal ones the first.
template <class T>
void match_patches(const PatchGrid& grid, const View<T, 3>& x, std::span<const Index> queries,
                   std::span<const Index> keys, Index* best) {
    for (const auto& row : patch_cosines(grid, x, queries, keys)) {
        *best++ = static_cast<Index>(std::max_element(row.begin(), row.end()) - row.begin());
    }
}

}  // namespace oldphoto::naive
