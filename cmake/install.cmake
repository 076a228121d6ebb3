include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(config_dir "${CMAKE_INSTALL_DATADIR}/cmake/oldphoto")

# Each target has its own export file, so that a component is loaded only where it is asked for.
foreach(target oldphoto oldphoto_cuda oldphoto_zip oldphoto_npz oldphoto_pytorch)
    if(TARGET ${target})
        install(TARGETS ${target} EXPORT ${target}-targets FILE_SET HEADERS FILE_SET parts)
        install(EXPORT ${target}-targets NAMESPACE oldphoto:: DESTINATION "${config_dir}")
    endif()
endforeach()

configure_package_config_file(
    "${CMAKE_CURRENT_LIST_DIR}/oldphotoConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/oldphotoConfig.cmake"
    INSTALL_DESTINATION "${config_dir}"
    NO_SET_AND_CHECK_MACRO
)
write_basic_package_version_file(
    "${PROJECT_BINARY_DIR}/oldphotoConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion
    ARCH_INDEPENDENT
)
install(
    FILES
        "${PROJECT_BINARY_DIR}/oldphotoConfig.cmake"
        "${PROJECT_BINARY_DIR}/oldphotoConfigVersion.cmake"
        "${CMAKE_CURRENT_LIST_DIR}/Findstb.cmake"
    DESTINATION "${config_dir}"
)
