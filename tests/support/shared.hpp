#pragma once

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

// Where the tests find their files. A subset of the fixtures lies in the repository; everything
// else is in a folder beside it that the environment variable OLDPHOTO_SHARED_DIR names.

#ifndef OLDPHOTO_TEST_DATA
#define OLDPHOTO_TEST_DATA "tests/data"
#endif

namespace oldphoto::test {

inline std::string shared_dir() {
    const char* named = std::getenv("OLDPHOTO_SHARED_DIR");
    return named != nullptr ? named : "../shared";
}

/// "data/odd_files" -> its path in the shared folder.
inline std::string shared_path(const std::string& name) {
    return shared_dir() + "/" + name;
}

inline bool have_shared(const std::string& name = "") {
    return std::filesystem::exists(shared_path(name));
}

/// "image/gray.npz" -> its copy in the repository or, where there is none, the shared one.
inline std::string fixture_path(const std::string& name) {
    const std::string copy = std::string(OLDPHOTO_TEST_DATA) + "/" + name;
    return std::filesystem::exists(copy) ? copy : shared_path("fixtures/" + name);
}

}  // namespace oldphoto::test

// Catch2 2.13 cannot skip a test: these warn and return from it.

/// Leaves the test, aloud, when NAME is not in the shared folder.
#define OLDPHOTO_NEEDS_SHARED(NAME)                                             \
    do {                                                                        \
        if (!::oldphoto::test::have_shared(NAME)) {                             \
            WARN("skipped: no shared " << (NAME) << " at "                      \
                                       << ::oldphoto::test::shared_path(NAME)); \
            return;                                                             \
        }                                                                       \
    } while (false)

/// Leaves the test, aloud, when the fixture NAME is neither in the repository nor shared.
#define OLDPHOTO_NEEDS_FIXTURE(NAME)                                              \
    do {                                                                          \
        if (!std::filesystem::exists(::oldphoto::test::fixture_path(NAME))) {     \
            WARN("skipped: no fixture " << (NAME) << " at "                       \
                                        << ::oldphoto::test::fixture_path(NAME)); \
            return;                                                               \
        }                                                                         \
    } while (false)
