# Everything oldphoto is built from: what is installed comes first, a pinned source second.

include(FetchContent)
set(CMAKE_UNITY_BUILD OFF)  # what is fetched is built file by file, as its authors do
list(PREPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")  # Findstb.cmake

# oldphoto_dependency(NAME TARGET target REPOSITORY url TAG tag [INCLUDE dir] [FIND argument...])
#
# Provides `target`: from the enclosing project, or else from find_package(NAME argument...), or
# else from the sources of `tag`. With INCLUDE the sources are used as they are, `dir` (relative to
# their root) being the include directory: such a target is an imported one, like those of
# find_package, so that the installed oldphotoConfig.cmake need not know where it came from.
macro(oldphoto_dependency name)
    cmake_parse_arguments(dependency "" "TARGET;REPOSITORY;TAG;INCLUDE" "FIND" ${ARGN})
    if(NOT TARGET ${dependency_TARGET})
        find_package(${name} ${dependency_FIND} QUIET GLOBAL)
    endif()
    if(NOT TARGET ${dependency_TARGET})
        message(STATUS "${name} is not installed; fetching ${dependency_TAG}")
        string(TOLOWER "${name}" dependency_folder)
        set(dependency_subdir "")
        if(dependency_INCLUDE)
            set(dependency_subdir SOURCE_SUBDIR no-cmake-project)
        endif()
        FetchContent_Declare(
            ${name}
            GIT_REPOSITORY ${dependency_REPOSITORY}
            GIT_TAG ${dependency_TAG}
            SOURCE_DIR "${FETCHCONTENT_BASE_DIR}/sources/${dependency_folder}"
            ${dependency_subdir}
        )
        FetchContent_MakeAvailable(${name})
        if(dependency_INCLUDE)
            add_library(${dependency_TARGET} INTERFACE IMPORTED GLOBAL)
            target_include_directories(
                ${dependency_TARGET}
                INTERFACE "${${dependency_folder}_SOURCE_DIR}/${dependency_INCLUDE}"
            )
        endif()
    endif()
endmacro()

find_package(Threads REQUIRED GLOBAL)
oldphoto_dependency(
    stb
    TARGET stb::stb
    FIND MODULE
    REPOSITORY https://github.com/nothings/stb.git
    TAG 8b5f1f37b5b75829fc72d38e7b5d4bcbf8a26d55
    INCLUDE ..  # the headers are included as <stb/stb_image.h>
)

# libzip serves oldphoto::npz and oldphoto::pytorch alone and has no fallback: without it those
# targets do not exist.
find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
    pkg_check_modules(libzip QUIET IMPORTED_TARGET GLOBAL libzip)
endif()
if((OLDPHOTO_BUILD_TESTS OR OLDPHOTO_BUILD_EXAMPLES) AND NOT TARGET PkgConfig::libzip)
    message(FATAL_ERROR "The tests and the examples read zip files: install libzip and pkg-config")
endif()

if(OLDPHOTO_BUILD_EXAMPLES)
    oldphoto_dependency(
        CLI11
        TARGET CLI11::CLI11
        FIND 2.1
        REPOSITORY https://github.com/CLIUtils/CLI11.git
        TAG v2.1.2
        INCLUDE include
    )
endif()
if(OLDPHOTO_BUILD_TESTS)
    oldphoto_dependency(
        Catch2
        TARGET Catch2::Catch2
        FIND 2.13
        REPOSITORY https://github.com/catchorg/Catch2.git
        TAG v2.13.10
        INCLUDE single_include
    )
    oldphoto_dependency(
        nlohmann_json
        TARGET nlohmann_json::nlohmann_json
        FIND 3.11
        REPOSITORY https://github.com/nlohmann/json.git
        TAG v3.11.2
        INCLUDE include
    )
endif()
if(OLDPHOTO_BUILD_BENCHMARKS)
    set(BENCHMARK_ENABLE_TESTING OFF)
    oldphoto_dependency(
        benchmark
        TARGET benchmark::benchmark_main
        FIND 1.7
        REPOSITORY https://github.com/google/benchmark.git
        TAG v1.7.1
    )
    # A peer that our loops and products are timed against.
    oldphoto_dependency(
        Eigen3
        TARGET Eigen3::Eigen
        FIND 3.4 NO_MODULE
        REPOSITORY https://gitlab.com/libeigen/eigen.git
        TAG 3.4.0
        INCLUDE .
    )
endif()
unset(CMAKE_UNITY_BUILD)
