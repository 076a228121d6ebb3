#pragma once

#include <oldphoto/tensor/deferred.hpp>

#include <utility>

namespace oldphoto::detail {

/// The output of a kernel over pictures, row by row. The kernel has
///
///     shape(x shape)            of its output
///     operations(x, y shapes)   for the whole output
///     reads(rows, height)       which rows of an input of this height these rows of y come from
///     memory(y shape)           what it holds for itself
///     run(x, rows, y, moments)  computes rows of y from a source of the whole input
template <class T, class B, class Kernel>
class KernelRows final : public RowProducer<T> {
public:
    KernelRows(Kernel kernel, Deferred<T, B> x)
        : kernel_(std::move(kernel)), x_(std::move(x)), shape_(kernel_.shape(x_.shape())) {}

    [[nodiscard]] Shape<4> shape() const override { return shape_; }
    [[nodiscard]] bool at_once() const override { return !x_.streamed(); }
    [[nodiscard]] KernelMemory memory(Index rows, Index width) const override {
        return kernel_.memory({shape_[0], shape_[1], rows, width});
    }
    [[nodiscard]] Shared<typename RowProducer<T>::Pass> pass() const override {
        return Shared<typename RowProducer<T>::Pass>(new Pass(*this));
    }

private:
    class Pass final : public RowProducer<T>::Pass {
    public:
        explicit Pass(const KernelRows& owner) : owner_(owner), reader_(owner.x_) {}

        void next(const View<T, 4>& y, Moments* moments) override {
            const RowRange rows{next_, next_ + y.shape[2]};
            next_ = rows.end;
            const auto x = owner_.x_.shape();
            const double share =
                static_cast<double>(y.shape[2]) / static_cast<double>(owner_.shape_[2]);
            monitored(Work::pixels, share * owner_.kernel_.operations(x, owner_.shape_), [&] {
                reader_.with_rows(owner_.kernel_.reads(rows, x[2]), [&](const RowSource<T>& from) {
                    owner_.kernel_.run(from, rows, y, moments);
                });
            });
        }

    private:
        const KernelRows& owner_;
        DeferredReader<T, B> reader_;
        Index next_ = 0;
    };

    Kernel kernel_;
    Deferred<T, B> x_;
    Shape<4> shape_;
};

/// What a kernel makes of x, kept or streamed.
template <class T, class B, class Kernel>
[[nodiscard]] Deferred<T, B> run_kernel(Kernel kernel, const Deferred<T, B>& x) {
    return Deferred<T, B>(
        Shared<const RowProducer<T>>(new KernelRows<T, B, Kernel>(std::move(kernel), x)));
}

/// The numbers of a bias, or null where there is none.
template <class T, class B>
[[nodiscard]] const T* bias_data(const Tensor<T, 1, B>& bias) noexcept {
    return bias.size() == 0 ? nullptr : bias.data();
}

}  // namespace oldphoto::detail
