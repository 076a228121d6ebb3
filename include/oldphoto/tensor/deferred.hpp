#pragma once

#include <oldphoto/backend/moments.hpp>
#include <oldphoto/core/function_ref.hpp>
#include <oldphoto/tensor/tensor.hpp>

#include <memory>
#include <vector>

namespace oldphoto {

/// The value that travels between layers: a raw tensor (N, C, H, W) and what has not been applied
/// to it yet,
///
///     value = pad(activation(raw * scale + shift) + addend).
///
/// A norm, an activation, a residual sum and a padding only annotate; the next kernel applies them
/// row by row while it pulls its input. `materialized()` applies them now.
template <class T, class B = Cpu>
class Deferred {
public:
    using RowFn = typename B::template RowFn<T>;
    /// Whether a functor is small enough to travel.
    template <class Fn>
    static constexpr bool can_hold = RowFn::template can_hold<Fn>;

    Deferred() = default;
    /// A tensor with nothing pending.
    explicit Deferred(Tensor<T, 4, B> raw) : raw_(raw.as_contiguous()) {}
    /// A kernel's output with the moments of its N * C planes.
    Deferred(Tensor<T, 4, B> raw, std::vector<Moments> moments)
        : raw_(std::move(raw)),
          moments_(std::make_shared<const std::vector<Moments>>(std::move(moments))) {}

    /// The shape of the value, padding included.
    [[nodiscard]] Shape<4> shape() const { return padded_shape(raw_.shape(), padding_); }
    [[nodiscard]] const Tensor<T, 4, B>& raw() const noexcept { return raw_; }
    [[nodiscard]] const Padding& padding() const noexcept { return padding_; }
    [[nodiscard]] const Tensor<T, 4, B>& scale() const noexcept { return scale_; }
    [[nodiscard]] const Tensor<T, 4, B>& shift() const noexcept { return shift_; }

    [[nodiscard]] bool plain() const noexcept { return affine_only() && scale_.empty(); }
    /// Nothing pending beyond scale and shift.
    [[nodiscard]] bool affine_only() const noexcept {
        return activation_.none() && addend_.empty() && padding_.none();
    }

    /// Moments of the planes of raw(): its producer's, or computed now.
    [[nodiscard]] std::shared_ptr<const std::vector<Moments>> moments() const {
        if (moments_) return moments_;
        std::vector<Moments> moments(static_cast<std::size_t>(raw_.dim(0) * raw_.dim(1)));
        B::moments_of_planes(raw_.view(), moments.data());
        return {std::make_shared<const std::vector<Moments>>(std::move(moments))};
    }

    // Annotations. Each asks for a value on which it can still be put, and returns a new one.

    /// @pre plain()
    [[nodiscard]] Deferred with_affine(Tensor<T, 4, B> scale, Tensor<T, 4, B> shift) const {
        auto next = *this;
        next.scale_ = std::move(scale);
        next.shift_ = std::move(shift);
        return next;
    }
    /// @pre affine_only()
    template <class Fn>
    [[nodiscard]] Deferred with_activation(const Fn& fn) const {
        auto next = *this;
        next.activation_ = RowFn(fn);
        return next;
    }
    /// @pre affine_only()
    [[nodiscard]] Deferred with_addend(const Tensor<T, 4, B>& addend) const {
        auto next = *this;
        next.addend_ = addend.as_contiguous();
        return next;
    }
    /// @pre padding().none()
    [[nodiscard]] Deferred with_padding(const Padding& padding) const {
        static_cast<void>(padded_shape(raw_.shape(), padding));  // throws if it cannot be
        auto next = *this;
        next.padding_ = padding;
        return next;
    }

    /// Calls use(RowSource<T>) with the rows of the value.
    void with_rows(FunctionRef<void(const RowSource<T>&)> use) const {
        const typename B::template PendingRows<T> rows{
            raw_.shape(),  TensorRows<T>(raw_.view()),
            scale_.data(), shift_.data(),
            activation_,   {addend_.data(), addend_.shape(), addend_.strides()}};
        if (padding_.none()) return use(RowSource<T>(rows));
        const PaddedRows<T> padded(RowSource<T>(rows), padding_);
        use(RowSource<T>(padded));
    }

    /// The value as a tensor; the raw one itself when nothing is pending.
    [[nodiscard]] Tensor<T, 4, B> materialized() const {
        if (plain()) return raw_;
        auto x = Tensor<T, 4, B>::uninitialized(shape());
        with_rows([&](const RowSource<T>& rows) { B::materialize(rows, x.view()); });
        return x;
    }

private:
    Tensor<T, 4, B> raw_;
    std::shared_ptr<const std::vector<Moments>> moments_;
    Tensor<T, 4, B> scale_;  // (N, C, 1, 1), dense
    Tensor<T, 4, B> shift_;
    RowFn activation_;
    Tensor<T, 4, B> addend_;
    Padding padding_;
};

}  // namespace oldphoto
