# cmake -DPROGRAM=file -DSOURCE=NN_name.cpp -DREPOSITORY=dir -DFOLDER=dir -P check_output.cmake
#
# Runs an example in an empty folder and compares what it prints with its header comment:
#
#     // What the example shows.
#     //
#     // Run: {repository}/examples/models/starter.safetensors out.png
#     //
#     // Prints:
#     //     y = [1, 2, 3]
#     //     sum = 6
#     #include ...
#
# `Run:` may be left out; it gives the arguments, {repository} being the root of the repository.
# From `Prints:` to the end of the comment each line, indented by four, is one line of output.
# `Prints (shape of):` is for output that depends on the machine: there must be some, no more.

cmake_minimum_required(VERSION 3.25)

file(READ "${SOURCE}" text)
string(PREPEND text "\n")
set(arguments "")
if(text MATCHES "\n// Run: ([^\n]+)")
    separate_arguments(arguments UNIX_COMMAND "${CMAKE_MATCH_1}")
    string(REPLACE "{repository}" "${REPOSITORY}" arguments "${arguments}")
endif()
if(NOT text MATCHES "\n// Prints( \\(shape of\\))?:\n((//[^\n]*\n)+)")
    message(FATAL_ERROR "${SOURCE} does not say what it prints")
endif()
set(shape_only "${CMAKE_MATCH_1}")
string(REGEX REPLACE "//(     )?([^\n]*\n)" "\\2" expected "${CMAKE_MATCH_2}")

file(REMOVE_RECURSE "${FOLDER}")
file(MAKE_DIRECTORY "${FOLDER}")
execute_process(
    COMMAND "${PROGRAM}" ${arguments}
    WORKING_DIRECTORY "${FOLDER}"
    OUTPUT_VARIABLE printed
    COMMAND_ERROR_IS_FATAL ANY
)
if(printed STREQUAL "" OR (NOT shape_only AND NOT printed STREQUAL expected))
    message(FATAL_ERROR "expected:\n${expected}\nprinted:\n${printed}")
endif()
