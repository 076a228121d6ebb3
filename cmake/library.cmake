# oldphoto_headers_target(TARGET header...): makes TARGET the one that carries these headers.
function(oldphoto_headers_target target)
    list(TRANSFORM ARGN PREPEND "${PROJECT_SOURCE_DIR}/include/" OUTPUT_VARIABLE files)
    add_library(${target} INTERFACE)
    target_sources(
        ${target}
        INTERFACE FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${files}
    )
endfunction()

oldphoto_headers_target(oldphoto ${oldphoto_headers})
list(TRANSFORM oldphoto_header_parts PREPEND "${PROJECT_SOURCE_DIR}/include/")
target_sources(
    oldphoto
    INTERFACE
        FILE_SET parts
        TYPE HEADERS
        BASE_DIRS "${PROJECT_SOURCE_DIR}/include"
        FILES ${oldphoto_header_parts}
)
add_library(oldphoto::oldphoto ALIAS oldphoto)
target_compile_features(oldphoto INTERFACE cxx_std_20)
# An installed oldphoto asks its user again, in oldphotoConfig.cmake.
target_compile_definitions(
    oldphoto
    INTERFACE $<BUILD_INTERFACE:OLDPHOTO_BOUNDS_CHECK=$<BOOL:${OLDPHOTO_BOUNDS_CHECK}>>
)
target_link_libraries(oldphoto INTERFACE stb::stb Threads::Threads)
set_target_properties(
    oldphoto
    PROPERTIES VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL} INTERFACE_HEADER_SETS_TO_VERIFY HEADERS
)

# oldphoto_component(NAME LINK...): oldphoto::NAME, which carries oldphoto_NAME_headers.
function(oldphoto_component name)
    oldphoto_headers_target(oldphoto_${name} ${oldphoto_${name}_headers})
    add_library(oldphoto::${name} ALIAS oldphoto_${name})
    target_link_libraries(oldphoto_${name} INTERFACE ${ARGN})
    set_target_properties(
        oldphoto_${name}
        PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL}
    )
endfunction()

if(TARGET PkgConfig::libzip)
    oldphoto_component(zip oldphoto PkgConfig::libzip)
    oldphoto_component(npz oldphoto_zip)
    oldphoto_component(pytorch oldphoto_zip)
endif()

# Which thrust to take (the one of nvcc, or one on the host system) is its user's choice.
oldphoto_headers_target(oldphoto_cuda ${oldphoto_cuda_headers})
add_library(oldphoto::cuda ALIAS oldphoto_cuda)
target_link_libraries(oldphoto_cuda INTERFACE oldphoto)
# Functors serve device threads and the host's packs (20011, 20014), loops over axes rank 0 too (186).
set(oldphoto_nvcc_flags --diag-suppress=186,20011,20014)
target_compile_options(
    oldphoto_cuda
    INTERFACE "$<$<COMPILE_LANGUAGE:CUDA>:${oldphoto_nvcc_flags}>"
)
set_target_properties(oldphoto_cuda PROPERTIES EXPORT_NAME cuda)
