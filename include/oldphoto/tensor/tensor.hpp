#pragma once

#include <oldphoto/backend/cpu/cpu.hpp>
#include <oldphoto/core/shared.hpp>
#include <oldphoto/tensor/expr.hpp>

#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

namespace oldphoto {

/// R extents over strided storage that copies of the handle and views share, like a pointer with a
/// shape. T is float or double, R 0 to 5, B the backend that owns the memory.
///
///     auto x = Tensor<float, 2>::from_values({2, 2}, {1, 2, 3, 4});
///     Tensor<float, 2> y = tanh(2 * x + 1);   // new storage, one fused loop
///     y.assign(y * x);                        // the same storage
template <class T, std::size_t R, class B = Cpu>
class Tensor {
public:
    using value_type = T;
    using backend_type = B;
    static constexpr std::size_t rank = R;
    static constexpr bool tracked = false;
    static_assert(std::is_floating_point_v<T>, "tensor: elements are float or double");
    static_assert(R <= max_rank, "tensor: ranks 0 to 5");

    /// No elements and no storage; `empty()` is true.
    Tensor() noexcept = default;
    // Not inlined: every layer copies and drops tensors, and each place would be compiled at
    // length.
    [[gnu::noinline]] Tensor(const Tensor&) noexcept = default;
    [[gnu::noinline]] Tensor(Tensor&&) noexcept = default;
    [[gnu::noinline]] Tensor& operator=(const Tensor&) noexcept = default;
    [[gnu::noinline]] Tensor& operator=(Tensor&&) noexcept = default;
    [[gnu::noinline]] ~Tensor() = default;

    /// Evaluates an expression of the same element type, rank and backend into new storage.
    template <TensorExpr E>
        requires(!E::tracked && !std::is_same_v<E, Tensor>)
    Tensor(const E& e) : Tensor(uninitialized(e.shape())) {  // implicit: an expression is a tensor
        static_assert(E::rank == R, "tensor: an expression of another rank; see unsqueeze()");
        static_assert(std::is_same_v<typename E::value_type, T>,
                      "tensor: an expression of another element type; see cast<T>()");
        static_assert(std::is_same_v<typename E::backend_type, B>,
                      "tensor: an expression on another backend");
        B::assign(view(), e.plan(shape_));
    }

    /// Would drop the record: assign the expression to a Variable, or take the variables' value().
    template <TrackedExpr E>
    Tensor(const E& e) = delete;

    [[nodiscard]] static Tensor uninitialized(const Shape<R>& shape) {
        for (std::size_t k = 0; k < R; ++k) {
            if (shape[k] < 0) {
                throw_shape_error("tensor", "extents must not be negative",
                                  {{"shape", dims_of(shape)}});
            }
        }
        return Tensor(B::template allocate<T>(shape.size()), shape, dense_strides(shape));
    }
    [[nodiscard]] static Tensor full(const Shape<R>& shape, T number) {
        auto x = uninitialized(shape);
        x.fill(number);
        return x;
    }
    [[nodiscard]] static Tensor zeros(const Shape<R>& shape) { return full(shape, T(0)); }
    [[nodiscard]] static Tensor ones(const Shape<R>& shape) { return full(shape, T(1)); }

    /// @param values  row-major; as many as the shape has elements.
    [[nodiscard]] static Tensor from_values(const Shape<R>& shape, const std::vector<T>& values) {
        if (static_cast<Index>(values.size()) != shape.size()) {
            throw_shape_error(
                "from_values", "as many values as elements",
                {{"shape", dims_of(shape)}, {"values", {static_cast<Index>(values.size())}}});
        }
        auto x = uninitialized(shape);
        B::upload(values.data(), x.data(), x.size());
        return x;
    }

    [[nodiscard]] const Shape<R>& shape() const noexcept { return shape_; }
    [[nodiscard]] const Shape<R>& strides() const noexcept { return strides_; }
    [[nodiscard]] Index dim(std::size_t axis) const noexcept { return shape_[axis]; }
    [[nodiscard]] Index size() const noexcept { return data_ ? shape_.size() : 0; }
    [[nodiscard]] bool empty() const noexcept { return !data_; }
    [[nodiscard]] T* data() const noexcept { return data_.get(); }
    [[nodiscard]] View<T, R> view() const noexcept { return {data(), shape_, strides_}; }
    [[nodiscard]] bool contiguous() const noexcept { return strides_ == dense_strides(shape_); }

    /// How this tensor reads as one of `target`; see TensorExpr.
    [[nodiscard]] auto plan(const Shape<R>& target) const {
        return LeafPlan<T, R>{
            data(), target, canonical_strides(target, broadcast_strides(shape_, strides_, target))};
    }

    /// Writes an expression, stretched if need be, into this tensor's own storage.
    template <TensorExpr E>
    const Tensor& assign(const E& e) const {
        const auto shape = broadcast_shapes(shape_, e.shape(), "assign");
        if (!(shape == shape_)) {
            throw_shape_error("assign", "the expression must fit into the tensor",
                              {{"tensor", dims_of(shape_)}, {"expression", dims_of(e.shape())}});
        }
        B::assign(view(), e.plan(shape_));
        return *this;
    }
    void fill(T number) const { B::assign(view(), ConstantPlan<T>{number}); }

    template <class E>
    const Tensor& operator+=(const E& e) const {
        return assign(*this + e);
    }
    template <class E>
    const Tensor& operator-=(const E& e) const {
        return assign(*this - e);
    }
    template <class E>
    const Tensor& operator*=(const E& e) const {
        return assign(*this * e);
    }

    /// One element, on a backend whose memory the host can read.
    template <class... I>
        requires(sizeof...(I) == R)
    [[nodiscard]] T& operator()(I... index) const {
        const Shape<R> at{static_cast<Index>(index)...};
        Index offset = 0;
        for (std::size_t k = 0; k < R; ++k) {
#if OLDPHOTO_BOUNDS_CHECK
            if (at[k] < 0 || at[k] >= shape_[k]) {
                throw_shape_error("tensor", "index out of range",
                                  {{"index", dims_of(at)}, {"shape", dims_of(shape_)}});
            }
#endif
            offset += at[k] * strides_[k];
        }
        return data()[offset];
    }
    /// The element with row-major number i.
    [[nodiscard]] T& operator[](Index i) const {
        return data()[offset_of(i, shape_, strides_)];
    }
    /// The only element.
    [[nodiscard]] T item() const {
        if (size() != 1) {
            throw_shape_error("item", "expected exactly one element", {{"shape", dims_of(shape_)}});
        }
        T number;
        B::download(data(), &number, 1);
        return number;
    }
    /// Row-major copy in host memory.
    [[nodiscard]] std::vector<T> to_values() const {
        const auto dense = as_contiguous();
        std::vector<T> values(static_cast<std::size_t>(size()));
        B::download(dense.data(), values.data(), dense.size());
        return values;
    }

    [[nodiscard]] Tensor clone() const {
        auto copy = uninitialized(shape_);
        B::assign(copy.view(), plan(shape_));
        return copy;
    }
    /// This tensor if its elements lie densely in row-major order, else such a copy.
    [[nodiscard]] Tensor as_contiguous() const {
        return contiguous() ? *this : clone();
    }

    template <class U>
    [[nodiscard]] Tensor<U, R, B> cast() const {
        if constexpr (std::is_same_v<U, T>) {
            return *this;
        } else {
            const auto values = to_values();
            return Tensor<U, R, B>::from_values(shape_,
                                                std::vector<U>(values.begin(), values.end()));
        }
    }

    // Views: the same storage, another walk.

    /// Elements begin, begin + step, ... below end of one axis.
    [[nodiscard]] Tensor slice(std::size_t axis, Index begin, Index end, Index step = 1) const {
        if (axis >= R || begin < 0 || end < begin || end > shape_[axis] || step < 1) {
            throw_shape_error(
                "slice", "0 <= begin <= end <= extent, step >= 1",
                {{"shape", dims_of(shape_)},
                 {"(axis, begin, end, step)", {static_cast<Index>(axis), begin, end, step}}});
        }
        auto shape = shape_;
        auto strides = strides_;
        shape[axis] = (end - begin + step - 1) / step;
        strides[axis] *= step;
        return Tensor(shift(begin * strides_[axis]), shape, strides);
    }
    /// Axis k of the result is axis order[k] of this tensor.
    [[nodiscard]] Tensor permute(const Shape<R>& order) const {
        Shape<R> shape{};
        Shape<R> strides{};
        bool seen[R > 0 ? R : 1] = {};
        for (std::size_t k = 0; k < R; ++k) {
            const Index from = order[k];
            if (from < 0 || from >= static_cast<Index>(R) || seen[from]) {
                throw_shape_error("permute", "every axis exactly once",
                                  {{"order", dims_of(order)}, {"shape", dims_of(shape_)}});
            }
            seen[from] = true;
            shape[k] = shape_[static_cast<std::size_t>(from)];
            strides[k] = strides_[static_cast<std::size_t>(from)];
        }
        return Tensor(data_, shape, strides);
    }
    [[nodiscard]] Tensor transpose(std::size_t a, std::size_t b) const {
        Shape<R> order{};
        for (std::size_t k = 0; k < R; ++k) order[k] = static_cast<Index>(k);
        if (a < R && b < R) {
            std::swap(order[a], order[b]);
        } else {
            throw_shape_error("transpose", "axes lie below the rank",
                              {{"axes", {static_cast<Index>(a), static_cast<Index>(b)}},
                               {"shape", dims_of(shape_)}});
        }
        return permute(order);
    }
    /// The same elements in row-major order under another shape; copies if they do not lie densely.
    template <std::size_t S>
    [[nodiscard]] Tensor<T, S, B> reshape(const Shape<S>& shape) const {
        if (shape.size() != shape_.size()) {
            throw_shape_error("reshape", "the number of elements must stay the same",
                              {{"from", dims_of(shape_)}, {"to", dims_of(shape)}});
        }
        return Tensor<T, S, B>(as_contiguous().data_, shape, dense_strides(shape));
    }
    /// A new axis of extent 1 before `axis` (0 to R).
    [[nodiscard]] Tensor<T, R + 1, B> unsqueeze(std::size_t axis) const requires(R < max_rank) {
        if (axis > R) {
            throw_shape_error("unsqueeze", "axis must not exceed the rank",
                              {{"axis", {static_cast<Index>(axis)}}, {"shape", dims_of(shape_)}});
        }
        Shape<R + 1> shape{};
        Shape<R + 1> strides{};
        for (std::size_t k = 0; k <= R; ++k) {
            if (k == axis) {
                shape[k] = 1;
            } else {
                shape[k] = shape_[k < axis ? k : k - 1];
                strides[k] = strides_[k < axis ? k : k - 1];
            }
        }
        return Tensor<T, R + 1, B>(data_, shape, strides);
    }
    /// Without `axis`, whose extent must be 1.
    [[nodiscard]] Tensor<T, R - 1, B> squeeze(std::size_t axis) const requires(R > 0) {
        if (axis >= R || shape_[axis] != 1) {
            throw_shape_error("squeeze", "the axis must have extent 1",
                              {{"axis", {static_cast<Index>(axis)}}, {"shape", dims_of(shape_)}});
        }
        Shape<R - 1> shape{};
        Shape<R - 1> strides{};
        for (std::size_t k = 0; k + 1 < R; ++k) {
            shape[k] = shape_[k < axis ? k : k + 1];
            strides[k] = strides_[k < axis ? k : k + 1];
        }
        return Tensor<T, R - 1, B>(data_, shape, strides);
    }
    /// Axes of extent 1 stretched to `shape`, with stride 0.
    [[nodiscard]] Tensor broadcast_to(const Shape<R>& shape) const {
        if (!(broadcast_shapes(shape_, shape, "broadcast_to") == shape)) {
            throw_shape_error("broadcast_to", "only axes of extent 1 stretch",
                              {{"from", dims_of(shape_)}, {"to", dims_of(shape)}});
        }
        return Tensor(data_, shape, broadcast_strides(shape_, strides_, shape));
    }

private:
    template <class U, std::size_t S, class C>
    friend class Tensor;

    Tensor(Shared<T> data, const Shape<R>& shape, const Shape<R>& strides) noexcept
        : data_(std::move(data)), shape_(shape), strides_(strides) {}

    [[nodiscard]] Shared<T> shift(Index offset) const {
        return Shared<T>(data_, data_.get() + offset);
    }

    Shared<T> data_;
    Shape<R> shape_{};
    Shape<R> strides_{};
};

/// An expression's value: the tensor itself, or the expression evaluated.
template <TensorExpr E>
[[nodiscard]] auto evaluate(const E& e) {
    return Tensor<typename E::value_type, E::rank, typename E::backend_type>(e);
}

}  // namespace oldphoto
