# cmake -DFLAGS=file -DSOURCE=file.cpp -DOBJECT=file.o -P nvcc_compiles.cmake

cmake_minimum_required(VERSION 3.25)

find_program(NVCC nvcc)
if(NOT NVCC)
    message(STATUS "nvcc not found: CUDA compilation skipped")
    return()
endif()

# Eigen's own device code is not used, and does not compile with every nvcc.
execute_process(
    COMMAND
        "${NVCC}" --options-file "${FLAGS}" -DEIGEN_NO_CUDA -x cu -arch=sm_75 -c "${SOURCE}" -o
        "${OBJECT}"
    RESULT_VARIABLE status
    OUTPUT_VARIABLE messages
    ERROR_VARIABLE messages
)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "nvcc does not compile ${SOURCE}:\n${messages}")
endif()
message(STATUS "compiled with ${NVCC}")
