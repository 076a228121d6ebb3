# cmake -DCOMPILER=g++ -DFLAGS=file -DSOURCE=file.cpp -P check.cmake

cmake_minimum_required(VERSION 3.25)

set(ENV{LC_ALL} C)  # messages in English, plain quotes

file(READ "${SOURCE}" text)
if(NOT text MATCHES "// expect: ([^\n]+)")
    message(FATAL_ERROR "${SOURCE} has no line `// expect: TEXT`")
endif()
set(expected "${CMAKE_MATCH_1}")

set(compile "${COMPILER}" "@${FLAGS}" -fsyntax-only)
execute_process(
    COMMAND ${compile} "${SOURCE}"
    RESULT_VARIABLE status
    ERROR_VARIABLE messages
)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "must compile without OLDPHOTO_WRONG:\n${messages}")
endif()

execute_process(
    COMMAND ${compile} -DOLDPHOTO_WRONG "${SOURCE}"
    RESULT_VARIABLE status
    ERROR_VARIABLE messages
)
if(status EQUAL 0)
    message(FATAL_ERROR "must not compile with OLDPHOTO_WRONG")
endif()
string(FIND "${messages}" "${expected}" position)
if(position EQUAL -1)
    message(FATAL_ERROR "fails with OLDPHOTO_WRONG, but does not say `${expected}`:\n${messages}")
endif()
