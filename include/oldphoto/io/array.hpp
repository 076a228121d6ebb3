#pragma once

#include <oldphoto/core/config.hpp>
#include <oldphoto/core/error.hpp>
#include <oldphoto/io/ordered_map.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// What files hold: arrays whose rank and element type are known at run time only.
namespace oldphoto {

static_assert(std::endian::native == std::endian::little,
              "oldphoto keeps file data in memory as it stands on disk: little-endian");

/// IEEE 754 binary16, stored only: convert to compute.
struct Float16 {
    std::uint16_t bits;

    template <std::floating_point T>
    explicit operator T() const noexcept {
        const std::uint32_t sign = (bits & 0x8000U) << 16U;
        const std::uint32_t exponent = bits >> 10U & 0x1FU;
        const std::uint32_t fraction = bits & 0x3FFU;
        if (exponent == 0) {  // zero or subnormal: fraction * 2^-24
            return static_cast<T>(sign != 0 ? -1 : 1) * static_cast<T>(fraction) *
                   static_cast<T>(0x1p-24);
        }
        const std::uint32_t wide = exponent == 0x1FU ? 0xFFU : exponent + (127U - 15U);
        return static_cast<T>(std::bit_cast<float>(sign | wide << 23U | fraction << 13U));
    }
};

/// The upper half of an IEEE 754 binary32, stored only: convert to compute.
struct BFloat16 {
    std::uint16_t bits;

    template <std::floating_point T>
    explicit operator T() const noexcept {
        return static_cast<T>(std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U));
    }
};

/// Element type of an Array.
enum class DType { f16, bf16, f32, f64, i8, u8, i16, u16, i32, u32, i64, u64, boolean };

/// Calls visitor(std::type_identity<T>{}) with the C++ type T of the elements.
template <class Visitor>
constexpr decltype(auto) visit_dtype(DType dtype, Visitor&& visitor) {
    switch (dtype) {
        case DType::f16:
            return visitor(std::type_identity<Float16>{});
        case DType::bf16:
            return visitor(std::type_identity<BFloat16>{});
        case DType::f32:
            return visitor(std::type_identity<float>{});
        case DType::f64:
            return visitor(std::type_identity<double>{});
        case DType::i8:
            return visitor(std::type_identity<std::int8_t>{});
        case DType::u8:
            return visitor(std::type_identity<std::uint8_t>{});
        case DType::i16:
            return visitor(std::type_identity<std::int16_t>{});
        case DType::u16:
            return visitor(std::type_identity<std::uint16_t>{});
        case DType::i32:
            return visitor(std::type_identity<std::int32_t>{});
        case DType::u32:
            return visitor(std::type_identity<std::uint32_t>{});
        case DType::i64:
            return visitor(std::type_identity<std::int64_t>{});
        case DType::u64:
            return visitor(std::type_identity<std::uint64_t>{});
        case DType::boolean:
            break;
    }
    return visitor(std::type_identity<bool>{});
}

/// The DType whose elements are T; does not compile for other types.
template <class T>
[[nodiscard]] consteval DType dtype_of() {
    for (int code = 0; code <= static_cast<int>(DType::boolean); ++code) {
        const auto dtype = static_cast<DType>(code);
        if (visit_dtype(dtype,
                        []<class U>(std::type_identity<U>) { return std::is_same_v<T, U>; })) {
            return dtype;
        }
    }
    throw "arrays have no elements of this type";
}

/// Whether the elements are floating-point numbers.
[[nodiscard]] constexpr bool is_floating(DType dtype) {
    return dtype <= DType::f64;
}

/// "float32", as numpy calls it.
[[nodiscard]] constexpr std::string_view to_string(DType dtype) {
    constexpr std::string_view names[] = {"float16", "bfloat16", "float32", "float64", "int8",
                                          "uint8",   "int16",    "uint16",  "int32",   "uint32",
                                          "int64",   "uint64",   "bool"};
    return names[static_cast<std::size_t>(dtype)];
}

/// Bytes of one element.
[[nodiscard]] constexpr std::size_t item_size(DType dtype) {
    constexpr std::size_t sizes[] = {2, 2, 4, 8, 1, 1, 2, 2, 4, 4, 8, 8, 1};
    return sizes[static_cast<std::size_t>(dtype)];
}

/// Bytes of a dense array; nothing when an extent is negative or the count exceeds Index.
[[nodiscard]] inline std::optional<std::size_t> byte_count(DType dtype,
                                                           std::span<const Index> dims) {
    constexpr auto limit = static_cast<std::size_t>(std::numeric_limits<Index>::max());
    std::size_t count = item_size(dtype);
    for (const Index dim : dims) {
        const auto extent = static_cast<std::size_t>(dim);
        if (dim < 0 || (extent > 0 && count > limit / extent)) return std::nullopt;
        count *= extent;
    }
    return count;
}

/// Dense values in row-major order with their type and extents; rank 0 holds one value.
class Array {
public:
    /// All zeros.
    /// @throws ShapeError when byte_count has no answer.
    Array(DType dtype, std::vector<Index> dims) : dtype_(dtype), dims_(std::move(dims)) {
        const auto count = byte_count(dtype_, dims_);
        if (!count) {
            throw_shape_error("Array", "extents must not be negative and must fit into memory",
                              {{"dims", dims_}});
        }
        bytes_.resize(*count);
    }

    /// A copy of `values`, the last extent varying fastest.
    /// @throws ShapeError when there are more or fewer values than `dims` has places.
    template <class T>
    [[nodiscard]] static Array from_values(std::vector<Index> dims, std::span<const T> values) {
        Array array(dtype_of<T>(), std::move(dims));
        if (values.size_bytes() != array.bytes_.size()) {
            throw_shape_error("from_values",
                              "dims must have as many places as there are values, " +
                                  std::to_string(values.size()),
                              {{"dims", array.dims_}});
        }
        // An empty span may point nowhere, which memcpy does not allow.
        if (!values.empty()) std::memcpy(array.bytes_.data(), values.data(), values.size_bytes());
        return array;
    }

    template <class T>
    [[nodiscard]] static Array from_values(std::vector<Index> dims,
                                           std::initializer_list<T> values) {
        return from_values(std::move(dims), std::span<const T>(values.begin(), values.size()));
    }

    [[nodiscard]] DType dtype() const noexcept { return dtype_; }
    [[nodiscard]] const std::vector<Index>& dims() const noexcept { return dims_; }

    /// Number of elements.
    [[nodiscard]] Index size() const {
        return static_cast<Index>(bytes_.size() / item_size(dtype_));
    }

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::span<std::byte> bytes() noexcept { return bytes_; }

    /// The elements, each rounded to the nearest T; every element type will do.
    template <std::floating_point T>
    [[nodiscard]] std::vector<T> values() const {
        return convert<T>([]<class Stored>(Stored value) { return static_cast<T>(value); });
    }

    /// The elements of an integer or bool array, exactly.
    /// @throws OptionError when the elements are not integers or one lies outside T's range.
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    [[nodiscard]] std::vector<T> values() const {
        return convert<T>([this]<class Stored>(Stored value) -> T {
            if constexpr (std::integral<Stored>) {
                if (std::in_range<T>(+value)) return static_cast<T>(value);
            }
            throw_option_error("values", "an element of this " + std::string(to_string(dtype_)) +
                                             " array is not an integer of the type asked for");
        });
    }

private:
    template <class T, class Convert>
    std::vector<T> convert(Convert to_target) const {
        std::vector<T> values(static_cast<std::size_t>(size()));
        visit_dtype(dtype_, [&]<class Stored>(std::type_identity<Stored>) {
            for (std::size_t i = 0; i < values.size(); ++i) {
                values[i] = to_target(load<Stored>(i));
            }
        });
        return values;
    }

    template <class Stored>
    Stored load(std::size_t i) const {
        if constexpr (std::same_as<Stored, bool>) {
            return bytes_[i] != std::byte{0};  // a file may hold other bytes than 0 and 1
        } else {
            Stored value;
            std::memcpy(&value, bytes_.data() + i * sizeof(Stored), sizeof(Stored));
            return value;
        }
    }

    DType dtype_;
    std::vector<Index> dims_;
    std::vector<std::byte> bytes_;
};

/// A state dict: arrays by name, in the order of their file.
using NamedArrays = OrderedMap<Array>;

/// Texts by name.
using Metadata = OrderedMap<std::string>;

namespace detail {

/// What a file format calls an element type.
struct DTypeCode {
    DType dtype;
    std::string_view code;
};

[[nodiscard]] constexpr std::optional<DType> find_dtype(std::span<const DTypeCode> codes,
                                                        std::string_view code) {
    for (const auto& entry : codes) {
        if (entry.code == code) return entry.dtype;
    }
    return std::nullopt;
}

/// Empty when the format has no such type.
[[nodiscard]] constexpr std::string_view find_code(std::span<const DTypeCode> codes, DType dtype) {
    for (const auto& entry : codes) {
        if (entry.dtype == dtype) return entry.code;
    }
    return {};
}

}  // namespace detail

}  // namespace oldphoto
