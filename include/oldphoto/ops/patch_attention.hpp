#pragma once

#include <oldphoto/autograd/expression.hpp>
#include <oldphoto/backend/patch_grid.hpp>

#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

/// Hard attention among patches: each is replaced by a copy of the one that resembles it most. The
/// released code has two ways to it, which differ where sides are not multiples of the patch, in
/// batches, and where every patch or none is a hole.
namespace oldphoto {

enum class PatchPath {
    /// Every patch looks for its like among the clean ones of its sample. Where all are holes, the
    /// first replaces them.
    training,
    /// Hole patches alone look for theirs among the clean ones, which stay as they are. Patches are
    /// holes where those of the first sample are.
    inference,
};

struct PatchAttentionOptions {
    Index patch;  ///< side of a patch, in pixels
    PatchPath path = PatchPath::inference;
    double hole_share = 0.6;  ///< a patch of which more than this is a hole is a hole patch
};

namespace detail {

inline constexpr const char* patch_attention_name = "patch_attention";

/// @throws OptionError; ShapeError when `holes` has not the pixels of x, or training cannot place
///         the last patches.
[[nodiscard]] inline PatchGrid patch_grid(const Shape<4>& x, const Shape<4>& holes,
                                          const PatchAttentionOptions& o) {
    const auto* name = patch_attention_name;
    require_option(o.patch >= 1, name, "patch must be positive", o.patch);
    if (!(holes == Shape<4>{x[0], 1, x[2], x[3]})) {
        throw_shape_error(name, "holes must have the pixels of x",
                          {{"x (N, C, h, w)", dims_of(x)}, {"holes (N, 1, h, w)", dims_of(holes)}});
    }
    const PatchGrid grid{{x[2], x[3]}, o.patch};
    if (o.path == PatchPath::training && !grid.exact()) {
        throw_shape_error(name, "training needs sides that are multiples of the patch",
                          {{"x (N, C, h, w)", dims_of(x)}, {"patch", {o.patch, o.patch}}});
    }
    return grid;
}

/// The mean of a patch of a plane.
template <class T>
[[nodiscard]] double patch_mean(const PatchGrid& grid, const T* plane, Index patch) {
    const Index elements = grid.patch * grid.patch;
    double sum = 0;
    for (Index i = 0; i < elements; ++i) {
        sum += static_cast<double>(plane[grid.corner(patch) + grid.element(i)]);
    }
    return sum / static_cast<double>(elements);
}

/// The patches of one sample by what they are.
struct SortedPatches {
    std::vector<Index> holes;
    std::vector<Index> clean;
};

/// @param holes  (N, 1, h, w), on the host.
template <class T>
[[nodiscard]] SortedPatches sort_patches(const PatchGrid& grid, const std::vector<T>& holes,
                                         Index sample, double hole_share) {
    SortedPatches sorted;
    const T* plane = holes.data() + sample * grid.plane.h * grid.plane.w;
    for (Index k = 0; k < grid.count(); ++k) {
        const bool hole = patch_mean(grid, plane, k) > hole_share;
        (hole ? sorted.holes : sorted.clean).push_back(k);
    }
    return sorted;
}

/// Which patches look for their like, and among which.
struct PatchSearch {
    std::vector<Index> queries;
    std::vector<Index> keys;
};

[[nodiscard]] inline std::vector<Index> all_patches(const PatchGrid& grid) {
    std::vector<Index> all(static_cast<std::size_t>(grid.count()));
    std::iota(all.begin(), all.end(), Index{0});
    return all;
}

/// @throws OptionError on the inference path where no patch is clean.
template <class T>
[[nodiscard]] PatchSearch patch_search(const PatchGrid& grid, const std::vector<T>& holes,
                                       Index sample, const PatchAttentionOptions& o) {
    if (o.path == PatchPath::training) {
        auto clean = sort_patches(grid, holes, sample, o.hole_share).clean;
        if (clean.empty()) clean.push_back(0);
        return {all_patches(grid), std::move(clean)};
    }
    auto [queries, keys] = sort_patches(grid, holes, 0, o.hole_share);
    if (keys.empty() && !queries.empty()) {
        const auto side = std::to_string(o.patch);
        throw_option_error(patch_attention_name, "every patch of " + side + " x " + side +
                                                     " pixels is a hole, there is nothing to copy "
                                                     "from");
    }
    return {std::move(queries), std::move(keys)};
}

}  // namespace detail

/// Which patch takes the place of each: that with the largest cosine between their elements, of
/// equal ones the first.
/// @param x      (N, C, h, w)
/// @param holes  (N, 1, h, w), 1 in holes and 0 elsewhere; see hole_map()
/// @return       for each sample the numbers of the patches, row by row; empty on the inference
///               path where no patch is a hole, and nothing is replaced
/// @throws OptionError, on the inference path also when there is no clean patch; ShapeError, on
///         the training path also when sides are not multiples of the patch.
template <class T, class B>
[[nodiscard]] PatchSources patch_sources(const Tensor<T, 4, B>& x, const Tensor<T, 4, B>& holes,
                                         const PatchAttentionOptions& o) {
    const auto grid = detail::patch_grid(x.shape(), holes.shape(), o);
    const auto flags = holes.to_values();
    const auto dense = x.as_contiguous();
    PatchSources sources;
    for (Index n = 0; n < x.dim(0); ++n) {
        const auto [queries, keys] = detail::patch_search(grid, flags, n, o);
        if (queries.empty()) return {};
        std::vector<Index> best(queries.size());
        B::match_patches(grid, dense.slice(0, n, n + 1).squeeze(0).view(), queries, keys,
                         best.data());
        auto& source = sources.emplace_back(detail::all_patches(grid));
        for (std::size_t i = 0; i < best.size(); ++i) {
            source[static_cast<std::size_t>(queries[i])] = keys[static_cast<std::size_t>(best[i])];
        }
    }
    return sources;
}

/// Patch k of y is patch sources[k] of x. What was chosen is taken as given: dL/dx is the sum of
/// the gradients of all copies.
///
/// Beyond y it holds what patch_sources() returns, and while it looks, 8 bytes for each query and
/// each key and 1.3 MB (double: 2.6 MB) a thread: neither patches side by side nor likenesses.
template <class T, class B>
struct PatchAttentionOp {
    static constexpr const char* name = detail::patch_attention_name;
    PatchAttentionOptions options;
    Tensor<T, 4, B> holes;

    PatchSources sources{};  ///< kept for backward

    Tensor<T, 4, B> forward(const Tensor<T, 4, B>& x) {
        tell_kernel({x.dim(2), x.dim(3)},
                    [](Index, Index) { return B::template match_patches_memory<T>(); });
        monitored(Work::pairs, cost(x.shape(), x.shape()).operations,
                  [&] { sources = patch_sources(x, holes, options); });
        if (sources.empty()) return x;
        const auto y = Tensor<T, 4, B>::zeros(x.shape());
        B::copy_patches(grid(x.shape()), x.as_contiguous().view(), sources, y.view());
        return y;
    }
    Tensor<T, 4, B> backward(const Tensor<T, 4, B>& gy, const Tensor<T, 4, B>&) const {
        if (sources.empty()) return gy;
        const auto gx = Tensor<T, 4, B>::zeros(gy.shape());
        B::copy_patches_adjoint(grid(gy.shape()), gy.as_contiguous().view(), sources, gx.view());
        return gx;
    }
    [[nodiscard]] static Window window(const Shape<4>&, const Shape<4>&) {
        return Window::everything();
    }
    /// That of all patches looking for their like among all.
    [[nodiscard]] Cost cost(const Shape<4>& y, const Shape<4>& x) const {
        const auto elements = static_cast<double>(x.size());
        return {2 * elements * static_cast<double>(grid(x).count()),
                8 * static_cast<double>(y.size())};
    }

private:
    [[nodiscard]] PatchGrid grid(const Shape<4>& x) const noexcept {
        return {{x[2], x[3]}, options.patch};
    }
};

/// Replaces patches by copies of those that they resemble most. On the inference path pixels beyond
/// the last whole patch become 0, but all of x stays as it is where no patch is a hole.
/// @param x      (N, C, h, w)
/// @param holes  (N, 1, h, w), 1 in holes and 0 elsewhere; see hole_map()
/// @return       (N, C, h, w)
/// @throws OptionError, ShapeError; see patch_sources()
template <TrackedExpr X, class T = typename X::value_type, class B = typename X::backend_type>
[[nodiscard]] auto patch_attention(const X& x, const Tensor<T, 4, B>& holes,
                                   const PatchAttentionOptions& o) {
    static_assert(X::rank == 4,
                  "patch_attention: expected a picture (N, C, h, w), rank 4; add the batch axis "
                  "with unsqueeze()");
    return apply(PatchAttentionOp<T, B>{o, holes}, x);
}

}  // namespace oldphoto
