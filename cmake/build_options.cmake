# What our own programs, tests and benchmarks are built with; users of the library never see it.
set(CMAKE_CXX_EXTENSIONS OFF)
add_library(oldphoto_build_options INTERFACE)
# g++ 12 sees overlapping copies in the concatenation of two strings, where there are none.
set(gcc_12 "$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>")
target_compile_options(
    oldphoto_build_options
    INTERFACE
        -Wall
        -Wextra
        -Wpedantic
        -Wconversion
        -Wshadow
        $<${gcc_12}:-Wno-restrict>
        $<$<BOOL:${OLDPHOTO_WERROR}>:-Werror>
        $<$<BOOL:${OLDPHOTO_NATIVE}>:-march=native>
)
