#pragma once

#include <oldphoto/backend/moments.hpp>
#include <oldphoto/backend/row_source.hpp>
#include <oldphoto/core/monitor.hpp>
#include <oldphoto/core/shared.hpp>

namespace oldphoto {

/// Computes a tensor (N, C, H, W) from the top to the bottom, as often as it is asked to, so that
/// the tensor need not be kept.
template <class T>
class RowProducer {
public:
    /// One way down.
    class Pass {
    public:
        Pass() = default;
        Pass(const Pass&) = delete;
        Pass& operator=(const Pass&) = delete;
        virtual ~Pass() = default;

        /// Computes the rows below those of the call before.
        /// @param y        (N, C, rows, W), dense; all but the last call ask for a multiple of
        ///                 band_step rows.
        /// @param moments  N * C places into which the moments of the rows are merged, or null.
        virtual void next(const View<T, 4>& y, Moments* moments) = 0;
    };

    RowProducer() = default;
    RowProducer(const RowProducer&) = delete;
    RowProducer& operator=(const RowProducer&) = delete;
    virtual ~RowProducer() = default;

    [[nodiscard]] virtual Shape<4> shape() const = 0;
    /// Begins at the top. The producer must outlive it.
    [[nodiscard]] virtual Shared<Pass> pass() const = 0;
    /// Whether all rows may be asked for at once: what they are computed from is there as a whole.
    [[nodiscard]] virtual bool at_once() const = 0;
    /// What a kernel would hold for itself that computes so many rows at a time, were the picture
    /// so wide.
    [[nodiscard]] virtual KernelMemory memory(Index, Index) const { return {}; }
};

}  // namespace oldphoto
