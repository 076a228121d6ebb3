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
add_library(oldphoto::oldphoto ALIAS oldphoto)
target_compile_features(oldphoto INTERFACE cxx_std_20)
# An installed oldphoto asks its user again, in oldphotoConfig.cmake.
target_compile_definitions(
    oldphoto
    INTERFACE $<BUILD_INTERFACE:OLDPHOTO_BOUNDS_CHECK=$<BOOL:${OLDPHOTO_BOUNDS_CHECK}>>
)
target_link_libraries(oldphoto INTERFACE stb::stb Threads::Threads)
set_target_properties(oldphoto PROPERTIES VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})

if(TARGET PkgConfig::libzip)
    oldphoto_headers_target(oldphoto_npz ${oldphoto_npz_headers})
    add_library(oldphoto::npz ALIAS oldphoto_npz)
    target_link_libraries(oldphoto_npz INTERFACE oldphoto PkgConfig::libzip)
    set_target_properties(
        oldphoto_npz
        PROPERTIES EXPORT_NAME npz VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL}
    )
endif()

# Which thrust to take (the one of nvcc, or one on the host system) is its user's choice.
oldphoto_headers_target(oldphoto_cuda ${oldphoto_cuda_headers})
add_library(oldphoto::cuda ALIAS oldphoto_cuda)
target_link_libraries(oldphoto_cuda INTERFACE oldphoto)
# Functors serve device threads and the host's packs (20011, 20014), loops over axes rank 0 too (186).
target_compile_options(
    oldphoto_cuda
    INTERFACE "$<$<COMPILE_LANGUAGE:CUDA>:--diag-suppress=186,20011,20014>"
)
set_target_properties(oldphoto_cuda PROPERTIES EXPORT_NAME cuda)
