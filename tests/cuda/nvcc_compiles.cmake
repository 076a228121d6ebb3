# cmake -DFLAGS=file -DNVCC_FLAGS=flag;... -DSOURCE=file.cpp -DOBJECT=file.o -P nvcc_compiles.cmake

cmake_minimum_required(VERSION 3.25)

find_program(NVCC nvcc)
if(NOT NVCC)
    message(STATUS "nvcc not found: CUDA compilation skipped")
    return()
endif()

execute_process(
    COMMAND
        "${NVCC}" --options-file "${FLAGS}" ${NVCC_FLAGS} --Werror all-warnings -x cu -arch=sm_75
        -c "${SOURCE}" -o "${OBJECT}"
    RESULT_VARIABLE status
    OUTPUT_VARIABLE messages
    ERROR_VARIABLE messages
)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "nvcc does not compile ${SOURCE}:\n${messages}")
endif()
message(STATUS "compiled with ${NVCC}")
