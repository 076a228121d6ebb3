#pragma once

#include <oldphoto/backend/moments.hpp>
#include <oldphoto/core/function_ref.hpp>
#include <oldphoto/core/shared.hpp>
#include <oldphoto/tensor/rolling_rows.hpp>

#include <vector>

namespace oldphoto {

/// The value that travels between layers: a raw tensor (N, C, H, W) and what has not been applied
/// to it yet,
///
///     value = pad(activation(raw * scale + shift) + addend).
///
/// A norm, an activation, a residual sum and a padding only annotate; the next kernel applies them
/// row by row while it pulls its input. `materialized()` applies them now.
///
/// The raw tensor may be *streamed*: in its place there is what computes it, and whoever reads the
/// value walks over it band by band (DeferredReader).
template <class T, class B = Cpu>
class Deferred {
public:
    using RowFn = typename B::template RowFn<T>;
    /// Whether a functor is small enough to travel.
    template <class Fn>
    static constexpr bool can_hold = RowFn::template can_hold<Fn>;

    Deferred() = default;
    // Not inlined: a value has six handles, and layers copy and drop it everywhere.
    [[gnu::noinline]] Deferred(const Deferred&) noexcept = default;
    [[gnu::noinline]] Deferred(Deferred&&) noexcept = default;
    [[gnu::noinline]] Deferred& operator=(const Deferred&) noexcept = default;
    [[gnu::noinline]] Deferred& operator=(Deferred&&) noexcept = default;
    [[gnu::noinline]] ~Deferred() = default;
    /// A tensor with nothing pending.
    explicit Deferred(Tensor<T, 4, B> raw) : raw_(raw.as_contiguous()), raw_shape_(raw.shape()) {}
    /// A kernel's output with the moments of its N * C planes.
    Deferred(Tensor<T, 4, B> raw, std::vector<Moments> moments)
        : raw_(std::move(raw)),
          raw_shape_(raw_.shape()),
          moments_(new std::vector<Moments>(std::move(moments))) {}
    /// A kernel's output: computed now with its moments, or streamed where the thread's monitor
    /// says so.
    explicit Deferred(Shared<const RowProducer<T>> producer)
        : Deferred(always_streamed(std::move(producer))) {
        Monitor* monitor = Monitor::current();
        const double bytes = static_cast<double>(raw_shape_.size()) * sizeof(T);
        if (monitor == nullptr || !monitor->streams(bytes)) *this = kept();
    }
    /// Streamed in any case: for what costs little to compute again.
    [[nodiscard]] static Deferred always_streamed(Shared<const RowProducer<T>> producer) {
        Deferred x;
        x.raw_shape_ = producer->shape();
        x.producer_ = std::move(producer);
        return x;
    }

    /// The shape of the value, padding included.
    [[nodiscard]] Shape<4> shape() const { return padded_shape(raw_shape_, padding_); }
    /// @pre !streamed()
    [[nodiscard]] const Tensor<T, 4, B>& raw() const noexcept { return raw_; }
    [[nodiscard]] const Padding& padding() const noexcept { return padding_; }
    [[nodiscard]] const Tensor<T, 4, B>& scale() const noexcept { return scale_; }
    [[nodiscard]] const Tensor<T, 4, B>& shift() const noexcept { return shift_; }

    /// Whether the raw tensor is computed when it is read; by what.
    [[nodiscard]] bool streamed() const noexcept { return static_cast<bool>(producer_); }
    [[nodiscard]] const RowProducer<T>* producer() const noexcept { return producer_.get(); }

    [[nodiscard]] bool plain() const noexcept { return affine_only() && scale_.empty(); }
    /// Nothing pending beyond scale and shift.
    [[nodiscard]] bool affine_only() const noexcept {
        return activation_.none() && addend_.empty() && padding_.none();
    }

    /// Moments of the planes of the raw tensor: its producer's, or computed now.
    [[nodiscard]] Shared<const std::vector<Moments>> moments() const {
        if (moments_) return moments_;
        std::vector<Moments> moments(static_cast<std::size_t>(raw_shape_[0] * raw_shape_[1]));
        if (streamed()) {
            for_each_band<T, B>(*producer_, moments.data(), [](Index, const Tensor<T, 4, B>&) {});
        } else {
            B::moments_of_planes(raw_.view(), moments.data());
        }
        return Shared<const std::vector<Moments>>(new std::vector<Moments>(std::move(moments)));
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
        static_cast<void>(padded_shape(raw_shape_, padding));  // throws if it cannot be
        auto next = *this;
        next.padding_ = padding;
        return next;
    }

    /// Calls use(RowSource<T>) with the rows of the value. For kernels that do not walk over bands:
    /// a streamed tensor is there as a whole for as long as the call.
    void with_rows(FunctionRef<void(const RowSource<T>&)> use) const {
        const auto raw = streamed() ? kept().raw_ : raw_;
        with_rows_of(RowSource<T>(TensorRows<T>(raw.view())), use);
    }
    /// The same, the raw tensor's rows pulled from `raw`.
    void with_rows_of(const RowSource<T>& raw, FunctionRef<void(const RowSource<T>&)> use) const {
        const typename B::template PendingRows<T> rows{
            raw_shape_,    raw,         scale_.data(),
            shift_.data(), activation_, {addend_.data(), addend_.shape(), addend_.strides()}};
        if (padding_.none()) return use(RowSource<T>(rows));
        const PaddedRows<T> padded(RowSource<T>(rows), padding_);
        use(RowSource<T>(padded));
    }

    /// The value as a tensor; the raw one itself when nothing is pending.
    [[nodiscard]] Tensor<T, 4, B> materialized() const;

private:
    /// The same raw tensor, computed, without what is pending on it.
    [[nodiscard]] Deferred kept() const {
        auto y = Tensor<T, 4, B>::uninitialized(raw_shape_);
        std::vector<Moments> moments(static_cast<std::size_t>(raw_shape_[0] * raw_shape_[1]));
        if (producer_->at_once()) {
            begin_pass(*producer_, false)->next(y.view(), moments.data());
        } else {
            for_each_band<T, B>(*producer_, moments.data(),
                                [&](Index first, const Tensor<T, 4, B>& band) {
                                    y.slice(2, first, first + band.dim(2)).assign(band);
                                });
        }
        return Deferred(std::move(y), std::move(moments));
    }

    Tensor<T, 4, B> raw_;
    Shape<4> raw_shape_{};
    Shared<const RowProducer<T>> producer_;
    Shared<const std::vector<Moments>> moments_;
    Tensor<T, 4, B> scale_;  // (N, C, 1, 1), dense
    Tensor<T, 4, B> shift_;
    RowFn activation_;
    Tensor<T, 4, B> addend_;
    Padding padding_;
};

/// Reads a value from the top to the bottom. Of a streamed one there are never more rows than are
/// read at a time, and what lies between.
template <class T, class B = Cpu>
class DeferredReader {
public:
    explicit DeferredReader(Deferred<T, B> x) : x_(std::move(x)) {
        if (x_.streamed()) rows_ = Shared<RollingRows<T, B>>(new RollingRows<T, B>(*x_.producer()));
    }
    DeferredReader(const DeferredReader&) = delete;
    DeferredReader& operator=(const DeferredReader&) = delete;

    /// Calls use(source) with a source of the whole value's shape, of which the rows [begin, end)
    /// may be pulled. From call to call they may only move down.
    void with_rows(const RowRange& rows, FunctionRef<void(const RowSource<T>&)> use) {
        if (!rows_) return x_.with_rows(use);
        rows_->move_to(rows_shown(x_.padding(), rows_->shape[2], rows));
        x_.with_rows_of(RowSource<T>(*rows_), use);
    }

private:
    Deferred<T, B> x_;
    Shared<RollingRows<T, B>> rows_;
};

/// Calls visit(first row, rows of the value) band by band, up to row `end`.
template <class T, class B>
void for_each_band(const Deferred<T, B>& x, Index end,
                   FunctionRef<void(Index, const Tensor<T, 4, B>&)> visit) {
    DeferredReader<T, B> reader(x);
    const auto shape = x.shape();
    const Index rows = band_rows_of<T>(shape);
    for (Index y = 0; y < end; y += rows) {
        const RowRange range{y, std::min(y + rows, end)};
        const auto band = band_tensor<T, B>(shape, range.end - range.begin);
        reader.with_rows(range, [&](const RowSource<T>& source) {
            const BandRows<T> part(source, range);
            B::materialize(RowSource<T>(part), band.view());
        });
        visit(y, band);
    }
}

template <class T, class B>
Tensor<T, 4, B> Deferred<T, B>::materialized() const {
    if (streamed() && plain()) return kept().raw_;
    if (plain()) return raw_;
    auto x = Tensor<T, 4, B>::uninitialized(shape());
    if (!streamed()) {
        with_rows([&](const RowSource<T>& rows) { B::materialize(rows, x.view()); });
        return x;
    }
    DeferredReader<T, B> reader(*this);
    const Index rows = band_rows_of<T>(x.shape());
    for (Index y = 0; y < x.dim(2); y += rows) {
        const RowRange range{y, std::min(y + rows, x.dim(2))};
        reader.with_rows(range, [&](const RowSource<T>& source) {
            const BandRows<T> part(source, range);
            B::materialize(RowSource<T>(part), x.slice(2, range.begin, range.end).view());
        });
    }
    return x;
}

}  // namespace oldphoto
