#pragma once

#include <oldphoto/ops/attention.hpp>
#include <oldphoto/ops/normalize.hpp>
#include <oldphoto/ops/resample.hpp>
#include <oldphoto/ops/shape.hpp>

namespace oldphoto {

namespace detail {

/// 0 where a hole is near, else how clean the pixel is.
struct ValidFn {
    static constexpr const char* name = "valid";
    template <class X>
    OLDPHOTO_HD X value(X holes_near, X hole) const {
        using math::select;
        return select(holes_near > X(0), X(0), X(1) - hole);
    }
};

}  // namespace detail

/// How much of each pixel of a smaller picture may be trusted:
///
///     V = (0 where bilinear(M) > 0, else 1) * (1 - nearest(M))
///
/// For sides four times as large, V is 0 where one of the centre 2 x 2 pixels, or the first of the
/// 4 x 4, is a hole. A mask that is fractional there gives fractional V.
/// @param mask  (N, 1, H, W): 1 is a hole, 0 is clean
/// @param size  (h, w)
/// @return      (N, 1, h, w), a constant
/// @throws ShapeError, OptionError
template <class T, class B>
[[nodiscard]] Tensor<T, 4, B> valid_map(const Tensor<T, 4, B>& mask, Pair size) {
    if (mask.dim(1) != 1) {
        throw_shape_error("valid_map", "a mask has one channel",
                          {{"mask (N, 1, H, W)", dims_of(mask.shape())}});
    }
    const auto paused = Program::pause();
    const Variable<T, 4, B> holes(mask);
    return zip(detail::ValidFn{}, resample(holes, size, ResampleMode::bilinear).value(),
               resample(holes, size, ResampleMode::nearest).value());
}

struct PartialNonlocalOptions {
    double temperature = 1;   ///< what similarities are divided by; > 0
    bool cosine = false;      ///< whether queries and keys are brought to length 1
    bool renormalize = true;  ///< whether the weights of valid pixels add up to 1
    bool use_self = false;    ///< whether a pixel sees itself, valid or not

    [[nodiscard]] friend bool operator==(const PartialNonlocalOptions&,
                                         const PartialNonlocalOptions&) = default;
};

/// Every pixel as a mean of the valid ones that resemble it:
///
///     y_i = sum over j of w_ij v_j,  w_ij = V_j exp(q_i . k_j) / sum over l of V_l exp(q_i . k_l)
///
/// precisely: softmax over all pixels, times V, divided by the sum of what is left but not by less
/// than 1e-12, as the released code does it. Where no pixel is valid, y is 0.
/// @param q      (N, D, h, w), or of another size than the others: what is asked for elsewhere
/// @param k      (N, D, h, w)
/// @param v      (N, C, h, w)
/// @param valid  (N, 1, h, w), in [0, 1]; see valid_map()
/// @return       (N, C, h, w), of the size of q
/// @throws ShapeError, OptionError
/// @see Wan et al., "Bringing Old Photos Back to Life", CVPR 2020, section 3.3.
template <TrackedExpr Q, TrackedExpr K, TrackedExpr V>
[[nodiscard]] auto partial_nonlocal(
    const Q& q, const K& k, const V& v,
    const Tensor<typename V::value_type, 4, typename V::backend_type>& valid,
    const PartialNonlocalOptions& o = {}) {
    static_assert(
        Q::rank == 4 && K::rank == 4 && V::rank == 4,
        "partial_nonlocal: expected pictures (N, C, h, w), rank 4; add the batch axis with "
        "unsqueeze()");
    const auto size = v.shape();
    if (!(valid.shape() == Shape<4>{size[0], 1, size[2], size[3]})) {
        throw_shape_error(
            "partial_nonlocal", "valid must have the pixels of v",
            {{"valid (N, 1, h, w)", dims_of(valid.shape())}, {"v (N, C, h, w)", dims_of(size)}});
    }
    const auto tokens = [](const auto& x) {
        const auto shape = x.shape();
        return reshape(x, Shape<3>{shape[0], shape[1], shape[2] * shape[3]});
    };
    const auto direction = [&](const auto& x) {
        return o.cosine ? normalize(tokens(x), {.p = 2, .axis = 1}) : tokens(x);
    };
    const auto gate = valid.reshape(Shape<2>{size[0], size[2] * size[3]});
    return reshape(gated_attention(direction(q), direction(k), tokens(v), gate,
                                   {o.temperature, o.renormalize, o.use_self}),
                   Shape<4>{size[0], size[1], q.dim(2), q.dim(3)});
}

namespace detail {

/// The rows or columns that a tile sees: its own and as many on each side; its own alone where
/// pixels see themselves, which asks for as many keys as queries.
[[nodiscard]] inline RowRange around_tile(const RowRange& tile, Index window, Index length,
                                          bool use_self) {
    if (use_self) return tile;
    return {std::max(Index{0}, tile.begin - window), std::min(length, tile.end + window)};
}

template <class T, class B>
[[nodiscard]] Tensor<T, 4, B> cut(const Tensor<T, 4, B>& x, const RowRange& rows,
                                  const RowRange& columns) {
    return x.slice(2, rows.begin, rows.end).slice(3, columns.begin, columns.end);
}

}  // namespace detail

/// partial_nonlocal() in windows, for photos so large that all pairs of pixels take too long: the
/// picture is cut into tiles, and a pixel sees its tile and a tile's width around it; where nothing
/// of that is valid, the whole picture. A constant: no gradient passes.
/// @param window  a tile's side; > 0
/// @throws ShapeError, OptionError
template <class T, class B>
[[nodiscard]] Tensor<T, 4, B> windowed_nonlocal(const Tensor<T, 4, B>& q, const Tensor<T, 4, B>& k,
                                                const Tensor<T, 4, B>& v,
                                                const Tensor<T, 4, B>& valid,
                                                const PartialNonlocalOptions& o, Index window) {
    require_option(window > 0, "windowed_nonlocal", "window must be positive", window);
    const auto paused = Program::pause();
    const RowRange all_rows{0, v.dim(2)};
    const RowRange all_columns{0, v.dim(3)};
    auto y = Tensor<T, 4, B>::uninitialized(v.shape());
    for (Index top = 0; top < v.dim(2); top += window) {
        for (Index left = 0; left < v.dim(3); left += window) {
            const RowRange rows{top, std::min(top + window, v.dim(2))};
            const RowRange columns{left, std::min(left + window, v.dim(3))};
            RowRange seen_rows = detail::around_tile(rows, window, v.dim(2), o.use_self);
            RowRange seen_columns = detail::around_tile(columns, window, v.dim(3), o.use_self);
            const auto seen = detail::cut(valid, seen_rows, seen_columns);
            if (!(min(evaluate(max(seen, {1, 2, 3}))) > 0) && !o.use_self) {
                seen_rows = all_rows;
                seen_columns = all_columns;
            }
            const auto part = [&](const Tensor<T, 4, B>& x) {
                return Variable<T, 4, B>(detail::cut(x, seen_rows, seen_columns));
            };
            const Variable<T, 4, B> queries(detail::cut(q, rows, columns));
            const auto filled = partial_nonlocal(queries, part(k), part(v), part(valid).value(), o);
            detail::cut(y, rows, columns).assign(filled.value());
        }
    }
    return y;
}

}  // namespace oldphoto
