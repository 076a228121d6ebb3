#pragma once

#include <oldphoto/backend/cpu/lower.hpp>
#include <oldphoto/backend/row_source.hpp>

#include <cstring>
#include <type_traits>

namespace oldphoto::cpu {
inline namespace OLDPHOTO_TIER {

/// An elementwise functor behind one function pointer, applied to whole rows: kernels then know
/// nothing of activations, and adding one costs no kernel.
template <class T>
class RowFn {
public:
    static constexpr std::size_t max_bytes = 16;
    template <class Fn>
    static constexpr bool can_hold = std::is_trivially_copyable_v<Fn> && sizeof(Fn) <= max_bytes;

    RowFn() = default;

    template <class Fn>
    explicit RowFn(const Fn& fn)
        : apply_([](const std::byte* stored, T* row, Index n) {
              Fn f;
              std::memcpy(static_cast<void*>(&f), stored, sizeof f);
              const auto plan = MapPlan<Fn, LeafRun<T>>{f, {row, 1}};
              for_each_pack<T>(n, [&](auto where, Index k, Index count) {
                  store(plan.value(where), row + k, 1, count);
              });
          }) {
        static_assert(can_hold<Fn>, "an activation that travels has at most 16 bytes");
        std::memcpy(stored_, static_cast<const void*>(&fn), sizeof fn);
    }

    [[nodiscard]] bool none() const noexcept { return apply_ == nullptr; }
    void operator()(T* row, Index n) const { apply_(stored_, row, n); }

private:
    void (*apply_)(const std::byte*, T*, Index) = nullptr;
    std::byte stored_[max_bytes] = {};
};

/// Rows of activation(raw * scale + shift) + addend, each part optional.
template <class T>
struct PendingRows {
    Shape<4> shape;
    RowSource<T> raw;
    const T* scale;  ///< N * C numbers, or null together with shift
    const T* shift;
    RowFn<T> activation;
    View<const T, 4> addend;  ///< of the same shape, rows contiguous, or null data

    void pull(const RowWindow& window, T* to, Index stride) const {
        raw.pull(window, to, stride);
        const Index width = window.x1 - window.x0;
        const Index plane = window.n * shape[1] + window.c;
        for (Index y = window.y0; y < window.y1; ++y, to += stride) {
            if (scale != nullptr) scale_row(to, width, scale[plane], shift[plane]);
            if (!activation.none()) activation(to, width);
            if (addend.data != nullptr) {
                add_row(to, width,
                        addend.data + window.n * addend.strides[0] + window.c * addend.strides[1] +
                            y * addend.strides[2] + window.x0);
            }
        }
    }

private:
    static void scale_row(T* row, Index n, T scale, T shift) {
        for_each_pack<T>(n, [&](auto where, Index k, Index count) {
            const auto x = where.load(row, 1);
            store(x * Pack<T>(scale) + Pack<T>(shift), row + k, 1, count);
        });
    }
    static void add_row(T* row, Index n, const T* other) {
        for_each_pack<T>(n, [&](auto where, Index k, Index count) {
            store(where.load(row, 1) + where.load(other, 1), row + k, 1, count);
        });
    }
};

}  // namespace OLDPHOTO_TIER
}  // namespace oldphoto::cpu
