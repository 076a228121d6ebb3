#include <oldphoto/io/array.hpp>

#include <catch2/catch.hpp>

#include "../support/files.hpp"
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

using oldphoto::Array;
using oldphoto::BFloat16;
using oldphoto::DType;
using oldphoto::Float16;
using oldphoto::Index;
using oldphoto::OptionError;
using oldphoto::ShapeError;
using oldphoto::test::message_of;

static_assert(oldphoto::dtype_of<Float16>() == DType::f16);
static_assert(oldphoto::dtype_of<std::uint8_t>() == DType::u8);
static_assert(oldphoto::dtype_of<bool>() == DType::boolean);

TEST_CASE("an element type has numpy's name and size", "[io][array]") {
    const std::vector<std::pair<std::string, std::size_t>> expected = {
        {"float16", 2}, {"bfloat16", 2}, {"float32", 4}, {"float64", 8}, {"int8", 1},
        {"uint8", 1},   {"int16", 2},    {"uint16", 2},  {"int32", 4},   {"uint32", 4},
        {"int64", 8},   {"uint64", 8},   {"bool", 1}};
    for (std::size_t code = 0; code < expected.size(); ++code) {
        const auto dtype = static_cast<DType>(code);
        CHECK(to_string(dtype) == expected[code].first);
        CHECK(item_size(dtype) == expected[code].second);
        CHECK(visit_dtype(dtype, []<class T>(std::type_identity<T>) { return sizeof(T); }) ==
              expected[code].second);
    }
}

TEST_CASE("an array of values knows its type, extents and bytes", "[io][array]") {
    const auto array = Array::from_values<std::int16_t>({2, 3}, {1, 2, 3, 4, 5, -6});
    CHECK(array.dtype() == DType::i16);
    CHECK(array.dims() == std::vector<Index>{2, 3});
    CHECK(array.size() == 6);
    CHECK(array.bytes().size() == 12);
    CHECK(array.bytes()[0] == std::byte{1});
    CHECK(array.bytes()[10] == std::byte{0xFA});  // -6 in two's complement, low byte first
    CHECK(array.bytes()[11] == std::byte{0xFF});
    CHECK(array.values<float>() == std::vector<float>{1, 2, 3, 4, 5, -6});
    CHECK(array.values<double>() == std::vector<double>{1, 2, 3, 4, 5, -6});
}

TEST_CASE("an array starts with zeros, and rank 0 holds one value", "[io][array]") {
    const Array scalar(DType::f64, {});
    CHECK(scalar.size() == 1);
    CHECK(scalar.values<float>() == std::vector<float>{0.0F});
    const Array empty(DType::i64, {3, 0});
    CHECK(empty.size() == 0);
    CHECK(empty.values<double>().empty());
    CHECK(Array::from_values(std::vector<Index>{0}, std::span<const float>()).size() == 0);
}

TEST_CASE("every element type reads as float", "[io][array]") {
    const auto first = [](const Array& array) { return array.values<float>()[0]; };
    CHECK(first(Array::from_values<Float16>({1}, {{0x3E00}})) == 1.5F);
    CHECK(first(Array::from_values<BFloat16>({1}, {{0xC040}})) == -3.0F);
    CHECK(first(Array::from_values<float>({1}, {0.1F})) == 0.1F);
    CHECK(first(Array::from_values<double>({1}, {0.1})) == 0.1F);
    CHECK(first(Array::from_values<std::int8_t>({1}, {-128})) == -128.0F);
    CHECK(first(Array::from_values<std::uint8_t>({1}, {255})) == 255.0F);
    CHECK(first(Array::from_values<std::int16_t>({1}, {-32768})) == -32768.0F);
    CHECK(first(Array::from_values<std::uint16_t>({1}, {65535})) == 65535.0F);
    CHECK(first(Array::from_values<std::int32_t>({1}, {-7})) == -7.0F);
    CHECK(first(Array::from_values<std::uint32_t>({1}, {4294967295U})) == 4294967296.0F);
    CHECK(first(Array::from_values<std::int64_t>({1}, {-9})) == -9.0F);
    CHECK(first(Array::from_values<std::uint64_t>({1}, {~std::uint64_t{0}})) == 0x1p64F);
    CHECK(first(Array::from_values<bool>({1}, {true})) == 1.0F);
}

TEST_CASE("any byte but 0 reads as true", "[io][array]") {
    Array array(DType::boolean, {3});
    array.bytes()[1] = std::byte{1};
    array.bytes()[2] = std::byte{7};
    CHECK(array.values<float>() == std::vector<float>{0, 1, 1});
    CHECK(array.values<int>() == std::vector<int>{0, 1, 1});
}

TEST_CASE("float16 is decoded exactly", "[io][array]") {
    // IEEE 754: (-1)^s 2^(e-15) (1 + f/1024), and 2^-24 f where e = 0.
    const auto decode = [](std::uint16_t bits) { return static_cast<float>(Float16{bits}); };
    CHECK(decode(0x3C00) == 1.0F);
    CHECK(decode(0xC000) == -2.0F);
    CHECK(decode(0x7BFF) == 65504.0F);  // the largest
    CHECK(decode(0x0400) == 0x1p-14F);  // the smallest that is normal
    CHECK(decode(0x0001) == 0x1p-24F);
    CHECK(decode(0x83FF) == -0x3FFp-24F);
    CHECK(decode(0x3555) == 0x1.554p-2F);  // the one nearest to 1/3
    CHECK(decode(0x7C00) == std::numeric_limits<float>::infinity());
    CHECK(decode(0xFC00) == -std::numeric_limits<float>::infinity());
    CHECK(std::isnan(decode(0x7E01)));
    CHECK(decode(0x8000) == 0.0F);
    CHECK(std::signbit(decode(0x8000)));
    CHECK(static_cast<double>(Float16{0x3555}) == 0x1.554p-2);
}

TEST_CASE("bfloat16 is decoded exactly", "[io][array]") {
    const auto decode = [](std::uint16_t bits) { return static_cast<float>(BFloat16{bits}); };
    CHECK(decode(0x3F80) == 1.0F);
    CHECK(decode(0x4049) == 3.140625F);
    CHECK(decode(0x7F7F) == 0x1.FEp127F);  // the largest
    CHECK(decode(0x0001) == 0x1p-133F);
    CHECK(decode(0xFF80) == -std::numeric_limits<float>::infinity());
    CHECK(std::isnan(decode(0x7FC0)));
}

TEST_CASE("integers are read exactly or not at all", "[io][array][errors]") {
    const auto wide = Array::from_values<std::int64_t>({2}, {-1, std::int64_t{1} << 40});
    CHECK(wide.values<std::int64_t>() == std::vector<std::int64_t>{-1, std::int64_t{1} << 40});
    CHECK(message_of<OptionError>([&] { (void)wide.values<std::int32_t>(); }) ==
          "values: an element of this int64 array is not an integer of the type asked for");
    CHECK(message_of<OptionError>([&] { (void)wide.values<std::uint64_t>(); }) ==
          "values: an element of this int64 array is not an integer of the type asked for");
    const auto real = Array::from_values<float>({1}, {1.0F});
    CHECK(message_of<OptionError>([&] { (void)real.values<int>(); }) ==
          "values: an element of this float32 array is not an integer of the type asked for");
}

TEST_CASE("byte_count refuses negative extents and counts beyond Index", "[io][array]") {
    constexpr Index big = Index{1} << 40;
    const auto count = [](DType dtype, const std::vector<Index>& dims) {
        return oldphoto::byte_count(dtype, dims);
    };
    CHECK(count(DType::f32, {2, 3}) == 24U);
    CHECK(count(DType::f32, {}) == 4U);
    CHECK(count(DType::f32, {big, 0}) == 0U);
    CHECK(count(DType::u8, {std::numeric_limits<Index>::max()}) ==
          static_cast<std::size_t>(std::numeric_limits<Index>::max()));
    CHECK_FALSE(count(DType::i16, {std::numeric_limits<Index>::max()}));
    CHECK_FALSE(count(DType::f32, {big, big}));
    CHECK_FALSE(count(DType::f32, {2, -3}));
    CHECK_FALSE(count(DType::f32, {-2, -3}));
}

TEST_CASE("an array refuses extents and values that do not fit", "[io][array][errors]") {
    CHECK(message_of<ShapeError>([] {
              Array(DType::f32, {2, -3});
          }) == "Array: extents must not be negative and must fit into memory\n  dims = (2, -3)");
    CHECK(message_of<ShapeError>([] {
              (void)Array::from_values<float>({2, 2}, {1, 2, 3});
          }) ==
          "from_values: dims must have as many places as there are values, 3\n  dims = (2, 2)");
}
