# cmake -DINCLUDE_DIR=include -P check_layers.cmake
#
# Holds the #include lines of every header under INCLUDE_DIR/oldphoto against the floors, and
# every heavy include against the one place that may have it.

cmake_minimum_required(VERSION 3.25)

include("${CMAKE_CURRENT_LIST_DIR}/include_lines.cmake")

# floor(NAME FLOOR...): headers of NAME may include NAME, each FLOOR, and whatever those may.
function(floor name)
    set(seen ${name})
    foreach(lower IN LISTS ARGN)
        list(APPEND seen ${seen_from_${lower}})
    endforeach()
    set(seen_from_${name} "${seen}" PARENT_SCOPE)
endfunction()

floor(fwd.hpp)
floor(version.hpp)
floor(core fwd.hpp version.hpp)
floor(backend core)
floor(tensor backend)
floor(autograd tensor)
floor(ops autograd)
floor(testing ops)
floor(nn ops)
floor(models nn)
floor(losses nn)
floor(optim nn)
floor(io tensor)
floor(image tensor)
floor(metrics tensor)
floor(degrade io image metrics)
floor(data degrade)
floor(pipeline models image io)
floor(train losses optim data pipeline)
floor(restore.hpp testing train)

# The floor a header stands on: its folder, or itself where it stands beside the folders.
function(floor_of header result)
    string(REGEX REPLACE "^oldphoto/([^/]+).*" "\\1" floor "${header}")
    set(${result} "${floor}" PARENT_SCOPE)
endfunction()

# heavy(INCLUDE PLACE): what matches INCLUDE is included by headers that match PLACE alone.
set(heavy_includes "")
function(heavy include place)
    set(heavy_includes ${heavy_includes} "${include}" PARENT_SCOPE)
    set("place_of_${include}" "${place}" PARENT_SCOPE)
endfunction()

heavy("^stb/" "^oldphoto/image/stb[.]hpp$")
heavy("^zip[.]h$" "^oldphoto/io/zip[.]hpp$")
heavy("^(thrust|cub|cuda|cublas|cudnn)" "^oldphoto/backend/cuda/")
heavy("^(iostream|regex|format|nlohmann/.*|(unsupported/)?Eigen/.*)$" "^no header$")

set(faults "")

function(check_floor header included)
    floor_of("${header}" from)
    floor_of("${included}" to)
    if(NOT to IN_LIST seen_from_${from})
        set(faults "${faults}\n  ${header} includes ${included}: ${from} does not see ${to}" PARENT_SCOPE)
    endif()
endfunction()

function(check_heavy header included)
    foreach(include IN LISTS heavy_includes)
        if(included MATCHES "${include}" AND NOT header MATCHES "${place_of_${include}}")
            set(faults "${faults}\n  ${header} includes ${included}: not its place" PARENT_SCOPE)
        endif()
    endforeach()
endfunction()

cmake_path(ABSOLUTE_PATH INCLUDE_DIR)
file(
    GLOB_RECURSE headers
    RELATIVE "${INCLUDE_DIR}"
    "${INCLUDE_DIR}/oldphoto/*.hpp"
    "${INCLUDE_DIR}/oldphoto/*.cuh"
)
if(NOT headers)
    message(FATAL_ERROR "no headers in ${INCLUDE_DIR}/oldphoto")
endif()
foreach(header IN LISTS headers)
    floor_of("${header}" floor)
    if(NOT DEFINED seen_from_${floor})
        string(APPEND faults "\n  ${header} stands on no floor")
        continue()
    endif()
    include_lines(includes "${INCLUDE_DIR}/${header}")
    foreach(included IN LISTS includes)
        if(included MATCHES "^oldphoto/")
            check_floor("${header}" "${included}")
        else()
            check_heavy("${header}" "${included}")
        endif()
    endforeach()
endforeach()

if(faults)
    message(FATAL_ERROR "These headers break the picture of the floors:${faults}")
endif()
list(LENGTH headers count)
message(STATUS "${count} headers keep to their floors")
