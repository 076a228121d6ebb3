#include <oldphoto/core/scoped_value.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>
#include <type_traits>

using oldphoto::detail::ScopedValue;

TEST_CASE("a variable has its old value again when a scope ends", "[core][scoped_value]") {
    int variable = 1;
    {
        const ScopedValue<int> outer(variable, 2);
        CHECK(variable == 2);
        {
            const ScopedValue<int> inner(variable, 3);
            CHECK(variable == 3);
        }
        CHECK(variable == 2);
    }
    CHECK(variable == 1);
}

TEST_CASE("a variable has its old value again when a scope is left by an exception",
          "[core][scoped_value]") {
    int variable = 1;
    try {
        const ScopedValue<int> scope(variable, 2);
        throw std::runtime_error("left");
    } catch (const std::runtime_error&) {
        CHECK(variable == 1);
    }
    CHECK(variable == 1);
    static_assert(!std::is_copy_constructible_v<ScopedValue<int>>);
    static_assert(!std::is_copy_assignable_v<ScopedValue<int>>);
}
