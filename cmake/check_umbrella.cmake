# cmake -P check_umbrella.cmake: restore.hpp reaches every header but the opt-in ones, and no standard
# header for the first time between OLDPHOTO_COLD_BEGIN and OLDPHOTO_COLD_END.

cmake_minimum_required(VERSION 3.25)

include("${CMAKE_CURRENT_LIST_DIR}/headers.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/include_lines.cmake")

# reach(RESULT HEADER...): what these include, and what that includes; of other libraries the headers
# that ours name.
function(reach result)
    set(reached "")
    set(pending ${ARGN})
    while(pending)
        list(POP_FRONT pending header)
        list(APPEND reached "${header}")
        if(header MATCHES "^oldphoto/")
            include_lines(includes "${oldphoto_include_dir}/${header}")
            list(APPEND pending ${includes})
            list(REMOVE_DUPLICATES pending)
            list(REMOVE_ITEM pending ${reached})
        endif()
    endwhile()
    set(${result} "${reached}" PARENT_SCOPE)
endfunction()

reach(reached oldphoto/restore.hpp)

list(REMOVE_ITEM oldphoto_headers ${oldphoto_opt_in_headers})
foreach(header IN LISTS oldphoto_headers)
    if(NOT header IN_LIST reached)
        message(SEND_ERROR "restore.hpp does not reach ${header}")
    endif()
endforeach()
foreach(header IN LISTS oldphoto_opt_in_headers)
    if(header IN_LIST reached)
        message(SEND_ERROR "restore.hpp reaches ${header}, which is opt-in")
    endif()
endforeach()

include_lines(umbrella "${oldphoto_include_dir}/oldphoto/restore.hpp" OLDPHOTO_COLD_BEGIN)
reach(before_cold ${umbrella})
foreach(header IN LISTS reached)
    if(header MATCHES "^[a-z_]+$" AND NOT header IN_LIST before_cold)
        message(SEND_ERROR "restore.hpp reaches <${header}> first where code is compiled as cold")
    endif()
endforeach()
