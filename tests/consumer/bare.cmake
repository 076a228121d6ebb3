# cmake -DCOMPILER=g++ -DPREFIX=dir -DPROGRAM=file -P bare.cmake: no build system, one command.

cmake_minimum_required(VERSION 3.25)

execute_process(
    COMMAND
        "${COMPILER}" -std=c++20 -I "${PREFIX}/include" -pthread
        "${CMAKE_CURRENT_LIST_DIR}/main.cpp" -o "${PROGRAM}"
    COMMAND_ERROR_IS_FATAL ANY
)
execute_process(COMMAND "${PROGRAM}" COMMAND_ERROR_IS_FATAL ANY)
