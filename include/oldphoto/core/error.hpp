#pragma once

#include <oldphoto/core/config.hpp>
#include <oldphoto/core/text.hpp>

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace oldphoto {

/// Base of everything oldphoto throws; catch this to handle any library failure.
class Error : public std::runtime_error {
public:
    using runtime_error::runtime_error;
};

/// Operand shapes do not fit the operation. The message names the op, the rule and every shape.
class ShapeError : public Error {
public:
    using Error::Error;
};

/// An option or argument lies outside its range.
class OptionError : public Error {
public:
    using Error::Error;
};

/// A file cannot be read, is not what it claims to be, or cannot be written. The message starts
/// with the path.
class IoError : public Error {
public:
    using Error::Error;
};

/// A weights file does not fit the network: a missing or unexpected name, another shape or type.
class WeightsError : public IoError {
public:
    using IoError::IoError;
};

/// What is asked for takes more memory than it may. The message names the least that would do.
class MemoryError : public Error {
public:
    using Error::Error;
};

/// A computation was stopped by whoever asked for it.
class Cancelled : public Error {
public:
    using Error::Error;
};

/// "(2, 3, 64, 64)"
inline std::string format_dims(const std::vector<Index>& dims) {
    std::string text = "(";
    for (std::size_t i = 0; i < dims.size(); ++i) {
        if (i > 0) text += ", ";
        text += std::to_string(dims[i]);
    }
    text += ')';
    return text;
}

/// A few extents, held in place so that a check that does not fail costs a program no allocation
/// and the compiler little code.
class Dims {
public:
    Dims(std::initializer_list<Index> extents) noexcept : Dims(extents.begin(), extents.size()) {}
    Dims(const std::vector<Index>& extents) noexcept : Dims(extents.data(), extents.size()) {}
    Dims(const Index* extents, std::size_t count) noexcept : count_(count < limit ? count : limit) {
        for (std::size_t k = 0; k < count_; ++k) extents_[k] = extents[k];
    }

    [[nodiscard]] std::vector<Index> to_vector() const {
        return std::vector<Index>(extents_, extents_ + count_);
    }

private:
    static constexpr std::size_t limit = 8;
    Index extents_[limit];
    std::size_t count_;
};

/// One operand of a failed check: {"weight (O, C, kh, kw)", {64, 4, 7, 7}}.
struct NamedShape {
    std::string_view label;
    Dims dims;
};

/// Throws "op: rule" followed by one line per operand.
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_shape_error(
    std::string_view op, std::string_view rule, std::initializer_list<NamedShape> operands) {
    std::string text = detail::joined({op, ": ", rule});
    for (const auto& operand : operands) {
        text +=
            detail::joined({"\n  ", operand.label, " = ", format_dims(operand.dims.to_vector())});
    }
    throw ShapeError(text);
}

/// Throws "op: rule", for instance "conv2d: stride must be positive, got 0".
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_option_error(std::string_view op,
                                                                      std::string_view rule) {
    throw OptionError(detail::joined({op, ": ", rule}));
}

/// Throws "op: rule, got N" unless the rule holds.
template <class Number>
void require_option(bool holds, std::string_view op, std::string_view rule, Number got) {
    if (!holds) throw_option_error(op, detail::joined({rule, ", got ", std::to_string(got)}));
}

/// The options themselves, once their check() has not thrown: for lists of initialisers.
template <class Options>
[[nodiscard]] const Options& checked(const Options& options) {
    options.check();
    return options;
}

/// Throws "path: reason".
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_io_error(std::string_view path,
                                                                  std::string_view reason) {
    throw IoError(detail::joined({path, ": ", reason}));
}

namespace detail {

/// Text from a file as messages show it: control characters, which a terminal would obey, become
/// "\x1b".
inline std::string escape_control(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string shown;
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (code >= 0x20 && code != 0x7F) {
            shown += c;
        } else {
            shown += {'\\', 'x', digits[code >> 4U], digits[code & 15U]};
        }
    }
    return shown;
}

}  // namespace detail

}  // namespace oldphoto
