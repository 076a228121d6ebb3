#pragma once

namespace oldphoto {

/// Numbers of bytes.
[[nodiscard]] constexpr double kibibytes(double count) noexcept {
    return count * 1024;
}
[[nodiscard]] constexpr double mebibytes(double count) noexcept {
    return kibibytes(count) * 1024;
}
[[nodiscard]] constexpr double gibibytes(double count) noexcept {
    return mebibytes(count) * 1024;
}

}  // namespace oldphoto
