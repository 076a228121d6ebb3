#pragma once

#include <oldphoto/backend/row_producer.hpp>
#include <oldphoto/core/monitor.hpp>
#include <oldphoto/tensor/tensor.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace oldphoto {

/// Bytes of one row of all channels of a picture.
template <class T>
[[nodiscard]] double row_bytes_of(const Shape<4>& shape) {
    return static_cast<double>(shape[0] * shape[1] * shape[3]) * sizeof(T);
}

/// Memory for a band of a picture.
/// @param shape   of the whole picture
/// @param copies  such bands that exist at a time
template <class T, class B>
[[nodiscard]] Tensor<T, 4, B> band_tensor(const Shape<4>& shape, Index rows, Index copies = 1) {
    const Monitor::BandScope scope({row_bytes_of<T>(shape), shape[2], copies});
    return Tensor<T, 4, B>::uninitialized({shape[0], shape[1], rows, shape[3]});
}

/// Rows of a band of a picture of this shape.
template <class T>
[[nodiscard]] Index band_rows_of(const Shape<4>& shape) {
    Monitor* monitor = Monitor::current();
    return monitor == nullptr ? usual_band_rows(row_bytes_of<T>(shape), shape[2])
                              : monitor->band_rows(row_bytes_of<T>(shape), shape[2]);
}

/// A way down a producer's picture, of which the thread's monitor is told.
/// @param banded  whether the picture is computed in bands, or at once
template <class T>
[[nodiscard]] Shared<typename RowProducer<T>::Pass> begin_pass(const RowProducer<T>& producer,
                                                               bool banded) {
    const auto shape = producer.shape();
    tell_kernel({shape[2], shape[3], banded ? row_bytes_of<T>(shape) : 0},
                [&](Index rows, Index width) { return producer.memory(rows, width); });
    return producer.pass();
}

/// Calls visit(first row, band) for all bands of a producer's picture, whose tensor is used again
/// for the next.
template <class T, class B>
void for_each_band(const RowProducer<T>& producer, Moments* moments,
                   FunctionRef<void(Index, const Tensor<T, 4, B>&)> visit) {
    const auto shape = producer.shape();
    const Index rows = std::min(band_rows_of<T>(shape), shape[2]);
    const auto pass = begin_pass(producer, true);
    const auto memory = band_tensor<T, B>(shape, rows);
    for (Index y = 0; y < shape[2]; y += rows) {
        const Index count = std::min(rows, shape[2] - y);
        const auto band = count == rows ? memory : band_tensor<T, B>(shape, count);
        pass->next(band.view(), moments);
        visit(y, band);
    }
}

/// Some rows of a picture that is computed from the top to the bottom: those that are asked for,
/// and no more than a band beyond them. Nothing is computed twice.
template <class T, class B>
class RollingRows {
public:
    Shape<4> shape;  ///< of the whole picture

    explicit RollingRows(const RowProducer<T>& producer)
        : shape(producer.shape()),
          rows_(band_rows_of<T>(shape)),
          pass_(begin_pass(producer, true)) {}

    /// Makes the rows ready to be pulled and forgets those above; from call to call they may only
    /// move down.
    void move_to(const RowRange& rows) {
        while (!bands_.empty() && first_ + bands_.front().dim(2) <= rows.begin) {
            first_ += bands_.front().dim(2);
            spare_ = std::move(bands_.front());
            bands_.erase(bands_.begin());
        }
        while (next_ < rows.end) append();
    }

    void pull(const RowWindow& window, T* to, Index stride) const {
        for (Index y = window.y0; y < window.y1; ++y, to += stride) {
            const auto& band = bands_[static_cast<std::size_t>((y - first_) / rows_)];
            const Index row =
                ((window.n * shape[1] + window.c) * band.dim(2) + (y - first_) % rows_) * shape[3];
            std::copy_n(band.data() + row + window.x0, window.x1 - window.x0, to);
        }
    }

private:
    void append() {
        constexpr Index bands_at_a_time = 3;
        const Index count = std::min(rows_, shape[2] - next_);
        const bool fits = !spare_.empty() && spare_.dim(2) == count;
        bands_.push_back(fits ? std::exchange(spare_, {})
                              : band_tensor<T, B>(shape, count, bands_at_a_time));
        if (bands_.size() == 1) first_ = next_;
        pass_->next(bands_.back().view(), nullptr);
        next_ += count;
    }

    Index rows_;
    Shared<typename RowProducer<T>::Pass> pass_;
    std::vector<Tensor<T, 4, B>> bands_;
    Tensor<T, 4, B> spare_;
    Index first_ = 0;  // row of the first band
    Index next_ = 0;   // row to be computed
};

}  // namespace oldphoto
