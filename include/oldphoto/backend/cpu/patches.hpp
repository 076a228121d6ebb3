#pragma once

#include <oldphoto/backend/cpu/gemm.hpp>
#include <oldphoto/backend/cpu/scratch.hpp>
#include <oldphoto/backend/patch_grid.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

/// Patches of a picture that resemble others, and their copies. Neither the patches side by side
/// nor the matrix of their likenesses is ever formed: a tile of some hundred queries and keys is
/// multiplied piece by piece, and of each query only the best key so far is kept.
namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// Queries and keys of a tile, and elements of a patch that are multiplied at a time: 1.3 MB of
/// float.
inline constexpr Index patch_queries = 256;
inline constexpr Index patch_keys = 512;
inline constexpr Index patch_elements = 256;

/// Patches shorter than this are taken to be this long.
inline constexpr double shortest_patch = 1e-12;

/// What match_patches() holds, but for 8 bytes a query and key.
template <class T>
[[nodiscard]] KernelMemory match_patches_memory() noexcept {
    auto memory = gemm_memory<T>();
    memory.hold_on_all(0, bytes_of<T>(patch_elements * patch_queries));
    memory.hold_on_all(1, bytes_of<T>(patch_elements * patch_keys));
    memory.hold_on_all(2, bytes_of<T>(patch_queries * patch_keys));
    return memory;
}

template <class T>
struct PatchMatch {
    T likeness;
    Index key;
};

/// Copies elements [first, last) of some patches side by side: to (last - first, patches).
/// @param corners  where the patches begin.
template <class T>
void gather_patches(const PatchGrid& grid, const T* x, std::span<const Index> corners, Index first,
                    Index last, T* to) {
    for (Index i = first; i < last; ++i) {
        const T* from = x + grid.element(i);
        for (const Index corner : corners) *to++ = from[corner];
    }
}

/// The products of queries and keys, to (queries, keys).
/// @param x  (C, H, W), dense
/// @return   the lengths of the keys
template <class T>
[[nodiscard]] std::vector<T> multiply_patches(const PatchGrid& grid, const View<T, 3>& x,
                                              std::span<const Index> queries,
                                              std::span<const Index> keys, T* products) {
    const auto rows = static_cast<Index>(queries.size());
    const auto columns = static_cast<Index>(keys.size());
    const Index elements = x.shape[0] * grid.patch * grid.patch;
    T* left = scratch<T, 0>(patch_elements * patch_queries);
    T* right = scratch<T, 1>(patch_elements * patch_keys);
    std::vector<double> squares(keys.size(), 0.0);
    for (Index first = 0; first < elements; first += patch_elements) {
        const Index depth = std::min(patch_elements, elements - first);
        gather_patches(grid, x.data, queries, first, first + depth, left);
        gather_patches(grid, x.data, keys, first, first + depth, right);
        const T* element = right;
        for (Index i = 0; i < depth; ++i) {
            for (double& square : squares) {
                square += double(*element) * double(*element);
                ++element;
            }
        }
        gemm_serial(View<T, 2>{products, {rows, columns}, {columns, 1}},
                    View<T, 2>{left, {rows, depth}, {1, rows}},
                    View<T, 2>{right, {depth, columns}, {columns, 1}}, first > 0);
    }
    std::vector<T> lengths;
    for (const double square : squares) {
        lengths.push_back(static_cast<T>(std::max(std::sqrt(square), shortest_patch)));
    }
    return lengths;
}

/// Lets the keys of a tile take the place of each query's best match, where they are more like it.
/// @param first    number of the tile's first key.
/// @param matches  one for each query.
template <class T>
void match_tile(const PatchGrid& grid, const View<T, 3>& x, std::span<const Index> queries,
                std::span<const Index> keys, Index first, PatchMatch<T>* matches) {
    T* const products = scratch<T, 2>(patch_queries * patch_keys);
    const auto lengths = multiply_patches(grid, x, queries, keys, products);
    const T* product = products;
    for (std::size_t i = 0; i < queries.size(); ++i) {
        // The length of the query would change no order.
        for (std::size_t j = 0; j < keys.size(); ++j) {
            const T likeness = *product++ / lengths[j];
            if (likeness > matches[i].likeness) {
                matches[i] = {likeness, first + static_cast<Index>(j)};
            }
        }
    }
}

/// For each query the key most like it: the one with the largest cosine between their elements,
/// of equal ones the first. Equal patches have equal cosines, bit by bit.
///
/// Keeps the place of each query and key, 8 bytes, and a tile for each thread.
/// @param x        (C, H, W), dense.
/// @param queries  numbers of patches.
/// @param keys     the same; at least one.
/// @param best     a place for each query; written: positions in `keys`.
template <class T>
void match_patches(const PatchGrid& grid, const View<T, 3>& x, std::span<const Index> queries,
                   std::span<const Index> keys, Index* best) {
    const auto corners_of = [&](std::span<const Index> patches) {
        std::vector<Index> corners;
        for (const Index patch : patches) corners.push_back(grid.corner(patch));
        return corners;
    };
    const auto query_corners = corners_of(queries);
    const auto key_corners = corners_of(keys);
    const auto part = [](const std::vector<Index>& all, Index tile, Index size) {
        const auto from = std::span(all).subspan(static_cast<std::size_t>(tile * size));
        return from.first(std::min(static_cast<std::size_t>(size), from.size()));
    };
    const auto count = static_cast<Index>(queries.size());
    const Index key_tiles = Partition{static_cast<Index>(keys.size()), patch_keys}.chunks();
    for_each_chunk({Partition{count, patch_queries}.chunks(), 1}, [&](Index begin, Index end) {
        for (Index tile = begin; tile < end; ++tile) {
            const auto of_tile = part(query_corners, tile, patch_queries);
            std::vector<PatchMatch<T>> matches(of_tile.size(),
                                               {-std::numeric_limits<T>::infinity(), 0});
            for (Index k = 0; k < key_tiles; ++k) {
                match_tile(grid, x, of_tile, part(key_corners, k, patch_keys), k * patch_keys,
                           matches.data());
            }
            for (std::size_t i = 0; i < matches.size(); ++i) {
                best[tile * patch_queries + static_cast<Index>(i)] = matches[i].key;
            }
        }
    });
}

/// Calls visit(to, from) for every row of every patch, with the offsets of its copy and of what is
/// copied. A thread has whole planes.
template <class Visit>
void for_each_copied_row(const PatchGrid& grid, const Shape<4>& shape, const PatchSources& sources,
                         const Visit& visit) {
    const Index pixels = grid.plane.h * grid.plane.w;
    for_each_chunk({shape[0] * shape[1], 1}, [&](Index begin, Index end) {
        for (Index plane = begin; plane < end; ++plane) {
            const auto& source = sources[static_cast<std::size_t>(plane / shape[1])];
            for (std::size_t k = 0; k < source.size(); ++k) {
                Index to = plane * pixels + grid.corner(static_cast<Index>(k));
                Index from = plane * pixels + grid.corner(source[k]);
                for (Index row = 0; row < grid.patch; ++row) {
                    visit(to, from);
                    to += grid.plane.w;
                    from += grid.plane.w;
                }
            }
        }
    });
}

/// The patches of y, zero before, from those of x that take their places; both dense.
template <class T>
void copy_patches(const PatchGrid& grid, const View<T, 4>& x, const PatchSources& sources,
                  const View<T, 4>& y) {
    for_each_copied_row(grid, x.shape, sources, [&](Index to, Index from) {
        std::copy_n(x.data + from, grid.patch, y.data + to);
    });
}

/// Its adjoint: gx, zero before, gets the sum of what its patches became; both dense.
template <class T>
void copy_patches_adjoint(const PatchGrid& grid, const View<T, 4>& gy, const PatchSources& sources,
                          const View<T, 4>& gx) {
    for_each_copied_row(grid, gx.shape, sources, [&](Index to, Index from) {
        for (Index i = 0; i < grid.patch; ++i) gx.data[from + i] += gy.data[to + i];
    });
}

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
